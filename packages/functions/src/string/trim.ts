import type { ByteString } from '@millrace/data';
import { defineFunction, perRow } from '../define-function.ts';
import type { ScalarFunction } from '../definition.ts';

function defineTrim(
  name: string,
  aliases: readonly string[],
  sides: string,
  trim: (text: ByteString, characters: ByteString) => ByteString,
  examples: ScalarFunction['examples'],
) {
  return defineFunction({
    name,
    aliases,
    signature: '(text string, [characters string]) -> string',
    help: `The text without spaces, or without any of the given characters (bytes), ${sides}.`,
    examples,
    kernel: perRow((text: ByteString, characters = ' ') => trim(text, characters)),
    see: `ClickHouse: ${name}`,
  });
}

function trimStart(text: ByteString, characters: ByteString): ByteString {
  let start = 0;
  while (start < text.length && characters.includes(text[start]!)) start++;
  return text.slice(start);
}

function trimEnd(text: ByteString, characters: ByteString): ByteString {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

export const trim = defineTrim(
  'trim',
  ['trim_both'],
  'at both ends',
  (text, characters) => trimEnd(trimStart(text, characters), characters),
  [
    ["trim('  a b  ')", 'a b'],
    ["trim('xxaxx', 'x')", 'a'],
    ['trim(NULL)', null],
  ],
);
export const trimLeft = defineTrim('ltrim', ['trim_left'], 'at the start', trimStart, [
  ["ltrim('  a ')", 'a '],
  ["ltrim('--a-', '-')", 'a-'],
  ['ltrim(NULL)', null],
]);
export const trimRight = defineTrim('rtrim', ['trim_right'], 'at the end', trimEnd, [
  ["rtrim('  a ')", '  a'],
  ["rtrim('-a--', '-')", '-a'],
  ['rtrim(NULL)', null],
]);
