import type { DiskFile } from './disk.ts';
import type { LineFormat, Remains } from './line-format.ts';

const blockBytes = 65_536;
const lineEnd = 10;

/** A row is a line of JSON. */
export const ndjson: LineFormat = {
  head: () => '',
  line: (event, row) => `${event.json(row)}\n`,
  async inspect(file, size): Promise<Remains> {
    const start = await lastLineStart(file, size);
    if (start === size) return { size, lacksLineEnd: false };
    const tail = await file.read(start, size - start);
    // A file that somebody else has begun may well end without a line end: such a row stays.
    return isJson(tail) ? { size, lacksLineEnd: true } : { size: start, lacksLineEnd: false };
  },
};

/** Behind the last line end. */
async function lastLineStart(file: DiskFile, size: number): Promise<number> {
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - blockBytes);
    const found = (await file.read(start, end - start)).lastIndexOf(lineEnd);
    if (found >= 0) return start + found + 1;
    end = start;
  }
  return 0;
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}
