import { hexDigit } from './scan.ts';

const simple: Readonly<Record<number, number>> = { 34: 34, 92: 92, 47: 47, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9 };

/**
 * Resolves the escapes of a JSON string's content `bytes[start … end)`, which is known to be well formed, into
 * `target[at …)` (as large as the content) and gives where it ends. `\u` becomes UTF-8; half of a surrogate pair becomes U+FFFD.
 */
export function unescapeInto(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  let out = at;
  let p = start;
  while (p < end) {
    const c = bytes[p]!;
    if (c !== 92) {
      target[out++] = c;
      p++;
    } else if (bytes[p + 1] !== 117) {
      target[out++] = simple[bytes[p + 1]!]!;
      p += 2;
    } else {
      const unit = codeUnit(bytes, p + 2);
      const low = unit >= 0xd800 && unit < 0xdc00 ? lowSurrogate(bytes, p + 6, end) : -1;
      p += low < 0 ? 6 : 12;
      out = writeUtf8(target, out, low < 0 ? unit : 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    }
  }
  return out;
}

function codeUnit(bytes: Uint8Array, at: number): number {
  return (hexDigit(bytes[at]!) << 12) | (hexDigit(bytes[at + 1]!) << 8) | (hexDigit(bytes[at + 2]!) << 4) | hexDigit(bytes[at + 3]!);
}

/** The low surrogate whose escape stands here, or −1. */
function lowSurrogate(bytes: Uint8Array, at: number, end: number): number {
  if (at + 6 > end || bytes[at] !== 92 || bytes[at + 1] !== 117) return -1;
  const unit = codeUnit(bytes, at + 2);
  return unit >= 0xdc00 && unit < 0xe000 ? unit : -1;
}

function writeUtf8(target: Uint8Array, at: number, given: number): number {
  const point = given >= 0xd800 && given < 0xe000 ? 0xfffd : given;
  let out = at;
  if (point < 0x80) {
    target[out++] = point;
    return out;
  }
  if (point < 0x800) target[out++] = 0xc0 | (point >> 6);
  else {
    if (point < 0x10000) target[out++] = 0xe0 | (point >> 12);
    else {
      target[out++] = 0xf0 | (point >> 18);
      target[out++] = 0x80 | ((point >> 12) & 63);
    }
    target[out++] = 0x80 | ((point >> 6) & 63);
  }
  target[out++] = 0x80 | (point & 63);
  return out;
}
