import type { DiskFile } from './disk.ts';
import type { LineFormat, Remains } from './line-format.ts';

const blockBytes = 65_536;
const lineEnd = 10;
const quote = 34;

/** Values with commas between them, in quotes where they need them; NULL is an empty field, an empty text is `""`. @see RFC 4180 */
export function csv(hasHeader: boolean): LineFormat {
  return {
    head: (columns) => (hasHeader ? csvLine(columns.map(({ name }) => name)) : ''),
    line(event, row) {
      const values = JSON.parse(event.json(row), keepDigits) as Record<string, unknown>;
      return csvLine(event.columns.map(({ name }) => values[name]));
    },
    inspect,
  };
}

/** A line end within quotes ends no row, so the file is read from its beginning. */
async function inspect(file: DiskFile, size: number): Promise<Remains> {
  let rowEnd = 0;
  let isQuoted = false;
  for (let start = 0; start < size; start += blockBytes) {
    const block = await file.read(start, Math.min(blockBytes, size - start));
    for (let index = 0; index < block.length; index++) {
      if (block[index] === quote) isQuoted = !isQuoted;
      else if (block[index] === lineEnd && !isQuoted) rowEnd = start + index + 1;
    }
  }
  return { size: rowEnd, lacksLineEnd: false };
}

/** JSON as it is written by `JSON.stringify`, with the digits as they stand. */
declare global {
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

/** Numbers beyond what a double holds keep their digits. */
function keepDigits(_key: string, value: unknown, context?: { readonly source: string }): unknown {
  return typeof value === 'number' && context !== undefined && !Number.isSafeInteger(value) ? JSON.rawJSON(context.source) : value;
}

function csvLine(values: readonly unknown[]): string {
  return `${values.map(field).join(',')}\n`;
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
