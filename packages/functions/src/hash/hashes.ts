import { createHash } from 'node:crypto';
import type { ByteString, DataType, Value } from '@millrace/data';
import { defineFunction, perRow } from '../define-function.ts';
import { hashesOf } from './hash-values.ts';

export const cityHash = defineFunction({
  name: 'city_hash64',
  signature: '(values any...) -> uint64',
  help: 'A fast hash that is no secret, the same as ClickHouse’s cityHash64 for the same strings, numbers, times, and arrays and tuples of them.',
  examples: [
    ["city_hash64('')", '11160318154034397263'],
    ["city_hash64('Moscow') = city_hash64('Moscow')", true],
    ["city_hash64('a', 1) = city_hash64('a', 2)", false],
    ["city_hash64('a', NULL)", null],
  ],
  kernel: ({ types }) => {
    const hash = types.some((type) => type.kind === 'nothing') ? () => 0n : hashesOf(types);
    return perRow((...values: Value[]) => hash(values));
  },
  see: 'ClickHouse: cityHash64',
});

function defineDigest(name: string, algorithm: string, length: number, example: string) {
  return defineFunction({
    name,
    signature: `(text string) -> the ${length} bytes of the digest`,
    help: `The ${algorithm.toUpperCase()} digest as fixed_string(${length}); hex() makes it readable.`,
    examples: [
      [`lower(hex(${name}('abc')))`, example],
      [`length(${name}(''))`, length],
      [`${name}(NULL)`, null],
    ],
    returns: (): DataType => ({ kind: 'fixed_string', length }),
    kernel: perRow((text: ByteString) => createHash(algorithm).update(text, 'latin1').digest().toString('latin1')),
    see: `ClickHouse: ${name.toUpperCase()}`,
  });
}

export const digests = [
  defineDigest('md5', 'md5', 16, '900150983cd24fb0d6963f7d28e17f72'),
  defineDigest('sha1', 'sha1', 20, 'a9993e364706816aba3e25717850c26c9cd0d89d'),
  defineDigest('sha256', 'sha256', 32, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
];
