import type { Chunk } from '@millrace/data';
import { LaneSet } from '../lane/lane-set.ts';
import type { DecodeColumn, DecodeFailure, DecodeOptions } from '../ports.ts';
import type { RowSource } from './row-reader.ts';
import { unescapeTsv } from './split-tsv.ts';

/** Tuples of literals, with or without commas between them: `(1, 'a'), (2, NULL)`. Values are literals only; expressions belong into INSERT … VALUES. */
export class ValuesText implements RowSource {
  readonly #set: LaneSet;
  #text: Buffer = Buffer.alloc(0);

  constructor(columns: readonly DecodeColumn[], options: DecodeOptions) {
    this.#set = new LaneSet(columns, options);
  }

  get failure(): DecodeFailure {
    return this.#set.failure;
  }

  begin(text: Buffer): number {
    this.#text = text;
    this.#set.begin(text);
    return this.#behindSeparators(0);
  }

  next(at: number): number | null {
    const [set, text] = [this.#set, this.#text];
    set.reserve();
    if (text[at] !== 40) return this.#fail('expected an opening parenthesis', null, at);
    let p = this.#skip(at + 1);
    for (let place = 0; place < set.lanes.length; place++) {
      if (place > 0) {
        if (text[p] !== 44) return this.#fail('expected a comma', set.columns[place]!.name, p);
        p = this.#skip(p + 1);
      }
      const end = literalEnd(text, p);
      if (end < 0) return this.#fail('a literal that does not end', set.columns[place]!.name, p);
      if (!this.#setLiteral(place, p, end)) return null;
      p = this.#skip(end);
    }
    if (text[p] !== 41) return this.#fail(`expected a closing parenthesis after ${set.lanes.length} values`, null, p);
    set.rowCount++;
    return this.#behindSeparators(p + 1);
  }

  finish(): Chunk {
    const { rowCount } = this.#set;
    return { rowCount, columns: this.#set.finish() };
  }

  #setLiteral(place: number, start: number, end: number): boolean {
    const [set, text] = [this.#set, this.#text];
    if (/^(?:null|default)$/i.test(text.toString('latin1', start, end))) return set.setFallback(place, start);
    const isQuoted = text[start] === 39;
    const bytes = isQuoted ? unquote(text.subarray(start + 1, end - 1)) : text;
    const isSet = isQuoted
      ? set.lanes[place]!.setText(set.rowCount, bytes, 0, bytes.length)
      : set.lanes[place]!.setText(set.rowCount, text, start, end);
    return isSet || set.failValue(place, text, start, end, start);
  }

  #fail(message: string, column: string | null, at: number): null {
    this.#set.fail(message, column, at);
    return null;
  }

  #skip(at: number): number {
    let p = at;
    while (p < this.#text.length && isBlank(this.#text[p]!)) p++;
    return p;
  }

  #behindSeparators(at: number): number {
    let p = this.#skip(at);
    while (p < this.#text.length && (this.#text[p] === 44 || this.#text[p] === 59)) p = this.#skip(p + 1);
    return p >= this.#text.length ? -1 : p;
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** Where the literal that begins at `start` ends: at a comma or closing parenthesis outside quotes and brackets; −1 if nowhere. */
function literalEnd(text: Buffer, start: number): number {
  let depth = 0;
  for (let p = start; p < text.length; p++) {
    const c = text[p]!;
    if (c === 39) {
      p = closingQuote(text, p);
      if (p < 0) return -1;
    } else if (c === 40 || c === 91 || c === 123) depth++;
    else if (depth > 0 && (c === 41 || c === 93 || c === 125)) depth--;
    else if (depth === 0 && (c === 44 || c === 41)) return trimmedEnd(text, start, p);
  }
  return -1;
}

function trimmedEnd(text: Buffer, start: number, end: number): number {
  let p = end;
  while (p > start && text[p - 1]! <= 32) p--;
  return p;
}

function closingQuote(text: Buffer, start: number): number {
  for (let p = start + 1; p < text.length; p++) {
    if (text[p] === 92) p++;
    else if (text[p] === 39) {
      if (text[p + 1] !== 39) return p;
      p++;
    }
  }
  return -1;
}

function unquote(content: Buffer): Buffer {
  const text = content.includes("''") ? Buffer.from(content.toString('latin1').replaceAll("''", "\\'"), 'latin1') : content;
  return text.includes(92) ? unescapeTsv(text) : text;
}
