import { inspect } from 'node:util';
import {
  canonicalIpv4,
  canonicalIpv6,
  canonicalUuid,
  type DataType,
  formatDataType,
  fromText,
  integerRange,
  type Value as StoredValue,
} from '@millrace/data';
import { ticksOfMs } from './sdk-value.ts';

/** A value that a column cannot hold. The message says what was given and what is legal. */
export class ValueRefused extends Error {}

/** Turns what a plugin gave, which is not null, into a value of a type. @throws {ValueRefused} */
export type ValueWriter = (value: unknown) => StoredValue;

/** Farther from the epoch there are no times, neither in JavaScript. */
const mostMs = 8.64e15;

/** How what plugins give becomes values of a type. NULL passes where the type is nullable. */
export function storedValueWriter(type: DataType): ValueWriter {
  const refuse = (value: unknown, legal: string): never => {
    throw new ValueRefused(`${describeValue(value)} is no ${formatDataType(type)}: ${legal}`);
  };
  switch (type.kind) {
    case 'nullable': {
      const write = storedValueWriter(type.inner);
      return (value) => (value === null || value === undefined ? null : write(value));
    }
    case 'bool':
      return (value) => (typeof value === 'boolean' ? value : refuse(value, 'it is true or false'));
    case 'float64':
      return (value) => (typeof value === 'number' ? value : refuse(value, 'it is a number'));
    case 'float32':
      return (value) => (typeof value === 'number' ? Math.fround(value) : refuse(value, 'it is a number'));
    case 'int64':
    case 'uint64':
      return bigIntWriter(type, refuse);
    case 'date':
    case 'datetime':
      return timeWriter(type, refuse);
    case 'datetime64':
      return type.precision > 6 ? bigIntWriter({ kind: 'int64' }, refuse) : timeWriter(type, refuse);
    case 'array': {
      const element = elementWriter(type.element);
      return (value) => (Array.isArray(value) ? value.map(element) : refuse(value, 'it is an array'));
    }
    case 'tuple': {
      const elements = type.elements.map((each) => elementWriter(each.type));
      return (value) =>
        Array.isArray(value) && value.length === elements.length
          ? elements.map((write, i) => write(value[i]))
          : refuse(value, `it is an array of ${elements.length}`);
    }
    case 'map': {
      const [key, item] = [elementWriter(type.key), elementWriter(type.value)];
      return (value) => (value instanceof Map ? new Map([...value].map(([k, v]) => [key(k), item(v)])) : refuse(value, 'it is a Map'));
    }
    case 'nothing':
    case 'interval':
      return (value) => refuse(value, 'it is always null');
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return integerWriter(type, refuse);
    default: {
      const check = textCheck(type);
      return (value) => (typeof value === 'string' ? check(value, refuse) : refuse(value, 'it is a string'));
    }
  }
}

type Refuse = (value: unknown, legal: string) => never;

function elementWriter(type: DataType): ValueWriter {
  const write = storedValueWriter(type);
  // null in a type that takes none is told by its own rule.
  return (value) => write(value);
}

function integerWriter(type: DataType, refuse: Refuse): ValueWriter {
  const range = integerRange(type);
  const [min, max] = [Number(range.min), Number(range.max)];
  const legal = `it is a whole number from ${min} to ${max}`;
  return (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max ? (value as number) : refuse(value, legal);
}

function bigIntWriter(type: DataType, refuse: Refuse): ValueWriter {
  const { min, max } = integerRange(type);
  const legal = `it is a bigint from ${min} to ${max}, or a whole number up to 2^53`;
  return (value) => {
    const whole = typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
    return whole !== undefined && whole >= min && whole <= max ? whole : refuse(value, legal);
  };
}

function timeWriter(type: DataType, refuse: Refuse): ValueWriter {
  return (value) =>
    typeof value === 'number' && Math.abs(value) <= mostMs
      ? ticksOfMs(value, type)
      : refuse(value, `it is a number of milliseconds since the epoch, at most ${mostMs} away from it`);
}

function textCheck(type: DataType): (text: string, refuse: Refuse) => string {
  switch (type.kind) {
    case 'fixed_string':
      return (text, refuse) => {
        const bytes = fromText(text);
        return bytes.length <= type.length ? bytes.padEnd(type.length, '\0') : refuse(text, `it has at most ${type.length} bytes`);
      };
    case 'uuid':
      return (text, refuse) => canonicalUuid(text) ?? refuse(text, 'it is a text like 61f0c404-5cb3-11e7-907b-a6006ad3dba0');
    case 'ipv4':
      return (text, refuse) => canonicalIpv4(text) ?? refuse(text, 'it is a text like 192.0.2.1');
    case 'ipv6':
      return (text, refuse) => canonicalIpv6(text) ?? refuse(text, 'it is a text like 2001:db8::1');
    case 'enum8':
    case 'enum16': {
      const names = new Set(type.values.map(([name]) => name));
      return (text, refuse) => (names.has(text) ? fromText(text) : refuse(text, `it is ${[...names].join(', ')}`));
    }
    case 'json':
      return (text, refuse) => (isJson(text) ? fromText(text) : refuse(text, 'it is a JSON text'));
    default:
      return fromText;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A value in an error message, cut short. Never throws. */
export function describeValue(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: 1,
      breakLength: Number.POSITIVE_INFINITY,
      maxStringLength: 60,
      maxArrayLength: 5,
      customInspect: false,
    });
    return text.length > 120 ? `${text.slice(0, 117)}…` : text;
  } catch {
    return `a ${typeof value}`;
  }
}
