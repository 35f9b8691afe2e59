import type { ByteString, Value } from '../column.ts';
import type { DataType } from '../data-type.ts';
import { formatDate, formatDateTime } from '../time/format-date-time.ts';
import { zoneOfType } from '../time/ticks.ts';
import { precisionOf } from '../type/type-predicates.ts';
import { formatFloat32, formatFloat64 } from './number-text.ts';

/** What conversions to and from text must know of their surroundings. */
export interface CastOptions {
  /** The server's time zone: stands where a date-time type names none. */
  readonly timezone: string;
  /** True: an integer that its type does not hold, or a fraction for an integer, is refused; otherwise it wraps, or loses its fraction, as in CAST. */
  readonly exactIntegers?: boolean;
}

/** The text of a value as SQL and CSV show it: `1.5`, `2026-01-01 00:00:00.123`, `['a','b']`, `{'k':1}`, `(1,'x')`, `NULL`. */
export function formatValue(value: Value, type: DataType, options: CastOptions): ByteString {
  return createFormatter(type, options)(value);
}

/** {@link formatValue} for many values of one type. */
export function createFormatter(type: DataType, options: CastOptions): (value: Value) => ByteString {
  switch (type.kind) {
    case 'nullable': {
      const inner = createFormatter(type.inner, options);
      return (value) => (value === null ? 'NULL' : inner(value));
    }
    case 'nothing':
      return () => 'NULL';
    case 'float32':
      return (value) => formatFloat32(value as number);
    case 'float64':
      return (value) => formatFloat64(value as number);
    case 'date':
      return (value) => formatDate(value as number);
    case 'datetime':
    case 'datetime64': {
      const [precision, zone] = [precisionOf(type), zoneOfType(type, options.timezone)];
      return (value) => formatDateTime(value as number | bigint, precision, zone);
    }
    case 'array': {
      const element = createElementFormatter(type.element, options);
      return (value) => `[${(value as readonly Value[]).map(element).join(',')}]`;
    }
    case 'tuple': {
      const elements = type.elements.map((element) => createElementFormatter(element.type, options));
      return (value) => `(${(value as readonly Value[]).map((item, i) => elements[i]!(item)).join(',')})`;
    }
    case 'map': {
      const [key, item] = [createElementFormatter(type.key, options), createElementFormatter(type.value, options)];
      return (value) => `{${[...(value as ReadonlyMap<Value, Value>)].map(([k, v]) => `${key(k)}:${item(v)}`).join(',')}}`;
    }
    default:
      return String;
  }
}

/** Inside arrays, tuples and maps all but numbers, bools and composites stand in quotes. */
function createElementFormatter(type: DataType, options: CastOptions): (value: Value) => ByteString {
  const plain = createFormatter(type.kind === 'nullable' ? type.inner : type, options);
  if (!isQuoted(type.kind === 'nullable' ? type.inner : type)) return (value) => (value === null ? 'NULL' : plain(value));
  return (value) => (value === null ? 'NULL' : quoteText(plain(value)));
}

function isQuoted(type: DataType): boolean {
  return !/^(?:u?int|float|bool|array|tuple|map|nothing|interval)/.test(type.kind);
}

const escapes: Readonly<Record<string, string>> = {
  "'": "\\'",
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
};

/** A string as a SQL literal: in single quotes, with backslash escapes. */
export function quoteText(text: string): string {
  return `'${text.replace(/['\\\n\r\t\0\b\f]/g, (char) => escapes[char]!)}'`;
}
