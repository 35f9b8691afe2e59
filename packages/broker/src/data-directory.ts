import { type Disk, MillraceError, processIdentity, type Random } from '@millrace/core';

const format = 1;
const formatName = 'format.json';
const lockName = 'lock';

/** Directories that a broker of this process let go of as if the process had ended. */
const abandoned = new Set<string>();

/**
 * The directory that holds everything of a broker, held by one broker at a time.
 * `format.json` (format and cluster id), `lock` (id and identity of the process that holds it), `topics/`, `groups/`,
 * `transactions/`, `producer-ids.json`.
 */
export class DataDirectory {
  readonly path: string;
  /** Given once, with the directory. */
  readonly clusterId: string;
  readonly #disk: Disk;

  private constructor(path: string, clusterId: string, disk: Disk) {
    this.path = path;
    this.clusterId = clusterId;
    this.#disk = disk;
  }

  /**
   * Takes hold of a directory, making it if need be.
   * @throws {MillraceError} BROKER_DATA_DIRECTORY_INVALID if it is none or of a newer format; DIRECTORY_LOCKED, naming the process;
   * DISK_FULL, DISK_IO
   */
  static open(path: string, disk: Disk, random: Random): DataDirectory {
    if (disk.exists(path) && !disk.isDirectory(path)) throw invalid(path, 'is a file, not a directory');
    makeDirectory(path, disk);
    lock(path, disk);
    try {
      return new DataDirectory(path, readFormat(path, disk) ?? writeFormat(path, disk, random), disk);
    } catch (failure) {
      unlock(path, disk);
      throw failure;
    }
  }

  close(): void {
    unlock(this.path, this.#disk);
  }

  /** Lets go of it without a trace on the disk, as the end of the process would. */
  abandon(): void {
    abandoned.add(this.path);
  }
}

function invalid(path: string, what: string, options: { cause?: unknown; hint?: string } = {}): MillraceError {
  return new MillraceError('BROKER_DATA_DIRECTORY_INVALID', `the data directory ${path} ${what}`, { ...options, details: { path } });
}

function makeDirectory(path: string, disk: Disk): void {
  try {
    disk.makeDirectory(path);
  } catch (cause) {
    throw invalid(path, `cannot be made: ${(cause as Error).message}`, { cause });
  }
}

function lock(path: string, disk: Disk): void {
  const lockPath = `${path}/${lockName}`;
  const [holder = '', identity = ''] = disk.exists(lockPath) ? disk.readFile(lockPath).toString().trim().split(' ') : [];
  const pid = Number.parseInt(holder, 10);
  const isHeld = pid > 0 && processIdentity(pid) === identity && !(pid === process.pid && abandoned.has(path));
  if (isHeld) {
    throw new MillraceError('DIRECTORY_LOCKED', `the data directory ${path} is held by process ${pid}`, {
      details: { path, pid },
      hint: `stop process ${pid}; if it is no broker, remove ${lockPath}`,
    });
  }
  disk.replaceFile(lockPath, Buffer.from(`${process.pid} ${processIdentity(process.pid) ?? ''}\n`));
  abandoned.delete(path);
}

function unlock(path: string, disk: Disk): void {
  disk.remove(`${path}/${lockName}`);
}

/** The cluster id, or undefined in a new directory. */
function readFormat(path: string, disk: Disk): string | undefined {
  const formatPath = `${path}/${formatName}`;
  if (!disk.exists(formatPath)) {
    if (disk.list(`${path}/topics`).length > 0) throw invalid(path, `has topics but no ${formatName}`);
    return undefined;
  }
  let stored: { format: number; clusterId: string };
  try {
    stored = JSON.parse(disk.readFile(formatPath).toString());
  } catch (cause) {
    throw invalid(path, `has a ${formatName} that is not readable`, { cause });
  }
  if (stored.format === format) return stored.clusterId;
  throw invalid(path, `has format ${stored.format}; this version knows format ${format}`, {
    hint: 'use the version that wrote it, or a newer one',
  });
}

function writeFormat(path: string, disk: Disk, random: Random): string {
  const clusterId = Buffer.from(random.uuid().replaceAll('-', ''), 'hex').toString('base64url');
  disk.replaceFile(`${path}/${formatName}`, Buffer.from(`${JSON.stringify({ format, clusterId })}\n`));
  return clusterId;
}
