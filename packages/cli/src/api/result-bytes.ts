import { ServerError } from './errors.ts';

/** A row that could be the exception line begins so. */
const lineMarker = '{"exception":"Code: ';
const blockMarker = '\r\n__exception__\r\n';
const documentMarker = '],"exception":"Code: ';
/** What looks like an exception and is longer is data. */
const longestException = 1 << 20;

/**
 * The bytes of a result as they come, without the exception that a server puts behind the rows when a query fails on the way:
 * a last `{"exception": …}` line in the formats of JSON lines, a member of the document in `JSON`, else an `__exception__` block.
 * Formats of lines are passed on in whole lines.
 *
 * @throws {ServerError} after the last byte, if the result ends with an exception
 */
export async function* resultBytes(body: AsyncIterable<Buffer>, format: string): AsyncGenerator<Buffer> {
  const { safeLength, exceptionIn } = trailerOf(format);
  let held = '';
  for await (const bytes of body) {
    held += bytes.toString('latin1');
    const length = safeLength(held);
    if (length === 0) continue;
    yield Buffer.from(held.slice(0, length), 'latin1');
    held = held.slice(length);
  }
  if (held === '') return;
  const exception = exceptionIn(Buffer.from(held, 'latin1').toString());
  if (exception === null) yield Buffer.from(held, 'latin1');
  else throw new ServerError(exception);
}

/** How a format tells of an exception: how much of a text is surely data, and what an end that is held back says. */
interface Trailer {
  safeLength(text: string): number;
  exceptionIn(end: string): string | null;
}

function trailerOf(format: string): Trailer {
  if (/EachRow/.test(format)) return { safeLength: safeLines, exceptionIn: exceptionOfLine };
  if (format === 'JSON' || format === 'JSONCompact') {
    return { safeLength: (text) => safeBefore(text, documentMarker), exceptionIn: exceptionOfDocument };
  }
  return { safeLength: (text) => safeBefore(text, blockMarker), exceptionIn: exceptionOfBlock };
}

/** All whole lines, but not a last one that could be the exception. */
function safeLines(text: string): number {
  const end = text.lastIndexOf('\n') + 1;
  const lastStart = end < 2 ? 0 : text.lastIndexOf('\n', end - 2) + 1;
  return text.startsWith(lineMarker, lastStart) ? lastStart : end;
}

function exceptionOfLine(end: string): string | null {
  if (!end.startsWith(lineMarker)) return null;
  try {
    return (JSON.parse(end) as { exception: string }).exception;
  } catch {
    return null;
  }
}

/** All that stands before the marker, or before what could become it. */
function safeBefore(text: string, marker: string): number {
  const at = text.indexOf(marker);
  if (at !== -1) return text.length - at > longestException ? text.length : at;
  let length = Math.min(marker.length - 1, text.length);
  while (length > 0 && !text.endsWith(marker.slice(0, length))) length--;
  return text.length - length;
}

function exceptionOfBlock(end: string): string | null {
  return end.match(/^\r\n__exception__\r\n([\s\S]*?)\r\n__exception__\r\n$/)?.[1] ?? null;
}

function exceptionOfDocument(end: string): string | null {
  try {
    return (JSON.parse(`{"data":[${end}`) as { exception: string }).exception;
  } catch {
    return null;
  }
}
