import { basename, dirname, extname, join } from 'node:path';
import type { Column } from '@millrace/sdk';
import type { Disk, DiskFile } from './disk.ts';
import { inTurn } from './in-turn.ts';
import type { LineFormat } from './line-format.ts';

export interface AppendOptions {
  readonly format: LineFormat;
  /** Whether rows survive a loss of power when `append` resolves. */
  readonly isSynced: boolean;
  /** A file that would grow beyond is renamed, and a new one begun. */
  readonly maxBytes: number;
}

/** A file that holds whole rows only, whatever broke off in between. Nobody outside this thread writes to it. */
export class AppendFile {
  readonly path: string;
  readonly #disk: Disk;
  readonly #options: AppendOptions;
  #file: DiskFile | undefined;
  #size = 0;
  #head: string | undefined;
  #rotations = 0;

  constructor(path: string, disk: Disk, options: AppendOptions) {
    this.path = path;
    this.#disk = disk;
    this.#options = options;
  }

  /**
   * Resolves when the rows are in the file.
   * @param columns of the rows: where the file begins with others, it is renamed first
   * @param lines whole lines
   */
  append(lines: string, columns: readonly Column[]): Promise<void> {
    return inTurn(this.path, () => this.#append(Buffer.from(lines), columns));
  }

  /** When what is under way is done. It opens again by itself. */
  close(): Promise<void> {
    return inTurn(this.path, () => this.#close());
  }

  async #append(bytes: Buffer, columns: readonly Column[]): Promise<void> {
    const head = this.#options.format.head(columns);
    let file = await this.#current();
    if (this.#size > 0 && (this.#size + bytes.length > this.#options.maxBytes || !(await this.#beginsWith(file, head)))) {
      file = await this.#rotate();
    }
    await this.#write(file, this.#size === 0 ? Buffer.concat([Buffer.from(head), bytes]) : bytes);
    this.#head = head;
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** A connector that was given up may have written in between. */
  async #current(): Promise<DiskFile> {
    if (this.#file !== undefined && (await this.#file.size()) !== this.#size) await this.#close();
    return (this.#file ??= await this.#open());
  }

  async #open(): Promise<DiskFile> {
    const file = await this.#disk.open(this.path);
    try {
      const size = await file.size();
      const remains = await this.#options.format.inspect(file, size);
      if (remains.size < size) await file.truncate(remains.size);
      if (remains.lacksLineEnd) await file.append(Buffer.from('\n'));
      this.#size = remains.size + (remains.lacksLineEnd ? 1 : 0);
      this.#head = undefined;
      if (size === 0 && this.#options.isSynced) await this.#disk.syncFolder(this.path);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #beginsWith(file: DiskFile, head: string): Promise<boolean> {
    if (this.#head !== undefined) return this.#head === head;
    const expected = Buffer.from(head);
    return (await file.read(0, expected.length)).equals(expected);
  }

  /** What a failed write has left is cut off again: the rows will be repeated. */
  async #write(file: DiskFile, bytes: Buffer): Promise<void> {
    try {
      await file.append(bytes);
      if (this.#options.isSynced) await file.sync();
      this.#size += bytes.length;
    } catch (error) {
      // Where this fails too, the next open finds what is left.
      await file.truncate(this.#size).catch(() => {});
      await this.#close().catch(() => {});
      throw error;
    }
  }

  async #rotate(): Promise<DiskFile> {
    await this.#close();
    await this.#disk.rename(this.path, await this.#freeName());
    return (this.#file = await this.#open());
  }

  /** `out.ndjson` becomes `out.1.ndjson`, `out.2.ndjson`, … */
  async #freeName(): Promise<string> {
    const extension = extname(this.path);
    const stem = join(dirname(this.path), basename(this.path, extension));
    for (;;) {
      const name = `${stem}.${++this.#rotations}${extension}`;
      if (!(await this.#disk.exists(name))) return name;
    }
  }
}
