import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError, processIdentity, type Random, systemRandom } from '@millrace/core';

/** Raised when the layout of the data directory changes so that older servers cannot read it. */
const formatVersion = 1;

/** Where the embedded broker keeps its data inside a data directory. */
export function brokerPathIn(dataDirectory: string): string {
  return join(dataDirectory, 'broker');
}

/**
 * The data directory of one server: locked against a second server, with a format version.
 * Layout: `lock` (pid), `format`, `server-id`, `catalog.sqlite`, `views/` (snapshots), `broker/`.
 */
export class DataDirectory {
  readonly path: string;
  /** Stays the same for the life of the directory: a server that comes back is known as the one that has gone. */
  serverId = '';

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Creates the directory if need be and locks it.
   * @throws {MillraceError} DIRECTORY_LOCKED naming the pid that holds it; CONFIG_INVALID if it is a file, cannot be made, or has a newer format.
   */
  static open(path: string, random: Random = systemRandom): DataDirectory {
    if (existsSync(path) && !statSync(path).isDirectory()) {
      throw new MillraceError('CONFIG_INVALID', `data_dir: ${path} is a file`, { hint: 'name a directory with --data-dir' });
    }
    try {
      mkdirSync(path, { recursive: true });
    } catch (cause) {
      throw new MillraceError('CONFIG_INVALID', `data_dir: cannot make ${path}: ${(cause as Error).message}`, { cause });
    }
    takeLock(join(path, 'lock'), path);
    const directory = new DataDirectory(path);
    try {
      directory.#checkFormat();
      directory.serverId = directory.#readServerId(random);
    } catch (failure) {
      directory.close();
      throw failure;
    }
    return directory;
  }

  get catalogPath(): string {
    return join(this.path, 'catalog.sqlite');
  }

  get viewsPath(): string {
    return join(this.path, 'views');
  }

  get brokerPath(): string {
    return brokerPathIn(this.path);
  }

  /** Gives the lock back. */
  close(): void {
    const lock = join(this.path, 'lock');
    heldHere.delete(lock);
    rmSync(lock, { force: true });
  }

  #readServerId(random: Random): string {
    const path = join(this.path, 'server-id');
    const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
    if (known !== '') return known;
    const serverId = random.uuid().slice(0, 8);
    writeFileSync(`${path}.new`, `${serverId}\n`);
    renameSync(`${path}.new`, path);
    return serverId;
  }

  #checkFormat(): void {
    const path = join(this.path, 'format');
    if (!existsSync(path)) {
      const descriptor = openSync(path, 'w');
      writeSync(descriptor, `${formatVersion}\n`);
      closeSync(descriptor);
      return;
    }
    const found = Number(readFileSync(path, 'utf8'));
    if (found !== formatVersion) {
      throw new MillraceError('CONFIG_INVALID', `data_dir: ${this.path} has format ${found}, this server reads format ${formatVersion}`, {
        hint: found > formatVersion ? 'start the newer Millrace that wrote it, or name another directory' : 'name another directory',
      });
    }
  }
}

/** Directories that this very process holds: in a container every server has the same low pid, so our own pid in a file may be a leftover. */
const heldHere = new Set<string>();

/** Writes who we are; a lock whose process is gone is taken over. */
function takeLock(path: string, directory: string): void {
  for (;;) {
    try {
      const descriptor = openSync(path, 'wx');
      writeSync(descriptor, `${process.pid} ${processIdentity(process.pid) ?? ''}`);
      closeSync(descriptor);
      heldHere.add(path);
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new MillraceError('CONFIG_INVALID', `data_dir: cannot lock ${directory}: ${(cause as Error).message}`, { cause });
      }
    }
    const [pid = '', identity = ''] = readLock(path).split(' ');
    if (heldHere.has(path) || isRunning(Number(pid), identity)) {
      const hint = 'stop that server, or name another directory with --data-dir';
      throw new MillraceError('DIRECTORY_LOCKED', `${directory} is in use by process ${pid}`, { hint, details: { pid: Number(pid) } });
    }
    rmSync(path, { force: true });
  }
}

function readLock(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isRunning(pid: number, identity: string): boolean {
  return Number.isInteger(pid) && pid > 0 && pid !== process.pid && processIdentity(pid) === identity;
}
