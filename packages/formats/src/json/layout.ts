import { DateTimeLane, FloatLane, IntegerLane } from '../lane/float64-lanes.ts';
import type { LaneSet } from '../lane/lane-set.ts';
import { exactDigits, exactPowersOfTen } from '../lane/number-text.ts';
import { StringLane } from '../lane/string-lanes.ts';
import type { DecodeColumn } from '../ports.ts';
import { skipNumber, skipStringRest, skipValue } from './scan.ts';

/**
 * The shape of a record: its members in order, each with the bytes between the value before and its own (comma, key, colon,
 * blanks: the *glue*), and the glue behind the last value. Positions are those of the record it was learned from.
 */
export interface Layout {
  readonly members: LayoutMember[];
  tail: readonly [start: number, end: number];
}

export interface LayoutMember {
  /** The column, or −1 for a field that nobody reads. */
  readonly place: number;
  readonly glueStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * Reads a record into a row of the lanes. False if the record does not follow the layout in every byte of its glue, in the
 * kinds of its values, or in having values that fit; then the row is to be written anew.
 */
export type LayoutReader = (bytes: Buffer, view: DataView, start: number, end: number, row: number) => boolean;

const maxMembers = 256;
const maxGlueBytes = 8192;

/** Not learned: shapes too large for straight-line code, fields given twice, and columns that may not be missing but are. */
export function isLearnable({ members, tail }: Layout, columns: readonly DecodeColumn[]): boolean {
  const places = members.filter(({ place }) => place >= 0).map(({ place }) => place);
  const glueBytes = members.reduce((sum, { glueStart, valueStart }) => sum + valueStart - glueStart, tail[1] - tail[0]);
  return members.length <= maxMembers && glueBytes <= maxGlueBytes && new Set(places).size === places.length && columns.length > 0;
}

/**
 * Compiles a layout into straight-line code. The text holds nothing of the record but numbers (the bytes of the glue), so
 * no input can become code.
 */
export function compileLayout(bytes: Buffer, layout: Layout, set: LaneSet): LayoutReader {
  const code: string[] = ['let p = start, s = 0, c = 0, m = 0, q = 0, negative = false;'];
  for (const { place, glueStart, valueStart, valueEnd } of layout.members) {
    const kind = bytes[valueStart]!;
    // The opening quote belongs to the glue: it is compared along with it.
    code.push(matchGlue(bytes.subarray(glueStart, kind === quote ? valueStart + 1 : valueStart)));
    code.push(place < 0 ? skip(kind) : read(kind, place, set, valueEnd - valueStart - 2));
  }
  code.push(matchGlue(bytes.subarray(...layout.tail)));
  const present = new Set(layout.members.map(({ place }) => place));
  set.columns.forEach((_, place) => {
    if (!present.has(place)) code.push(`if (!set.setFallback(${place}, 0)) return false;`);
  });
  code.push('return p === end;');
  const lanes = set.lanes.map((_, place) => `const lane${place} = lanes[${place}];`).join('\n');
  const text = `${lanes}\nreturn function readLayout(b, v, start, end, row) {\n${code.join('\n')}\n}`;
  const create = new Function('lanes', 'set', 'pow10', 'skipStringRest', 'skipNumber', 'skipValue', text);
  return create(set.lanes, set, exactPowersOfTen, skipStringRest, skipNumber, skipValue) as LayoutReader;
}

const quote = 34;

/** Compares four bytes at a time; the bound check beforehand keeps every read inside the buffer. */
function matchGlue(glue: Buffer): string {
  if (glue.length === 0) return '';
  const tests = [`p + ${glue.length} > end`];
  let at = 0;
  for (; at + 4 <= glue.length; at += 4) tests.push(`v.getInt32(p + ${at}, true) !== ${glue.readInt32LE(at)}`);
  for (; at < glue.length; at++) tests.push(`b[p + ${at}] !== ${glue[at]}`);
  return `if (${tests.join(' || ')}) return false; p += ${glue.length};`;
}

const word = (text: string) => Buffer.from(text).readInt32LE(0);
const matchNull = `if (p + 4 > end || v.getInt32(p, true) !== ${word('null')}) return false; p += 4;`;
/** Leaves in `m` whether it was true. */
const matchBool = `
if (p + 5 > end) return false;
if (v.getInt32(p, true) === ${word('true')}) { p += 4; m = 1; }
else if (v.getInt32(p, true) === ${word('fals')} && b[p + 4] === 101) { p += 5; m = 0; }
else return false;`;
/** From inside a string to its closing quote, past escapes. A byte beyond the buffer is undefined and ends every loop. */
const skipToQuote = `
while ((c = b[p]) !== 34 && c !== 92 && c >= 32) p++;
if (c !== 34) { p = skipStringRest(b, p, end) - 1; if (p < 0) return false; }
p++;`;
/** The same for strings that are used: escapes are left to the general way. */
const findQuote = `
s = p; while ((c = b[p]) !== 34 && c !== 92 && c >= 32) p++;
if (c !== 34) return false;`;
const skipStructure = 's = p; p = skipValue(b, p, end); if (p < 0) return false;';
const isDigit = 'c >= 48 && c <= 57';

/** A value that nobody reads, of the kind that its first byte tells. */
function skip(kind: number): string {
  switch (kind) {
    case quote:
      return skipToQuote;
    case 123:
    case 91:
      return `if (b[p] !== ${kind}) return false; ${skipStructure}`;
    case 116:
    case 102:
      return matchBool;
    case 110:
      return matchNull;
    default:
      // Integers and short decimals here, the rest in a function.
      return `
s = p; c = b[p];
if (c === 45) c = b[++p];
if (c >= 49 && c <= 57) { do c = b[++p]; while (${isDigit}); }
else if (c === 48) c = b[++p];
else return false;
if (c === 46) { q = p + 1; do c = b[++p]; while (${isDigit}); if (p === q) return false; }
if (c === 101 || c === 69 || (${isDigit})) { p = skipNumber(b, s, end); if (p < 0) return false; }`;
  }
}

/** A value of a column. @param length of the string's content in the record that the layout was learned from */
function read(kind: number, place: number, set: LaneSet, length: number): string {
  const lane = `lane${place}`;
  switch (kind) {
    case quote:
      return readString(lane, set, place, length);
    case 123:
    case 91:
      return `if (b[p] !== ${kind}) return false; ${skipStructure} if (!${lane}.setJson(row, b, s, p)) return false;`;
    case 116:
    case 102:
      return `s = p; ${matchBool} if (!${lane}.setJson(row, b, s, p)) return false;`;
    case 110:
      return `${matchNull} if (!set.setFallback(${place}, 0)) return false;`;
    default:
      return readNumber(lane, set, place);
  }
}

function readString(lane: string, set: LaneSet, place: number, length: number): string {
  const target = set.lanes[place]!;
  if (target.constructor === StringLane) {
    return `${findQuote}
if (${lane}.own === null) { ${lane}.starts[row] = s; ${lane}.ends[row] = p; } else ${lane}.setText(row, b, s, p);
p++;`;
  }
  if (target instanceof DateTimeLane) {
    // Neighbours have the same length; what the parser takes holds no quote, so the string needs no scan.
    return `
if (b[p + ${length}] === 34) { s = p; p += ${length}; } else { ${findQuote} }
if (!${lane}.setText(row, b, s, p)) return false; p++;`;
  }
  return `${findQuote} if (!${lane}.setText(row, b, s, p)) return false; p++;`;
}

function readNumber(lane: string, set: LaneSet, place: number): string {
  const target = set.lanes[place]!;
  const general = `p = skipNumber(b, s, end); if (p < 0 || !${lane}.setNumber(row, b, s, p)) return false;`;
  if (!(target instanceof IntegerLane || target instanceof FloatLane))
    return `s = p; c = b[p]; if (c !== 45 && !(${isDigit})) return false; ${general}`;
  const [digits, fraction] = [
    `do { m = m * 10 + (c - 48); c = b[++p]; } while (${isDigit});`,
    `while (${isDigit}) { m = m * 10 + (c - 48); c = b[++p]; }`,
  ];
  const store =
    target instanceof IntegerLane
      ? `if (m < ${target.min} || m > ${target.max}) return false; ${lane}.values[row] = m;`
      : `${lane}.values[row] = ${target.single ? 'Math.fround(m)' : 'm'};`;
  const minus = target instanceof IntegerLane ? 'if (negative) m = 0 - m;' : 'if (negative) m = -m;';
  const point =
    target instanceof IntegerLane
      ? ''
      : `if (c === 46) { c = b[++p]; q = p; ${fraction} q = p - q; if (q === 0) return false; if (p - s <= ${exactDigits}) m = m / pow10[q]; }`;
  return `
s = p; m = 0; c = b[p]; negative = c === 45;
if (negative) c = b[++p];
if (c >= 49 && c <= 57) { ${digits} } else if (c === 48) c = b[++p]; else return false;
${point}
if (p - s > ${exactDigits} || c === 46 || c === 101 || c === 69 || (${isDigit})) { ${general} }
else { ${minus} ${store} }`;
}
