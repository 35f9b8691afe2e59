/** Rows `start` … `end` − 1 of an event. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

export interface RequestLimits {
  readonly maxRows: number;
  /** Of the rows' JSON, before compression. A single row that is larger goes alone. */
  readonly maxBytes: number;
}

/** Cuts rows into requests. @param sizes bytes of each row */
export function cutRows(sizes: readonly number[], { maxRows, maxBytes }: RequestLimits): RowRange[] {
  const ranges: RowRange[] = [];
  let start = 0;
  let bytes = 0;
  for (const [row, size] of sizes.entries()) {
    if (row > start && (row - start === maxRows || bytes + size > maxBytes)) {
      ranges.push({ start, end: row });
      start = row;
      bytes = 0;
    }
    bytes += size;
  }
  if (start < sizes.length) ranges.push({ start, end: sizes.length });
  return ranges;
}

/** Two halves, in order. */
export function halve({ start, end }: RowRange): readonly [RowRange, RowRange] {
  const middle = (start + end) >>> 1;
  return [
    { start, end: middle },
    { start: middle, end },
  ];
}
