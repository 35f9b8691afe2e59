import { commonType, defaultValue, removeNullable, type Value } from '@millrace/data';
import { wrongTypes } from '../argument-error.ts';
import { bindArguments, defineFunction, inline, perRow } from '../define-function.ts';
import { elementType, mapLookup } from './maps.ts';

const arraySignature = '([elements any...]) -> array of the common type';

export const array = defineFunction({
  name: 'array',
  aliases: ['array_cast'],
  signature: arraySignature,
  help: 'The array of the arguments (also written [a, b]), in their common type.',
  examples: [
    ['[1, 2]', [1, 2]],
    ["array('a', NULL)", ['a', null]],
    ['[]', []],
    ['array_cast(1, 2.5)', [1, 2.5]],
  ],
  see: 'ClickHouse: array',
  resolve(args) {
    bindArguments('array', arraySignature, args);
    const types = args.map((argument) => argument.type);
    const element = commonType(types);
    if (element === null) throw wrongTypes('array', types, 'elements of one common type', 'convert them with to_string or cast');
    return {
      returns: { kind: 'array', element },
      argumentTypes: args.map(() => element),
      nulls: 'manual',
      kernel: inline((...elements) => `[${elements.join(', ')}]`),
    };
  },
});

export const arrayElement = defineFunction({
  name: 'array_element',
  signature: ['(items array(T), index index) -> T', '(items map(K, V), key K) -> V'],
  help: 'The element at index (from 1, negative from the end; also written a[i]), or the value of a map’s key; the type’s default if there is none.',
  examples: [
    ['[10, 20, 30][2]', 20],
    ['[10, 20, 30][-1]', 30],
    ['[10, 20, 30][9]', 0],
    ["map('a', 1)['a']", 1],
    ['[1, 2][NULL]', null],
  ],
  nulls: 'manual',
  returns: elementType,
  argumentTypes: ({ types }) => (types[0]!.kind === 'map' ? [types[0]!, removeNullable(types[0].key)] : types),
  kernel: ({ types }) => {
    const type = types[0]!;
    if (type.kind === 'map') return perRow(mapLookup(type.value));
    const missing = type.kind === 'array' ? defaultValue(type.element) : null;
    return perRow((items: readonly Value[] | null, index: number | null) => {
      if (items === null || index === null) return null;
      return items[index > 0 ? index - 1 : items.length + index] ?? (isPresent(items, index) ? null : missing);
    });
  },
  see: 'ClickHouse: arrayElement',
});

function isPresent(items: readonly Value[], index: number): boolean {
  return index !== 0 && Math.abs(index) <= items.length;
}
