import { type ByteString, commonType, createComparator, createFormatter, type DataType, removeNullable, type Value } from '@millrace/data';
import { wrongTypes } from '../argument-error.ts';
import { type BoundCall, defineFunction, perQuery, perRow } from '../define-function.ts';
import { isByteString } from '../match-signature.ts';

function elementOf(call: BoundCall): DataType {
  const type = call.types[0]!;
  return type.kind === 'array' ? type.element : { kind: 'nothing' };
}

const equalityOf = (type: DataType) => {
  const compare = createComparator(removeNullable(type));
  return (a: Value, b: Value) => (a === null || b === null ? a === b : compare(a, b) === 0);
};

export const has = defineFunction({
  name: 'has',
  signature: '(items array(T), value T) -> bool',
  help: 'True if the array holds the value (NULL is found too).',
  examples: [
    ['has([1, 2, 3], 2)', true],
    ["has(['a'], 'b')", false],
    ['has([1, NULL], NULL)', true],
    ['has(NULL, 1)', null],
  ],
  nulls: 'manual',
  returns: ({ args }) => (args[0]!.type.kind === 'nullable' ? { kind: 'nullable', inner: { kind: 'bool' } } : { kind: 'bool' }),
  kernel: (call) => {
    const equal = equalityOf(call.types[1]!);
    return perRow((items: readonly Value[] | null, value: Value) => (items === null ? null : items.some((item) => equal(item, value))));
  },
  see: 'ClickHouse: has',
});

export const indexOf = defineFunction({
  name: 'index_of',
  signature: '(items array(T), value T) -> uint64',
  help: 'The index (from 1) of the first element that is equal to the value, 0 if there is none.',
  examples: [
    ["index_of(['a', 'b'], 'b')", 2],
    ['index_of([1, 2], 5)', 0],
    ['index_of(NULL, 1)', null],
  ],
  kernel: (call) => {
    const equal = equalityOf(call.types[1]!);
    return perRow((items: readonly Value[], value: Value) => BigInt(items.findIndex((item) => equal(item, value)) + 1));
  },
  see: 'ClickHouse: indexOf',
});

export const arrayConcat = defineFunction({
  name: 'array_concat',
  signature: '(arrays T...) -> T',
  help: 'The elements of all arrays in one.',
  examples: [
    ['array_concat([1, 2], [3])', [1, 2, 3]],
    ['array_concat([1], [NULL])', [1, null]],
    ['array_concat([1], NULL)', null],
  ],
  returns: (call) => {
    const common = commonType(call.types);
    if (common === null || common.kind !== 'array') throw wrongTypes('array_concat', call.types, 'arrays');
    return common;
  },
  kernel: perRow((...arrays: (readonly Value[])[]) => arrays.flat(1) as Value[]),
  see: 'ClickHouse: arrayConcat',
});

export const arrayDistinct = defineFunction({
  name: 'array_distinct',
  signature: '(items array(T)) -> array(T)',
  help: 'The different elements in order of their first appearance.',
  examples: [
    ['array_distinct([1, 1, 2, 3, 3, 1])', [1, 2, 3]],
    ["array_distinct([['a'], ['a']])", [['a']]],
    ['array_distinct(NULL)', null],
  ],
  kernel: (call) => {
    const equal = equalityOf(elementOf(call));
    const plain = !['array', 'tuple', 'map'].includes(removeNullable(elementOf(call)).kind);
    if (plain) return perRow((items: readonly Value[]) => [...new Set(items)]);
    return perRow((items: readonly Value[]) => items.filter((item, index) => items.findIndex((other) => equal(item, other)) === index));
  },
  see: 'ClickHouse: arrayDistinct',
});

export const arrayReverse = defineFunction({
  name: 'array_reverse',
  signature: '(items array(T)) -> array(T)',
  help: 'The elements, last first.',
  examples: [
    ['array_reverse([1, 2, 3])', [3, 2, 1]],
    ['array_reverse([])', []],
    ['array_reverse(NULL)', null],
  ],
  kernel: perRow((items: readonly Value[]) => items.toReversed()),
  see: 'ClickHouse: arrayReverse',
});

export const arraySlice = defineFunction({
  name: 'array_slice',
  signature: '(items array(T), start index, [length index]) -> array(T)',
  help: 'The elements from start (from 1, negative from the end), at most length of them; a negative length leaves out that many at the end.',
  examples: [
    ['array_slice([1, 2, 3, 4, 5], 2)', [2, 3, 4, 5]],
    ['array_slice([1, 2, 3, 4, 5], 2, 3)', [2, 3, 4]],
    ['array_slice([1, 2, 3], -2, 1)', [2]],
    ['array_slice(NULL, 1)', null],
  ],
  kernel: perRow((items: readonly Value[], start: number, length = Number.POSITIVE_INFINITY) => {
    const from = start > 0 ? start - 1 : Math.max(0, items.length + start);
    return items.slice(from, Math.max(0, length < 0 ? items.length + length : from + length));
  }),
  see: 'ClickHouse: arraySlice',
});

export const arrayStringConcat = defineFunction({
  name: 'array_string_concat',
  signature: '(items array(any), [separator string]) -> string',
  help: 'The elements as text, with the separator between them; NULL elements are left out.',
  examples: [
    ["array_string_concat(['a', 'b'], ', ')", 'a, b'],
    ["array_string_concat([1, 2, 3], '-')", '1-2-3'],
    ["array_string_concat(['a', NULL, 'b'])", 'ab'],
    ["array_string_concat(NULL, ',')", null],
  ],
  kernel: (call) =>
    perQuery(({ timezone }) => {
      const type = removeNullable(elementOf(call));
      const format = isByteString(type) ? (item: Value) => item as ByteString : createFormatter(type, { timezone });
      return (items: readonly Value[], separator = '') =>
        items
          .filter((item) => item !== null)
          .map(format)
          .join(separator);
    }),
  see: 'ClickHouse: arrayStringConcat',
});
