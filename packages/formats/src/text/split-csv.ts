import type { Cells } from './fields.ts';

/**
 * Splits a line of CSV: commas, cells in double or single quotes with the quote doubled inside, `\N` for NULL. A quoted cell may
 * hold line ends. Blanks around cells are part of them.
 * @see RFC 4180; ClickHouse: CSV
 */
export function splitCsvLine(bytes: Buffer, start: number, end: number, cells: Cells): number {
  let p = start;
  for (let cell = 0; ; cell++) {
    cells.count = cell + 1;
    const first = p < end ? bytes[p]! : 0;
    p = first === 34 || first === 39 ? readQuoted(bytes, p, end, cells, cell) : readBare(bytes, p, end, cells, cell);
    if (p < 0 || p === end) return p;
    const next = bytes[p]!;
    if (next === 44) p++;
    else if (next === 10) return p + 1;
    else if (next === 13) return p + 1 < end && bytes[p + 1] === 10 ? p + 2 : p + 1;
    else return ~p;
  }
}

function readBare(bytes: Buffer, start: number, end: number, cells: Cells, cell: number): number {
  let p = start;
  while (p < end) {
    const c = bytes[p]!;
    if (c === 44 || c === 10 || (c === 13 && (p + 1 === end || bytes[p + 1] === 10))) break;
    p++;
  }
  cells.bytes[cell] = bytes;
  cells.starts[cell] = start;
  cells.ends[cell] = p;
  cells.kinds[cell] = p === start ? 'empty' : p - start === 2 && bytes[start] === 92 && bytes[start + 1] === 78 ? 'null' : 'text';
  return p;
}

function readQuoted(bytes: Buffer, start: number, end: number, cells: Cells, cell: number): number {
  const quote = bytes[start]!;
  let hasDoubled = false;
  let p = start + 1;
  for (; ; p++) {
    if (p >= end) return ~end;
    if (bytes[p] !== quote) continue;
    if (p + 1 >= end || bytes[p + 1] !== quote) break;
    hasDoubled = true;
    p++;
  }
  cells.kinds[cell] = 'text';
  const content = bytes.subarray(start + 1, p);
  cells.bytes[cell] = hasDoubled ? undouble(content, quote) : bytes;
  cells.starts[cell] = hasDoubled ? 0 : start + 1;
  cells.ends[cell] = hasDoubled ? cells.bytes[cell]!.length : p;
  return p + 1;
}

function undouble(content: Buffer, quote: number): Buffer {
  const plain = Buffer.alloc(content.length);
  let length = 0;
  for (let i = 0; i < content.length; i++) {
    plain[length++] = content[i]!;
    if (content[i] === quote) i++;
  }
  return plain.subarray(0, length);
}
