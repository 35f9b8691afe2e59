import { fromText } from './byte-string.ts';
import { ipv4Number, ipv6Groups } from './cast/address-text.ts';
import type { Value } from './column.ts';
import type { DataType } from './data-type.ts';

/** Negative, zero or positive as `a` stands before, with or after `b`. */
export type Comparator = (a: Value, b: Value) => number;

/**
 * Orders two values of a type. Numbers by value, nan after all of them; strings by bytes; enums by their numbers, addresses by
 * theirs; arrays and tuples element by element, the shorter first; maps entry by entry. NULL comes after everything else:
 * who wants it elsewhere (NULLS FIRST, descending order) looks for it first.
 */
export function compareValues(a: Value, b: Value, type: DataType): number {
  return createComparator(type)(a, b);
}

/** {@link compareValues} for many values of one type. */
export function createComparator(type: DataType): Comparator {
  const inner = type.kind === 'nullable' ? type.inner : type;
  const compare = plainComparator(inner);
  return (a, b) => {
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return compare(a, b);
  };
}

function plainComparator(type: DataType): Comparator {
  switch (type.kind) {
    case 'float32':
    case 'float64':
      return (a, b) => compareFloats(a as number, b as number);
    case 'enum8':
    case 'enum16': {
      const numbers = new Map<Value, number>(type.values.map(([name, value]) => [fromText(name), value]));
      return (a, b) => numbers.get(a)! - numbers.get(b)!;
    }
    case 'ipv4':
      return (a, b) => ipv4Number(a as string)! - ipv4Number(b as string)!;
    case 'ipv6':
      return (a, b) => compareLists(ipv6Groups(a as string)!, ipv6Groups(b as string)!, () => comparePlain);
    case 'array': {
      const element = createComparator(type.element);
      return (a, b) => compareLists(a as readonly Value[], b as readonly Value[], () => element);
    }
    case 'tuple': {
      const elements = type.elements.map((element) => createComparator(element.type));
      return (a, b) => compareLists(a as readonly Value[], b as readonly Value[], (i) => elements[i]!);
    }
    case 'map': {
      const [key, value] = [createComparator(type.key), createComparator(type.value)];
      const entry: Comparator = (a, b) => compareLists(a as readonly Value[], b as readonly Value[], (i) => (i === 0 ? key : value));
      return (a, b) => compareLists([...(a as ReadonlyMap<Value, Value>)], [...(b as ReadonlyMap<Value, Value>)], () => entry);
    }
    default:
      return comparePlain;
  }
}

function comparePlain(a: Value, b: Value): number {
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}

function compareFloats(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

function compareLists(a: readonly Value[], b: readonly Value[], comparatorAt: (index: number) => Comparator): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = comparatorAt(i)(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** A primitive that is the same (as a Map sees it) for equal values of one type: for composites an encoding, else the value itself. */
export function valueKey(value: Value): string | number | bigint | boolean | null {
  if (typeof value !== 'object' || value === null) return value;
  return encode(value);
}

/** Each part with its length, so that no two different values run together. */
function encode(value: Value): string {
  if (value === null) return '_';
  if (typeof value === 'string') return `s${value.length}:${value}`;
  if (typeof value !== 'object') return `${(typeof value)[0]}${value === 0 ? 0 : String(value)};`;
  const parts = value instanceof Map ? [...value].flat() : (value as readonly Value[]);
  return `${value instanceof Map ? 'm' : 'l'}${parts.length}:${parts.map(encode).join('')}`;
}
