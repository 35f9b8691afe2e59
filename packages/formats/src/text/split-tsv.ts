import { hexDigit } from '../json/scan.ts';
import type { Cells } from './fields.ts';

/** Splits a line of TSV: tabs between cells, backslash escapes (`\t \n \r \\ \' \b \f \0 \xHH`), `\N` for NULL. @see ClickHouse: TabSeparated */
export function splitTsvLine(bytes: Buffer, start: number, end: number, cells: Cells): number {
  let p = start;
  for (let cell = 0; ; cell++) {
    cells.count = cell + 1;
    const from = p;
    let hasEscapes = false;
    while (p < end && bytes[p] !== 9 && bytes[p] !== 10) {
      if (bytes[p] === 92) {
        hasEscapes = true;
        p++;
      }
      p++;
    }
    if (p > end) return ~end;
    const isLast = p === end || bytes[p] === 10;
    const to = isLast && p > from && bytes[p - 1] === 13 ? p - 1 : p;
    setCell(bytes, from, to, hasEscapes, cells, cell);
    if (isLast) return p === end ? end : p + 1;
    p++;
  }
}

function setCell(bytes: Buffer, from: number, to: number, hasEscapes: boolean, cells: Cells, cell: number): void {
  const isNull = to - from === 2 && bytes[from] === 92 && bytes[from + 1] === 78;
  cells.kinds[cell] = isNull ? 'null' : 'text';
  cells.bytes[cell] = hasEscapes && !isNull ? unescapeTsv(bytes.subarray(from, to)) : bytes;
  cells.starts[cell] = cells.bytes[cell] === bytes ? from : 0;
  cells.ends[cell] = cells.bytes[cell] === bytes ? to : cells.bytes[cell]!.length;
}

const named: Readonly<Record<number, number>> = { 98: 8, 102: 12, 114: 13, 110: 10, 116: 9, 48: 0, 97: 7, 118: 11 };

/** Of an unknown escape the byte behind the backslash stays. */
export function unescapeTsv(content: Buffer): Buffer {
  const plain = Buffer.alloc(content.length);
  let length = 0;
  for (let i = 0; i < content.length; i++) {
    const byte = content[i]!;
    if (byte !== 92 || i + 1 === content.length) {
      plain[length++] = byte;
      continue;
    }
    const mark = content[++i]!;
    const high = mark === 120 && i + 2 < content.length ? hexDigit(content[i + 1]!) : -1;
    const low = high >= 0 ? hexDigit(content[i + 2]!) : -1;
    if (low < 0) plain[length++] = named[mark] ?? mark;
    else {
      plain[length++] = high * 16 + low;
      i += 2;
    }
  }
  return plain.subarray(0, length);
}
