import type { ByteString, Value } from '../column.ts';
import type { DataType } from '../data-type.ts';

/** Turns the text of a scalar into its value. */
export type ScalarReader = (text: ByteString, type: DataType) => Value;

const unescapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0', b: '\b', f: '\f' };

/**
 * Reads the text form of an array `[1,2]`, map `{'a':1}` or tuple `(1,'x')`, as `formatValue` writes it; blanks are allowed
 * between the parts. Undefined if the text has another form; what the scalar reader throws passes through.
 */
export function parseCompositeText(text: ByteString, type: DataType, scalar: ScalarReader): Value | undefined {
  const reader = new CompositeReader(text, scalar);
  const value = reader.value(type);
  return value !== undefined && reader.atEnd() ? value : undefined;
}

class CompositeReader {
  readonly #text: string;
  readonly #scalar: ScalarReader;
  #at = 0;

  constructor(text: string, scalar: ScalarReader) {
    this.#text = text;
    this.#scalar = scalar;
  }

  value(type: DataType): Value | undefined {
    this.#skipBlanks();
    switch (type.kind) {
      case 'nullable':
        return this.#takeNull() ? null : this.value(type.inner);
      case 'array':
        return this.#list('[', ']', () => this.value(type.element));
      case 'tuple':
        return this.#tuple(type.elements.map((element) => element.type));
      case 'map': {
        const entries = this.#list('{', '}', () => this.#entry(type.key, type.value));
        return entries && new Map(entries);
      }
      default: {
        const text = this.#scalarText();
        return text === undefined ? undefined : this.#scalar(text, type);
      }
    }
  }

  atEnd(): boolean {
    this.#skipBlanks();
    return this.#at === this.#text.length;
  }

  #tuple(types: readonly DataType[]): Value | undefined {
    let index = 0;
    const items = this.#list('(', ')', () => (index < types.length ? this.value(types[index++]!) : undefined));
    return items?.length === types.length ? items : undefined;
  }

  #entry(key: DataType, value: DataType): [Value, Value] | undefined {
    const k = this.value(key);
    if (k === undefined || !this.#take(':')) return undefined;
    const v = this.value(value);
    return v === undefined ? undefined : [k, v];
  }

  #list<T>(open: string, close: string, item: () => T | undefined): T[] | undefined {
    if (!this.#take(open)) return undefined;
    const items: T[] = [];
    if (this.#take(close)) return items;
    do {
      const next = item();
      if (next === undefined) return undefined;
      items.push(next);
    } while (this.#take(','));
    return this.#take(close) ? items : undefined;
  }

  #scalarText(): string | undefined {
    if (this.#text[this.#at] === "'") return this.#quoted();
    const match = this.#match(/[^\s,:()[\]{}']+/y);
    return match?.[0];
  }

  #quoted(): string | undefined {
    const match = this.#match(/'((?:[^'\\]|\\.|'')*)'/sy);
    if (match === null) return undefined;
    return match[1]!.replace(/\\(.)|''/gs, (_, char?: string) => (char === undefined ? "'" : (unescapes[char] ?? char)));
  }

  #takeNull(): boolean {
    return this.#match(/null(?![^\s,:()[\]{}])/iy) !== null;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #take(mark: string): boolean {
    this.#skipBlanks();
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }
}
