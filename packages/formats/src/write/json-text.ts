import type { OutputBuffer } from './output-buffer.ts';

const hex = '0123456789abcdef';
const short: Readonly<Record<number, number>> = { 8: 98, 9: 116, 10: 110, 12: 102, 13: 114, 34: 34, 92: 92 };

/** Writes bytes as a JSON string, quotes included. What is not ASCII stays as it is. */
export function writeJsonText(out: OutputBuffer, bytes: Buffer, start: number, end: number): void {
  // The worst case is six bytes for one; most strings grow by their quotes only.
  out.reserve((end - start) * 6 + 2);
  const target = out.bytes;
  let at = out.length;
  target[at++] = 34;
  for (let i = start; i < end; i++) {
    const c = bytes[i]!;
    if (c >= 32 && c !== 34 && c !== 92) {
      target[at++] = c;
      continue;
    }
    target[at++] = 92;
    const mark = short[c];
    if (mark !== undefined) target[at++] = mark;
    else {
      at += target.write('u00', at, 'latin1');
      target[at++] = hex.charCodeAt(c >> 4);
      target[at++] = hex.charCodeAt(c & 15);
    }
  }
  target[at++] = 34;
  out.length = at;
}

/** Writes a JSON text on one line: line ends and tabs in it can only stand between its tokens. */
export function writeRawJson(out: OutputBuffer, bytes: Buffer, start: number, end: number): void {
  out.reserve(end - start);
  for (let i = start; i < end; i++) out.byte(Math.max(bytes[i]!, 32));
}
