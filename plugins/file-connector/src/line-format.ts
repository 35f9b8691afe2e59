import type { Column, RowsEvent } from '@millrace/sdk';
import type { DiskFile } from './disk.ts';

/** How rows stand in a file. */
export interface LineFormat {
  /** First line of a file; empty without one. */
  head(columns: readonly Column[]): string;
  /** With its line end. */
  line(event: RowsEvent, row: number): string;
  /** Finds what a write that broke off has left at the end of a file. */
  inspect(file: DiskFile, size: number): Promise<Remains>;
}

export interface Remains {
  /** Where the last whole row ends: what follows is to be cut off. */
  readonly size: number;
  /** Of that row only the line end is missing. */
  readonly lacksLineEnd: boolean;
}
