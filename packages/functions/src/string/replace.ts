import type { ByteString } from '@millrace/data';
import { defineFunction, perRow } from '../define-function.ts';
import { charactersOf } from './characters.ts';

export const replace = defineFunction({
  name: 'replace',
  aliases: ['replace_all'],
  signature: '(text string, pattern string, replacement string) -> string',
  help: 'The text with every occurrence of pattern replaced; an empty pattern changes nothing.',
  examples: [
    ["replace('aabc', 'a', 'z')", 'zzbc'],
    ["replace('abc', '', 'z')", 'abc'],
    ["replace('a$b', '$', '$&')", 'a$&b'],
    ["replace(NULL, 'a', 'b')", null],
  ],
  kernel: perRow((text: ByteString, pattern: ByteString, replacement: ByteString) =>
    pattern === '' ? text : text.replaceAll(pattern, () => replacement),
  ),
  see: 'ClickHouse: replaceAll',
});

export const replaceOne = defineFunction({
  name: 'replace_one',
  signature: '(text string, pattern string, replacement string) -> string',
  help: 'The text with the first occurrence of pattern replaced; an empty pattern changes nothing.',
  examples: [
    ["replace_one('abca', 'a', 'z')", 'zbca'],
    ["replace_one('abc', 'x', 'z')", 'abc'],
    ["replace_one(NULL, 'a', 'b')", null],
  ],
  kernel: perRow((text: ByteString, pattern: ByteString, replacement: ByteString) =>
    pattern === '' ? text : text.replace(pattern, () => replacement),
  ),
  see: 'ClickHouse: replaceOne',
});

export const splitByString = defineFunction({
  name: 'split_by_string',
  aliases: ['split_by_char'],
  signature: '(separator string, text string) -> array(string)',
  help: 'The pieces of text between the separators; an empty separator gives its characters.',
  examples: [
    ["split_by_string('b', 'abcbxby')", ['a', 'c', 'x', 'y']],
    ["split_by_string(', ', 'a, b,c')", ['a', 'b,c']],
    ["split_by_string('', 'äb')", ['ä', 'b']],
    ["split_by_string(',', NULL)", null],
  ],
  kernel: perRow((separator: ByteString, text: ByteString) => (separator === '' ? charactersOf(text) : text.split(separator))),
  see: 'ClickHouse: splitByString',
});
