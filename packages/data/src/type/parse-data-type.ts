import { MillraceError, nearest } from '@millrace/core';
import type { CalendarUnit, DataType, SimpleTypeKind } from '../data-type.ts';
import { scanType, type TypeToken } from './type-scanner.ts';

// biome-ignore format: a table
const simpleKinds = [
  'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float32', 'float64',
  'bool', 'string', 'uuid', 'ipv4', 'ipv6', 'json', 'date', 'nothing',
] as const satisfies readonly SimpleTypeKind[];

// biome-ignore format: a table
const calendarUnits = [
  'nanosecond', 'microsecond', 'millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year',
] as const satisfies readonly CalendarUnit[];

const aliases: Readonly<Record<string, SimpleTypeKind>> = {
  tinyint: 'int8',
  smallint: 'int16',
  int: 'int32',
  integer: 'int32',
  bigint: 'int64',
  uint: 'uint32',
  float: 'float32',
  real: 'float32',
  double: 'float64',
  boolean: 'bool',
  text: 'string',
  varchar: 'string',
  char: 'string',
  date32: 'date',
};

// biome-ignore format: a table
const parametric = [
  'fixed_string', 'datetime', 'datetime32', 'timestamp', 'datetime64', 'enum', 'enum8', 'enum16',
  'array', 'map', 'tuple', 'nested', 'nullable', 'low_cardinality', 'decimal',
];

const unsupported = /^(?:decimal(?:32|64|128|256)?|numeric|dec|u?int(?:128|256))$/;

const maxDepth = 100;

/**
 * Reads the text of a type in any of its spellings: snake_case or CamelCase, aliases (`int`, `double`, `datetime64` = `datetime64(3)`, …),
 * `low_cardinality(t)` as `t`, `nested(a t, …)` as `array(tuple(a t, …))`.
 * @throws {MillraceError} PLAN_TYPE_UNKNOWN (with the nearest name in the hint), PLAN_ARGUMENT_INVALID for a parameter that
 * the type cannot have, NOT_SUPPORTED for decimal and integers of more than 64 bits.
 * @see ClickHouse: Data types
 */
export function parseDataType(text: string): DataType {
  const parser = new TypeParser(text);
  const type = parser.type(0);
  parser.expectEnd();
  return type;
}

/** `LowCardinality`, `low_cardinality` and `LOWCARDINALITY` are one name. */
function canonical(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}

const simpleByName = new Map<string, SimpleTypeKind>([...simpleKinds.map((kind) => [kind, kind] as const), ...Object.entries(aliases)]);
const unitByName = new Map<string, CalendarUnit>(calendarUnits.map((unit) => [`interval${unit}`, unit]));

class TypeParser {
  readonly #text: string;
  readonly #tokens: TypeToken[];
  #index = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = scanType(text);
  }

  type(depth: number): DataType {
    if (depth > maxDepth) throw this.#invalid(`types may be nested ${maxDepth} deep`);
    const name = this.#next();
    if (name.kind !== 'word') throw this.#unexpected(name, 'a type');
    const key = canonical(name.text);
    const simple = simpleByName.get(key);
    if (simple !== undefined) return this.#withoutParameters({ kind: simple }, name.text);
    const unit = unitByName.get(key);
    if (unit !== undefined) return this.#withoutParameters({ kind: 'interval', unit }, name.text);
    return this.#parametric(key, name, depth);
  }

  expectEnd(): void {
    const token = this.#next();
    if (token.kind !== 'end') throw this.#unexpected(token, 'the end of the type');
  }

  #parametric(key: string, name: TypeToken, depth: number): DataType {
    switch (key) {
      case 'nullable':
        return this.#nullable(depth);
      case 'lowcardinality':
        return this.#inParentheses(() => this.type(depth + 1));
      case 'array':
        return { kind: 'array', element: this.#inParentheses(() => this.type(depth + 1)) };
      case 'map':
        return this.#map(depth);
      case 'tuple':
        return { kind: 'tuple', elements: this.#inParentheses(() => this.#list(() => this.#element(depth + 1))) };
      case 'nested':
        return this.#nested(depth);
      case 'fixedstring':
        return { kind: 'fixed_string', length: this.#inParentheses(() => this.#integer(1, 1 << 24, 'the length of a fixed_string')) };
      case 'datetime':
      case 'datetime32':
      case 'timestamp':
        return { kind: 'datetime', zone: this.#peekMark('(') ? this.#inParentheses(() => this.#string('a time zone')) : null };
      case 'datetime64':
        return this.#datetime64();
      case 'enum':
      case 'enum8':
      case 'enum16':
        return this.#enum(key);
      default:
        throw this.#unknown(name);
    }
  }

  #nullable(depth: number): DataType {
    const inner = this.#inParentheses(() => this.type(depth + 1));
    if (inner.kind === 'nullable') throw this.#invalid('nullable(nullable(…)) is one nullable too many');
    return { kind: 'nullable', inner };
  }

  #map(depth: number): DataType {
    return this.#inParentheses(() => {
      const key = this.type(depth + 1);
      this.#mark(',');
      return { kind: 'map', key, value: this.type(depth + 1) };
    });
  }

  #nested(depth: number): DataType {
    const elements = this.#inParentheses(() => this.#list(() => this.#element(depth + 2)));
    if (elements.some(({ name }) => name === null)) throw this.#invalid('the columns of nested(name type, …) need names');
    return { kind: 'array', element: { kind: 'tuple', elements } };
  }

  /** `type` or `name type`: a word before another word, or a quoted one, is a name. */
  #element(depth: number): { name: string | null; type: DataType } {
    const [first, second] = [this.#tokens[this.#index]!, this.#tokens[this.#index + 1]];
    const named = first.kind === 'quoted' || (first.kind === 'word' && second?.kind === 'word');
    const name = named ? this.#next().text : null;
    return { name, type: this.type(depth) };
  }

  #datetime64(): DataType {
    if (!this.#peekMark('(')) return { kind: 'datetime64', precision: 3, zone: null };
    return this.#inParentheses(() => {
      const precision = this.#integer(0, 9, 'the precision of a datetime64');
      if (!this.#peekMark(',')) return { kind: 'datetime64', precision, zone: null };
      this.#mark(',');
      return { kind: 'datetime64', precision, zone: this.#string('a time zone') };
    });
  }

  #enum(key: 'enum' | 'enum8' | 'enum16'): DataType {
    let previous = 0;
    const values = this.#inParentheses(() =>
      this.#list(() => {
        const name = this.#string('the name of an enum value');
        if (this.#peekMark('=')) {
          this.#mark('=');
          previous = this.#integer(-32768, 32767, 'an enum value');
        } else previous += 1;
        return [name, previous] as const;
      }),
    );
    for (const index of [0, 1] as const) {
      if (new Set(values.map((value) => value[index])).size < values.length)
        throw this.#invalid('the names and values of an enum must differ');
    }
    const fitsInByte = values.every(([, value]) => value >= -128 && value <= 127);
    if (key === 'enum8' && !fitsInByte) throw this.#invalid('the values of an enum8 go from -128 to 127');
    return { kind: key === 'enum16' || !fitsInByte ? 'enum16' : 'enum8', values };
  }

  #list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.#peekMark(',')) {
      this.#mark(',');
      items.push(item());
    }
    return items;
  }

  #inParentheses<T>(body: () => T): T {
    this.#mark('(');
    const result = body();
    this.#mark(')');
    return result;
  }

  /** Integers of MySQL come with a display width that means nothing, and `varchar(10)` bounds nothing: neither is taken. */
  #withoutParameters(type: DataType, name: string): DataType {
    if (this.#peekMark('(')) throw this.#invalid(`${name} takes no parameters`);
    return type;
  }

  #integer(min: number, max: number, what: string): number {
    const token = this.#next();
    const value = Number(token.text);
    if (token.kind !== 'number') throw this.#unexpected(token, what);
    if (value < min || value > max) throw this.#invalid(`${what} is ${token.text}, but goes from ${min} to ${max}`);
    return value;
  }

  #string(what: string): string {
    const token = this.#next();
    if (token.kind !== 'string') throw this.#unexpected(token, `${what} in quotes`);
    return token.text;
  }

  #mark(mark: string): void {
    const token = this.#next();
    if (token.kind !== 'mark' || token.text !== mark) throw this.#unexpected(token, `'${mark}'`);
  }

  #peekMark(mark: string): boolean {
    const token = this.#tokens[this.#index]!;
    return token.kind === 'mark' && token.text === mark;
  }

  #next(): TypeToken {
    const token = this.#tokens[this.#index]!;
    if (token.kind !== 'end') this.#index += 1;
    return token;
  }

  #unknown(name: TypeToken): MillraceError {
    if (unsupported.test(canonical(name.text))) {
      return new MillraceError('NOT_SUPPORTED', `the type ${name.text} is not supported`, { hint: 'use int64, float64 or string' });
    }
    const near = nearest(name.text, [...simpleKinds, ...Object.keys(aliases), ...parametric]);
    return new MillraceError('PLAN_TYPE_UNKNOWN', `unknown type ${name.text}`, {
      hint:
        near === undefined ? `types are ${[...simpleKinds.slice(0, -1), ...parametric.slice(0, -1)].join(', ')}` : `did you mean ${near}?`,
      details: { type: this.#text },
    });
  }

  #unexpected(token: TypeToken, expected: string): MillraceError {
    const found = token.kind === 'end' ? 'it ends' : `found ${JSON.stringify(token.text)}`;
    return new MillraceError('PLAN_TYPE_UNKNOWN', `${JSON.stringify(this.#text)} is not a type: expected ${expected}, but ${found}`);
  }

  #invalid(reason: string): MillraceError {
    return new MillraceError('PLAN_ARGUMENT_INVALID', `the type ${JSON.stringify(this.#text)} cannot be: ${reason}`);
  }
}
