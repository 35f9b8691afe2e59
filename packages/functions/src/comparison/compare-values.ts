import { assert } from '@millrace/core';
import { type DataType, fromText, type Value } from '@millrace/data';

/** Negative, 0 or positive as `a` comes before, with or after `b`; both of the same type, neither NULL at the top. */
export type Compare = (a: Value, b: Value) => number;

/**
 * The order of a type's values: numbers by value (nan last), strings by bytes, ipv4 by address, enums by number, arrays and
 * tuples element by element; NULL inside them comes last.
 */
export function compareOf(type: DataType): Compare {
  switch (type.kind) {
    case 'nullable':
      return nullsLast(compareOf(type.inner));
    case 'array':
      return compareArrays(compareOf(type.element));
    case 'tuple':
      return compareTuples(type.elements.map((element) => compareOf(element.type)));
    case 'enum8':
    case 'enum16': {
      const numbers = new Map<Value, number>(type.values.map(([name, value]) => [fromText(name), value]));
      return (a, b) => numbers.get(a)! - numbers.get(b)!;
    }
    case 'ipv4':
      return (a, b) => address(a as string) - address(b as string);
    case 'map':
      return compareMaps(compareOf(type.key), compareOf(type.value));
    default:
      return comparePlain;
  }
}

/** False for types that have no order (map, json). */
export function isOrdered(type: DataType): boolean {
  switch (type.kind) {
    case 'map':
    case 'json':
      return false;
    case 'nullable':
      return isOrdered(type.inner);
    case 'array':
      return isOrdered(type.element);
    case 'tuple':
      return type.elements.every((element) => isOrdered(element.type));
    default:
      return true;
  }
}

function comparePlain(a: Value, b: Value): number {
  const [x, y] = [a as number, b as number];
  if (x < y) return -1;
  if (x > y) return 1;
  // Equal, or one of them is nan.
  return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
}

function nullsLast(compare: Compare): Compare {
  return (a, b) => (a === null || b === null ? Number(a === null) - Number(b === null) : compare(a, b));
}

function compareArrays(compare: Compare): Compare {
  return (a, b) => {
    const [x, y] = [a as readonly Value[], b as readonly Value[]];
    for (let i = 0; i < Math.min(x.length, y.length); i++) {
      const order = compare(x[i]!, y[i]!);
      if (order !== 0) return order;
    }
    return x.length - y.length;
  };
}

function compareTuples(compares: readonly Compare[]): Compare {
  return (a, b) => {
    const [x, y] = [a as readonly Value[], b as readonly Value[]];
    for (const [i, compare] of compares.entries()) {
      const order = compare(x[i]!, y[i]!);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** Maps have no order of their own; this one only tells equal from different. */
function compareMaps(compareKeys: Compare, compareItems: Compare): Compare {
  const entries = (value: Value) => {
    assert(value instanceof Map, 'a map is compared');
    return ([...value] as [Value, Value][]).sort(([a], [b]) => compareKeys(a, b));
  };
  const pairs = compareArrays((a, b) => {
    const [[k, v], [l, w]] = [a as [Value, Value], b as [Value, Value]];
    return compareKeys(k, l) || compareItems(v, w);
  });
  return (a, b) => pairs(entries(a), entries(b));
}

function address(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
