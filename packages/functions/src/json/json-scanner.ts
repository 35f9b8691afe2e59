import { type ByteString, fromText, toText } from '@millrace/data';

/** The kinds of JSON values. */
export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'true' | 'false' | 'null';

/** A value inside a JSON text: `text[start … end)`, without surrounding space. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

const maxDepth = 1000;

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const escapePattern = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const spacePattern = /[ \t\n\r]*/y;

/**
 * Reads JSON in place, without building values: numbers keep all their digits, and only what is asked for is decoded.
 * Works on bytes; positions are bytes. One scanner serves one text.
 * @see RFC 8259
 */
export class JsonScanner {
  readonly text: ByteString;

  constructor(text: ByteString) {
    this.text = text;
  }

  /** The whole document, or null if the text is not exactly one JSON value. */
  document(): JsonSpan | null {
    const start = this.#skipSpace(0);
    const end = this.#skipValue(start, 0);
    return end >= 0 && this.#skipSpace(end) === this.text.length ? { start, end } : null;
  }

  kindOf(span: JsonSpan): JsonKind {
    switch (this.text[span.start]) {
      case '{':
        return 'object';
      case '[':
        return 'array';
      case '"':
        return 'string';
      case 't':
        return 'true';
      case 'f':
        return 'false';
      case 'n':
        return 'null';
      default:
        return 'number';
    }
  }

  raw(span: JsonSpan): ByteString {
    return this.text.slice(span.start, span.end);
  }

  /** The text of a string value. */
  decodeString({ start, end }: JsonSpan): ByteString {
    const raw = this.text.slice(start, end);
    return raw.includes('\\') ? fromText(JSON.parse(toText(raw)) as string) : raw.slice(1, -1);
  }

  /** The members of an object of a valid document, in order; keys decoded. */
  members(span: JsonSpan): { readonly key: ByteString; readonly value: JsonSpan }[] {
    const members: { key: ByteString; value: JsonSpan }[] = [];
    let at = this.#skipSpace(span.start + 1);
    while (this.text[at] !== '}') {
      const keyEnd = this.#skipString(at);
      const key = this.decodeString({ start: at, end: keyEnd });
      const start = this.#skipSpace(this.#skipSpace(keyEnd) + 1);
      const end = this.#skipValue(start, 0);
      members.push({ key, value: { start, end } });
      at = this.#next(end);
    }
    return members;
  }

  /** The elements of an array of a valid document. */
  elements(span: JsonSpan): JsonSpan[] {
    const elements: JsonSpan[] = [];
    let at = this.#skipSpace(span.start + 1);
    while (this.text[at] !== ']') {
      const end = this.#skipValue(at, 0);
      elements.push({ start: at, end });
      at = this.#next(end);
    }
    return elements;
  }

  /** Past the comma behind a member, or at the closing bracket. */
  #next(end: number): number {
    const at = this.#skipSpace(end);
    return this.text[at] === ',' ? this.#skipSpace(at + 1) : at;
  }

  /** Where the value that starts at `at` ends, or −1 if there is none. */
  #skipValue(at: number, depth: number): number {
    switch (this.text[at]) {
      case '{':
        return depth < maxDepth ? this.#skipObject(at, depth) : -1;
      case '[':
        return depth < maxDepth ? this.#skipArray(at, depth) : -1;
      case '"':
        return this.#skipString(at);
      case 't':
        return this.text.startsWith('true', at) ? at + 4 : -1;
      case 'f':
        return this.text.startsWith('false', at) ? at + 5 : -1;
      case 'n':
        return this.text.startsWith('null', at) ? at + 4 : -1;
      default:
        return this.#match(numberPattern, at);
    }
  }

  /** Past the closing quote. A loop, because the stack of a regular expression ends at some megabytes. */
  #skipString(start: number): number {
    if (this.text[start] !== '"') return -1;
    let at = start + 1;
    for (;;) {
      const code = this.text.charCodeAt(at);
      if (code === 34) return at + 1;
      if (code === 92) {
        at = this.#match(escapePattern, at);
        if (at < 0) return -1;
      } else if (code >= 32) at++;
      // A control character, or the end (NaN).
      else return -1;
    }
  }

  #skipObject(start: number, depth: number): number {
    let at = this.#skipSpace(start + 1);
    if (this.text[at] === '}') return at + 1;
    for (;;) {
      const keyEnd = this.#skipString(at);
      if (keyEnd < 0) return -1;
      const colon = this.#skipSpace(keyEnd);
      if (this.text[colon] !== ':') return -1;
      const end = this.#skipValue(this.#skipSpace(colon + 1), depth + 1);
      if (end < 0) return -1;
      const after = this.#skipSpace(end);
      if (this.text[after] === '}') return after + 1;
      if (this.text[after] !== ',') return -1;
      at = this.#skipSpace(after + 1);
    }
  }

  #skipArray(start: number, depth: number): number {
    let at = this.#skipSpace(start + 1);
    if (this.text[at] === ']') return at + 1;
    for (;;) {
      const end = this.#skipValue(at, depth + 1);
      if (end < 0) return -1;
      const after = this.#skipSpace(end);
      if (this.text[after] === ']') return after + 1;
      if (this.text[after] !== ',') return -1;
      at = this.#skipSpace(after + 1);
    }
  }

  #skipSpace(at: number): number {
    return this.text.charCodeAt(at) > 32 ? at : this.#match(spacePattern, at);
  }

  #match(pattern: RegExp, at: number): number {
    pattern.lastIndex = at;
    return pattern.test(this.text) ? pattern.lastIndex : -1;
  }
}
