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

/** The files that a connector writes. Calls are done one after another: pipes may share a connector. */
export class FileSet {
  readonly #disk: Disk;
  readonly #options: AppendOptions;
  /** The one that was used last is last. */
  readonly #files = new Map<string, AppendFile>();
  #last: Promise<void> = Promise.resolve();

  constructor(disk: Disk, options: AppendOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  /** Resolves when all of them are in their files. */
  append(parts: readonly FileRows[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const { path, lines, columns } of parts) await (await this.#file(path)).append(lines, columns);
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      for (const file of this.#files.values()) await file.close();
      this.#files.clear();
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  async #file(path: string): Promise<AppendFile> {
    const file = this.#files.get(path) ?? new AppendFile(path, this.#disk, this.#options);
    this.#files.delete(path);
    this.#files.set(path, file);
    const [oldest] = this.#files.values();
    if (this.#files.size > openFilesMax) {
      this.#files.delete(oldest!.path);
      await oldest!.close();
    }
    return file;
  }
}
