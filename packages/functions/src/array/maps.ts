import { commonType, type DataType, defaultValue, removeNullable, type Value } from '@millrace/data';
import { wrongTypes, wrongValue } from '../argument-error.ts';
import { type BoundCall, bindArguments, defineFunction, perRow } from '../define-function.ts';

/** The type of what a call looks up: nullable if an argument is. */
export function elementType(call: BoundCall): DataType {
  const type = call.types[0]!;
  const element: DataType = type.kind === 'array' ? type.element : type.kind === 'map' ? type.value : { kind: 'nothing' };
  const nullable = call.args.some((argument) => argument.type.kind === 'nullable') || element.kind === 'nothing';
  return nullable ? { kind: 'nullable', inner: removeNullable(element) } : element;
}

/** The value of a key, or the type's default. */
export function mapLookup(type: DataType) {
  const missing = defaultValue(type);
  return (map: ReadonlyMap<Value, Value> | null, key: Value) => {
    if (map === null || key === null) return null;
    const value = map.get(key);
    return value === undefined ? missing : value;
  };
}

const mapSignature = '([keys_and_values any...]) -> map';

export const map = defineFunction({
  name: 'map',
  aliases: ['map_cast'],
  signature: mapSignature,
  help: 'map(key, value, key, value, …): the map of the pairs; of a key given twice the last counts.',
  examples: [
    ["map('a', 1, 'b', 2)", { a: 1, b: 2 }],
    ["map('a', 1, 'a', 2)", { a: 2 }],
    ["map('a', NULL)", { a: null }],
  ],
  see: 'ClickHouse: map',
  resolve(args) {
    bindArguments('map', mapSignature, args);
    const types = args.map((argument) => argument.type);
    if (args.length % 2 === 1) throw wrongValue('map', `there are ${args.length} arguments, but each key needs a value`);
    const key = commonType(types.filter((_, index) => index % 2 === 0));
    const value = commonType(types.filter((_, index) => index % 2 === 1));
    if (key === null || value === null || key.kind === 'nullable')
      throw wrongTypes('map', types, 'keys of one type without NULL, and values of one type');
    return {
      returns: { kind: 'map', key, value },
      argumentTypes: types.map((_, index) => (index % 2 === 0 ? key : value)),
      nulls: 'manual',
      kernel: perRow((...items: Value[]) => {
        const pairs = new Map<Value, Value>();
        for (let i = 0; i < items.length; i += 2) pairs.set(items[i]!, items[i + 1]!);
        return pairs;
      }),
    };
  },
});

export const mapElement = defineFunction({
  name: 'map_element',
  signature: '(map map(K, V), key K) -> V',
  help: 'The value of a key (also written m[key]); the type’s default if the map has not the key.',
  examples: [
    ["map_element(map('a', 1), 'a')", 1],
    ["map_element(map('a', 1), 'b')", 0],
    ["map_element(map('a', 1), NULL)", null],
  ],
  nulls: 'manual',
  returns: elementType,
  argumentTypes: ({ types }) => (types[0]!.kind === 'map' ? [types[0]!, removeNullable(types[0].key)] : types),
  kernel: ({ types }) => perRow(types[0]!.kind === 'map' ? mapLookup(types[0].value) : () => null),
  see: 'ClickHouse: arrayElement',
});

export const mapKeys = defineFunction({
  name: 'map_keys',
  signature: '(map map(K, V)) -> array(K)',
  help: 'The keys of a map, in order of insertion.',
  examples: [
    ["map_keys(map('b', 1, 'a', 2))", ['b', 'a']],
    ["length(map_keys(map('b', 1)))", 1],
    ['map_keys(NULL)', null],
  ],
  kernel: perRow((pairs: ReadonlyMap<Value, Value>) => [...pairs.keys()]),
  see: 'ClickHouse: mapKeys',
});

export const mapValues = defineFunction({
  name: 'map_values',
  signature: '(map map(K, V)) -> array(V)',
  help: 'The values of a map, in order of insertion.',
  examples: [
    ["map_values(map('b', 1, 'a', 2))", [1, 2]],
    ["map_values(map('b', 'x'))", ['x']],
    ['map_values(NULL)', null],
  ],
  kernel: perRow((pairs: ReadonlyMap<Value, Value>) => [...pairs.values()]),
  see: 'ClickHouse: mapValues',
});

export const mapContains = defineFunction({
  name: 'map_contains',
  signature: '(map map(K, V), key K) -> bool',
  help: 'True if the map has the key.',
  examples: [
    ["map_contains(map('a', 1), 'a')", true],
    ["map_contains(map('a', 1), 'b')", false],
    ["map_contains(NULL, 'a')", null],
  ],
  argumentTypes: ({ types }) => (types[0]!.kind === 'map' ? [types[0]!, removeNullable(types[0].key)] : types),
  kernel: perRow((pairs: ReadonlyMap<Value, Value>, key: Value) => pairs.has(key)),
  see: 'ClickHouse: mapContains',
});
