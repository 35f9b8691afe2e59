/**
 * Walks over JSON without building anything. Every function takes `bytes[at … end)` and gives the position behind what it
 * walked over, or `~position` (negative) of the byte at which the text ceases to be JSON. What these accept is what
 * `JSON.parse` accepts of the bytes read as Latin-1: bytes from 0x80 on are let pass inside strings, whatever they encode.
 */

/** Arrays and objects nested deeper are refused: a bound, so that hostile input cannot exhaust anything. */
const maxDepth = 1000;

const open = new Uint8Array(maxDepth);

export function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end) {
    const c = bytes[p]!;
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) break;
    p++;
  }
  return p;
}

/** `at` stands on the opening quote. */
function skipString(bytes: Uint8Array, at: number, end: number): number {
  return skipStringRest(bytes, at + 1, end);
}

/** As {@link skipString}, with `at` somewhere inside the string (not behind a backslash). */
export function skipStringRest(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end) {
    const c = bytes[p]!;
    if (c === 34) return p + 1;
    if (c < 32) return ~p;
    if (c !== 92) p++;
    else if ((p = skipEscape(bytes, p, end)) < 0) return p;
  }
  return ~end;
}

function skipEscape(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return ~end;
  switch (bytes[at + 1]) {
    case 34: // "
    case 92: // \
    case 47: // /
    case 98: // b
    case 102: // f
    case 110: // n
    case 114: // r
    case 116: // t
      return at + 2;
    case 117: // u
      for (let p = at + 2; p < at + 6; p++) if (p >= end || hexDigit(bytes[p]!) < 0) return ~p;
      return at + 6;
    default:
      return ~(at + 1);
  }
}

/** The value of a hexadecimal digit, or −1. */
export function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** `at` stands on a minus or a digit. */
export function skipNumber(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  if (p < end && bytes[p] === 45) p++;
  const whole = p;
  p = skipDigits(bytes, p, end);
  if (p === whole || (bytes[whole] === 48 && p > whole + 1)) return ~p;
  if (p < end && bytes[p] === 46) {
    const fraction = p + 1;
    p = skipDigits(bytes, fraction, end);
    if (p === fraction) return ~p;
  }
  if (p < end && (bytes[p]! | 32) === 101) {
    p++;
    if (p < end && (bytes[p] === 43 || bytes[p] === 45)) p++;
    const exponent = p;
    p = skipDigits(bytes, p, end);
    if (p === exponent) return ~p;
  }
  return p;
}

function skipDigits(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && (bytes[p]! - 48) >>> 0 <= 9) p++;
  return p;
}

/** A whole value; blanks before it are walked over too. */
export function skipValue(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  let depth = 0;
  for (;;) {
    p = skipBlanks(bytes, p, end);
    const c = p < end ? bytes[p]! : 0;
    if (c === 123 || c === 91) {
      if (depth === maxDepth) return ~p;
      open[depth++] = c;
      p = skipBlanks(bytes, p + 1, end);
      if (p < end && bytes[p] === c + 2) {
        depth--;
        p++;
      } else {
        if (c === 123 && (p = skipKey(bytes, p, end)) < 0) return p;
        continue;
      }
    } else if ((p = skipScalar(bytes, p, end)) < 0) return p;
    for (;;) {
      if (depth === 0) return p;
      p = skipBlanks(bytes, p, end);
      const closing = open[depth - 1]! + 2;
      const next = p < end ? bytes[p] : 0;
      if (next === closing) {
        depth--;
        p++;
        continue;
      }
      if (next !== 44) return ~p;
      p++;
      if (closing === 125 && (p = skipKey(bytes, skipBlanks(bytes, p, end), end)) < 0) return p;
      break;
    }
  }
}

/** A string and the colon behind it. */
export function skipKey(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || bytes[at] !== 34) return ~at;
  let p = skipString(bytes, at, end);
  if (p < 0) return p;
  p = skipBlanks(bytes, p, end);
  return p < end && bytes[p] === 58 ? p + 1 : ~p;
}

/** A string, number, `true`, `false` or `null`. */
function skipScalar(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return ~end;
  switch (bytes[at]) {
    case 34:
      return skipString(bytes, at, end);
    case 116:
      return skipWord(bytes, at, end, 'true');
    case 102:
      return skipWord(bytes, at, end, 'false');
    case 110:
      return skipWord(bytes, at, end, 'null');
    default:
      return skipNumber(bytes, at, end);
  }
}

function skipWord(bytes: Uint8Array, at: number, end: number, word: string): number {
  for (let i = 1; i < word.length; i++) if (at + i >= end || bytes[at + i] !== word.charCodeAt(i)) return ~(at + i);
  return at + word.length;
}
