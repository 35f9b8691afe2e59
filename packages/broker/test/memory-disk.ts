import { type Disk, type DiskFile, MillraceError, type SeededRandom } from '@millrace/core';

/** Thrown by every call from the moment of the crash on, until the next start. Not one of ours, so that nobody answers it. */
export class Crash extends Error {}

/** What a disk may fail at. */
export type DiskOperation = 'open' | 'read' | 'write' | 'sync' | 'replace' | 'rename' | 'remove';

type Change =
  | { readonly kind: 'write'; readonly bytes: Buffer; readonly position: number }
  | { readonly kind: 'truncate'; readonly size: number };

class MemoryFile {
  /** What a reader sees: the page cache. */
  content: Buffer = Buffer.alloc(0);
  /** What is on stable storage for certain. */
  durable: Buffer = Buffer.alloc(0);
  /** What came since. */
  pending: Change[] = [];

  /** Room to grow in; only what lies behind `#used` was never seen by anybody. */
  #memory: Buffer = Buffer.alloc(0);
  #used = 0;

  apply(change: Change): void {
    this.pending.push(change);
    if (change.kind === 'write' && change.position === this.content.length) this.#append(change.bytes);
    else this.content = applied(this.content, change);
  }

  #append(bytes: Buffer): void {
    const end = this.content.length + bytes.length;
    const isOurs = this.content.buffer === this.#memory.buffer && this.content.length === this.#used;
    if (!isOurs || end > this.#memory.length) {
      this.#memory = Buffer.alloc(Math.max(1024, end * 2));
      this.content.copy(this.#memory);
    }
    bytes.copy(this.#memory, this.content.length);
    this.#used = end;
    this.content = this.#memory.subarray(0, end);
  }
}

function applied(content: Buffer, change: Change): Buffer {
  if (change.kind === 'truncate') {
    return change.size <= content.length
      ? content.subarray(0, change.size)
      : Buffer.concat([content, Buffer.alloc(change.size - content.length)]);
  }
  const end = Math.max(content.length, change.position + change.bytes.length);
  const next = Buffer.alloc(end);
  content.copy(next);
  change.bytes.copy(next, change.position);
  return next;
}

/**
 * A disk in memory that crashes where it is told to.
 * The end of the process keeps what was written, but for a torn last write. A loss of power keeps what was synced, and of the
 * rest any part: whole writes, halves of them, or nothing. Making, renaming and removing files, and replacing them whole,
 * is durable at once.
 */
export class MemoryDisk implements Disk {
  readonly #files = new Map<string, MemoryFile>();
  readonly #directories = new Set<string>();
  readonly #random: SeededRandom;
  #isDown = false;
  /** Changes so far; crash points are counted in them. */
  operations = 0;
  crashAt = Number.POSITIVE_INFINITY;
  /** Bytes that all files together may have. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** How many more files can be opened for writing anew, as where descriptors run out. */
  creations = Number.POSITIVE_INFINITY;
  /** Makes syncs fail as a broken disk does. */
  failsSyncs = false;
  /** Is asked before each operation; what it returns is thrown, and nothing is done but a part of a write. */
  fault: (operation: DiskOperation, path: string) => Error | undefined = () => undefined;
  /** Called at the moment of the crash. */
  onCrash: () => void = () => {};
  /** What is thrown from the crash on. */
  crashError: () => Error = () => new Crash();

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** What a process that starts after the crash finds. */
  restart(kind: 'process' | 'power'): void {
    if (kind === 'power') for (const file of this.#files.values()) this.#losePower(file);
    this.#isDown = false;
    this.crashAt = Number.POSITIVE_INFINITY;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  usedBytes(): number {
    return [...this.#files.values()].reduce((sum, { content }) => sum + content.length, 0);
  }

  open(path: string, mode: 'read' | 'read-write' | 'create'): DiskFile {
    this.#assertUp();
    this.#assertSound('open', path);
    if (mode === 'create') {
      if (this.creations-- <= 0) throw new MillraceError('DISK_IO', `${path}: too many open files`);
      this.#change(() => this.#files.set(path, new MemoryFile()));
    } else if (!this.#files.has(path)) throw new MillraceError('DISK_IO', `${path}: no such file`);
    return this.#handle(path, this.#files.get(path)!);
  }

  list(path: string): string[] {
    this.#assertUp();
    const names = new Set<string>();
    for (const known of [...this.#files.keys(), ...this.#directories]) {
      if (known.startsWith(`${path}/`)) names.add(known.slice(path.length + 1).split('/')[0]!);
    }
    return [...names].sort();
  }

  makeDirectory(path: string): void {
    this.#assertUp();
    this.#directories.add(path);
  }

  exists(path: string): boolean {
    return this.#files.has(path) || this.isDirectory(path);
  }

  isDirectory(path: string): boolean {
    return this.#directories.has(path) || [...this.#files.keys(), ...this.#directories].some((known) => known.startsWith(`${path}/`));
  }

  readFile(path: string): Buffer {
    this.#assertUp();
    const file = this.#files.get(path);
    if (file === undefined) throw new MillraceError('DISK_IO', `${path}: no such file`);
    return Buffer.from(file.content);
  }

  replaceFile(path: string, content: Uint8Array): void {
    this.#assertUp();
    this.#assertSound('replace', path);
    this.#assertRoom(path, content.length - (this.#files.get(path)?.content.length ?? 0));
    this.#change(() => {
      const file = new MemoryFile();
      file.content = Buffer.from(content);
      file.durable = file.content;
      this.#files.set(path, file);
    });
  }

  rename(from: string, to: string): void {
    this.#assertSound('rename', from);
    this.#change(() => {
      for (const [path, file] of [...this.#files]) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        this.#files.delete(path);
        this.#files.set(to + path.slice(from.length), file);
      }
      for (const path of [...this.#directories]) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        this.#directories.delete(path);
        this.#directories.add(to + path.slice(from.length));
      }
    });
  }

  remove(path: string): void {
    this.#assertSound('remove', path);
    this.#change(() => {
      for (const known of [...this.#files.keys()]) if (known === path || known.startsWith(`${path}/`)) this.#files.delete(known);
      for (const known of [...this.#directories]) if (known === path || known.startsWith(`${path}/`)) this.#directories.delete(known);
    });
  }

  #handle(path: string, file: MemoryFile): DiskFile {
    return {
      size: () => file.content.length,
      read: (target, offset, length, position) => {
        this.#assertUp();
        this.#assertSound('read', path);
        return file.content.copy(target, offset, position, Math.min(file.content.length, position + length));
      },
      write: (buffers, position) => this.#write(path, file, Buffer.concat(buffers), position),
      truncate: (size) => this.#change(() => file.apply({ kind: 'truncate', size })),
      sync: async () => this.#sync(path, file),
      syncNow: () => this.#sync(path, file),
      close: () => {},
    };
  }

  #write(path: string, file: MemoryFile, bytes: Buffer, position: number): void {
    this.#assertUp();
    const tear = () => {
      const part = bytes.subarray(0, this.#random.below(bytes.length + 1));
      file.apply({ kind: 'write', bytes: Buffer.from(part), position });
    };
    const failure = this.fault('write', path);
    if (failure !== undefined) {
      tear();
      throw failure;
    }
    const room = this.capacityBytes - this.usedBytes();
    if (position + bytes.length - file.content.length > room) {
      const fitting = bytes.subarray(0, Math.max(0, room));
      if (fitting.length > 0) file.apply({ kind: 'write', bytes: Buffer.from(fitting), position });
      throw full(path);
    }
    this.#change(() => file.apply({ kind: 'write', bytes: Buffer.from(bytes), position }), tear);
  }

  #sync(path: string, file: MemoryFile): void {
    this.#assertUp();
    this.#assertSound('sync', path);
    if (this.failsSyncs) throw new MillraceError('DISK_IO', 'sync failed');
    this.#change(() => {
      file.durable = file.content;
      file.pending = [];
    });
  }

  /** One operation: it happens, or the crash does in its place, leaving what `torn` leaves. */
  #change(change: () => void, torn: () => void = () => {}): void {
    this.#assertUp();
    this.operations++;
    if (this.operations >= this.crashAt) {
      torn();
      this.crash();
      throw this.crashError();
    }
    change();
  }

  /** From now on nothing works until {@link restart}. */
  crash(): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.onCrash();
  }

  #losePower(file: MemoryFile): void {
    let content = file.durable;
    for (const change of file.pending) {
      const fate = this.#random.below(3);
      if (fate === 0) continue;
      if (fate === 1 || change.kind === 'truncate') content = applied(content, change);
      else content = applied(content, { ...change, bytes: change.bytes.subarray(0, this.#random.below(change.bytes.length + 1)) });
    }
    file.content = content;
    file.durable = content;
    file.pending = [];
  }

  #assertRoom(path: string, bytes: number): void {
    if (bytes > this.capacityBytes - this.usedBytes()) throw full(path);
  }

  #assertUp(): void {
    if (this.#isDown) throw this.crashError();
  }

  #assertSound(operation: DiskOperation, path: string): void {
    const failure = this.fault(operation, path);
    if (failure !== undefined) throw failure;
  }
}

function full(path: string): MillraceError {
  return new MillraceError('DISK_FULL', `no space left for ${path}`, { retryable: true });
}
