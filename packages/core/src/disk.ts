import {
  closeSync,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writevSync,
} from 'node:fs';
import { MillraceError } from './errors.ts';

/**
 * The file system as a port. All calls but {@link DiskFile.sync} are synchronous: writes go to the page cache, and the
 * callers (the broker's worker, the catalog at start) own their thread.
 * @throws {MillraceError} DISK_FULL or DISK_IO from every call.
 */
export interface Disk {
  open(path: string, mode: 'read' | 'read-write' | 'create'): DiskFile;
  /** Names in a directory, sorted; empty if there is no such directory. */
  list(path: string): string[];
  makeDirectory(path: string): void;
  exists(path: string): boolean;
  isDirectory(path: string): boolean;
  readFile(path: string): Buffer;
  /**
   * Replaces a whole file so that a crash leaves the old or the new content, never a mixture.
   * @param mode who may do what with it; default what the process's mask leaves of everybody may read and write.
   */
  replaceFile(path: string, content: Uint8Array, mode?: number): void;
  rename(from: string, to: string): void;
  /** Removes a file or a directory with all it holds; nothing if it is not there. */
  remove(path: string): void;
}

export interface DiskFile {
  size(): number;
  /** Reads up to `length` bytes at `position` into `target[offset …)`; returns how many (0 at the end). */
  read(target: Uint8Array, offset: number, length: number, position: number): number;
  /** Writes all buffers one after another at `position`. */
  write(buffers: readonly Uint8Array[], position: number): void;
  truncate(size: number): void;
  /** Resolves when what was written before is on stable storage. */
  sync(): Promise<void>;
  syncNow(): void;
  close(): void;
}

function diskError(cause: unknown, path: string): MillraceError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new MillraceError('DISK_FULL', `no space left for ${path}`, {
      cause,
      retryable: true,
      details: { path },
      hint: 'free some space; nothing that was acknowledged is lost',
    });
  }
  return new MillraceError('DISK_IO', `${path}: ${(cause as Error).message}`, { cause, details: { path, errno: code } });
}

function guard<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw diskError(cause, path);
  }
}

class SystemDiskFile implements DiskFile {
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  size(): number {
    return guard(this.#path, () => fstatSync(this.#descriptor).size);
  }

  read(target: Uint8Array, offset: number, length: number, position: number): number {
    return guard(this.#path, () => readSync(this.#descriptor, target, offset, length, position));
  }

  write(buffers: readonly Uint8Array[], position: number): void {
    guard(this.#path, () => {
      let pending = buffers.filter((buffer) => buffer.length > 0);
      let at = position;
      while (pending.length > 0) {
        let written = writevSync(this.#descriptor, pending, at);
        at += written;
        while (pending.length > 0 && written >= pending[0]!.length) written -= pending.shift()!.length;
        if (pending.length > 0 && written > 0) pending = [pending[0]!.subarray(written), ...pending.slice(1)];
      }
    });
  }

  truncate(size: number): void {
    guard(this.#path, () => ftruncateSync(this.#descriptor, size));
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#descriptor, (cause) => (cause ? reject(diskError(cause, this.#path)) : resolve()));
    });
  }

  syncNow(): void {
    guard(this.#path, () => fdatasyncSync(this.#descriptor));
  }

  close(): void {
    guard(this.#path, () => closeSync(this.#descriptor));
  }
}

/** The machine's own file system. */
export const systemDisk: Disk = {
  open(path, mode) {
    const flags = { read: 'r', 'read-write': 'r+', create: 'w+' }[mode];
    return guard(path, () => new SystemDiskFile(path, openSync(path, flags)));
  },
  list(path) {
    return guard(path, () => (existsSync(path) ? readdirSync(path).sort() : []));
  },
  makeDirectory(path) {
    guard(path, () => mkdirSync(path, { recursive: true }));
  },
  exists: (path) => existsSync(path),
  isDirectory: (path) => existsSync(path) && statSync(path).isDirectory(),
  readFile: (path) => guard(path, () => readFileSync(path)),
  replaceFile(path, content, mode) {
    guard(path, () => {
      const temporary = `${path}.new`;
      const descriptor = openSync(temporary, 'w', mode);
      try {
        writeFileSync(descriptor, content);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(temporary, path);
    });
  },
  rename(from, to) {
    guard(from, () => renameSync(from, to));
  },
  remove(path) {
    guard(path, () => rmSync(path, { recursive: true, force: true }));
  },
};
