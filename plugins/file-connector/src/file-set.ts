import type { Column } from '@millrace/sdk';
import { AppendFile, type AppendOptions } from './append-file.ts';
import type { Disk } from './disk.ts';

/** Files open at the same time: hours and partitions that go on in turn stay open, those that are past do not. */
const openFilesMax = 64;

/** Rows of one file. */
export interface FileRows {
  readonly path: string;
  readonly lines: string;
  readonly columns: readonly Column[];
}

/** The files that a connector writes. */
export class FileSet {
  readonly #disk: Disk;
  readonly #options: AppendOptions;
  /** The one that was used last is last. */
  readonly #files = new Map<string, AppendFile>();
  #isClosed = false;

  constructor(disk: Disk, options: AppendOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  /** Resolves when all of them are in their files. */
  async append(parts: readonly FileRows[]): Promise<void> {
    for (const { path, lines, columns } of parts) {
      if (this.#isClosed) throw new Error(`${path} is not written to any more: the connector is closed`);
      const appended = this.#file(path).append(lines, columns);
      await Promise.all([appended, this.#closeOldest()]);
    }
  }

  /** What is under way ends with the file that it is at. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map((file) => file.close()));
  }

  #file(path: string): AppendFile {
    const file = this.#files.get(path) ?? new AppendFile(path, this.#disk, this.#options);
    this.#files.delete(path);
    this.#files.set(path, file);
    return file;
  }

  async #closeOldest(): Promise<void> {
    if (this.#files.size <= openFilesMax) return;
    const [oldest] = this.#files.values();
    this.#files.delete(oldest!.path);
    await oldest!.close();
  }
}
