import { MillraceError } from '@millrace/core';
import type { LaneSet } from '../lane/lane-set.ts';

/** Where the cells of one line stand, and what kind they are. Reused from line to line. */
export interface Cells {
  count: number;
  /** The bytes that the cell's text lies in: the line's, or a buffer with its escapes resolved. */
  readonly bytes: Buffer[];
  readonly starts: number[];
  readonly ends: number[];
  /** `missing`: the cell stands for a value that is not there (`\N`, or an empty cell of CSV without quotes where the type is no string). */
  readonly kinds: ('text' | 'empty' | 'null')[];
}

export function createCells(): Cells {
  return { count: 0, bytes: [], starts: [], ends: [], kinds: [] };
}

/** Splits one line into cells; `~position` if it cannot, else where the line ends (behind its line end, if there is one). */
export type LineSplitter = (bytes: Buffer, start: number, end: number, cells: Cells) => number;

/** Puts the cells of a line into the next row. @param places the column of each cell, −1 for cells that nobody reads */
export function setCells(set: LaneSet, cells: Cells, places: readonly number[], at: (cell: number) => number): boolean {
  if (cells.count !== places.length) return set.fail(`${cells.count} cells where ${places.length} are expected`, null, 0);
  const row = set.rowCount;
  for (let cell = 0; cell < cells.count; cell++) {
    const place = places[cell]!;
    if (place < 0) continue;
    const lane = set.lanes[place]!;
    const [bytes, start, end, kind] = [cells.bytes[cell]!, cells.starts[cell]!, cells.ends[cell]!, cells.kinds[cell]!];
    const isMissing = kind === 'null' || (kind === 'empty' && !isText(set, place));
    if (isMissing ? !set.setFallback(place, at(cell)) : !lane.setText(row, bytes, start, end)) {
      return isMissing ? false : set.failValue(place, bytes, start, end, at(cell));
    }
  }
  return true;
}

function isText(set: LaneSet, place: number): boolean {
  const { type } = set.columns[place]!;
  const { kind } = type.kind === 'nullable' ? type.inner : type;
  return kind === 'string' || kind === 'fixed_string';
}

/** For each of the names its column, −1 where no column has it; `names` are all fields of a line in order. */
export function placesOf(names: readonly string[], set: LaneSet): number[] {
  const places = names.map((name) => set.columns.findIndex((column) => column.name === name));
  const missing = set.columns.find((column) => !names.includes(column.name) && column.fallback.kind === 'refuse');
  if (missing === undefined) return places;
  throw new MillraceError('DATA_UNDECODABLE', `column ${missing.name} is not among the fields ${names.join(', ')}`);
}
