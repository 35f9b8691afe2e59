import type { ByteString } from '@millrace/data';
import { defineFunction, inline, perRow } from '../define-function.ts';
import { countCharacters } from './characters.ts';

export const length = defineFunction({
  name: 'length',
  aliases: ['octet_length', 'array_length', 'cardinality'],
  signature: '(value string|array(any)|map(any, any)) -> uint64',
  help: 'The length of a string in bytes, of an array in elements, of a map in pairs.',
  examples: [
    ["length('millrace')", 8],
    ["length('ä')", 2],
    ['array_length([1, 2, 3])', 3],
    ['length(NULL)', null],
  ],
  kernel: ({ types }) => inline((value) => `BigInt(${value}.${types[0]!.kind === 'map' ? 'size' : 'length'})`),
  see: 'ClickHouse: length',
});

export const lengthUtf8 = defineFunction({
  name: 'length_utf8',
  aliases: ['char_length', 'character_length'],
  signature: '(text string) -> uint64',
  help: 'The length of a string in characters.',
  examples: [
    ["length_utf8('millrace')", 8],
    ["length_utf8('äöü')", 3],
    ["char_length('')", 0],
    ['length_utf8(NULL)', null],
  ],
  kernel: perRow((text: ByteString) => BigInt(countCharacters(text))),
  see: 'ClickHouse: lengthUTF8',
});

export const empty = defineFunction({
  name: 'empty',
  signature: '(value string|array(any)|map(any, any)) -> bool',
  help: 'True if a string, array or map holds nothing.',
  examples: [
    ["empty('')", true],
    ['empty([1])', false],
    ['empty(NULL)', null],
  ],
  kernel: ({ types }) => inline((value) => `(${value}.${types[0]!.kind === 'map' ? 'size' : 'length'} === 0)`),
  see: 'ClickHouse: empty',
});

export const notEmpty = defineFunction({
  name: 'not_empty',
  signature: '(value string|array(any)|map(any, any)) -> bool',
  help: 'True if a string, array or map holds something.',
  examples: [
    ["not_empty('')", false],
    ['not_empty([1])', true],
    ['not_empty(NULL)', null],
  ],
  kernel: ({ types }) => inline((value) => `(${value}.${types[0]!.kind === 'map' ? 'size' : 'length'} !== 0)`),
  see: 'ClickHouse: notEmpty',
});
