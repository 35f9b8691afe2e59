import { MillraceError } from '@millrace/core';
import type { ByteString, Value } from '@millrace/data';
import { defineFunction, inline, perRow } from '../define-function.ts';
import { charactersOf } from './characters.ts';

export const substring = defineFunction({
  name: 'substring',
  aliases: ['substr', 'mid'],
  signature: '(text string, start index, [length index]) -> string',
  help: 'The bytes from start (1 is the first, -1 the last), at most length of them; a negative length counts from the end. Start 0 gives the empty string.',
  examples: [
    ["substring('millrace', 5)", 'race'],
    ["substring('millrace', 1, 4)", 'mill'],
    ["substring('millrace', -4, 2)", 'ra'],
    ["substring('millrace', 2, -1)", 'illrac'],
    ["substring('millrace', NULL)", null],
  ],
  kernel: perRow(substringOf),
  see: 'ClickHouse: substring',
});

/** See {@link substring}. A negative start before the first byte takes up length without giving bytes, as in ClickHouse. */
export function substringOf(text: ByteString, start: number, length = Number.POSITIVE_INFINITY): ByteString {
  if (start === 0) return '';
  const from = start > 0 ? start - 1 : text.length + start;
  const to = length < 0 ? text.length + length : from + length;
  return text.slice(Math.max(0, from), Math.max(0, to));
}

export const left = defineFunction({
  name: 'left',
  signature: '(text string, length index) -> string',
  help: 'The first bytes of a text; a negative length leaves out that many at the end.',
  examples: [
    ["left('millrace', 4)", 'mill'],
    ["left('millrace', -1)", 'millrac'],
    ['left(NULL, 1)', null],
  ],
  kernel: perRow((text: ByteString, length: number) => text.slice(0, length)),
  see: 'ClickHouse: left',
});

export const right = defineFunction({
  name: 'right',
  signature: '(text string, length index) -> string',
  help: 'The last bytes of a text; a negative length leaves out that many at the start.',
  examples: [
    ["right('millrace', 4)", 'race'],
    ["right('millrace', -1)", 'illrace'],
    ['right(NULL, 1)', null],
  ],
  kernel: perRow((text: ByteString, length: number) => (length < 0 ? text.slice(-length) : text.slice(Math.max(0, text.length - length)))),
  see: 'ClickHouse: right',
});

export const position = defineFunction({
  name: 'position',
  aliases: ['locate'],
  signature: '(haystack string, needle string, [start index]) -> uint64',
  help: 'Byte offset (from 1) of the first occurrence of needle at or after start, 0 if there is none.',
  examples: [
    ["position('millrace', 'race')", 5],
    ["position('', 'x')", 0],
    ["position('abab', 'ab', 2)", 3],
    ["position(NULL, 'x')", null],
  ],
  kernel: perRow((haystack: ByteString, needle: ByteString, start = 1) => BigInt(haystack.indexOf(needle, Math.max(1, start) - 1) + 1)),
  see: 'ClickHouse: position',
});

export const startsWith = defineFunction({
  name: 'starts_with',
  signature: '(text string, prefix string) -> bool',
  help: 'True if the text starts with prefix.',
  examples: [
    ["starts_with('millrace', 'mill')", true],
    ["starts_with('millrace', 'race')", false],
    ["starts_with(NULL, 'a')", null],
  ],
  kernel: inline((text, prefix) => `${text}.startsWith(${prefix})`),
  see: 'ClickHouse: startsWith',
});

export const endsWith = defineFunction({
  name: 'ends_with',
  signature: '(text string, suffix string) -> bool',
  help: 'True if the text ends with suffix.',
  examples: [
    ["ends_with('millrace', 'race')", true],
    ["ends_with('millrace', 'mill')", false],
    ["ends_with('a', NULL)", null],
  ],
  kernel: inline((text, suffix) => `${text}.endsWith(${suffix})`),
  see: 'ClickHouse: endsWith',
});

const maxRepeatedBytes = 64 * 1024 * 1024;

export const repeat = defineFunction({
  name: 'repeat',
  signature: '(text string, count index) -> string',
  help: 'The text count times; empty if count is not positive. The result may have at most 64 MiB.',
  examples: [
    ["repeat('ab', 3)", 'ababab'],
    ["repeat('ab', -1)", ''],
    ["repeat('ab', NULL)", null],
  ],
  kernel: perRow((text: ByteString, count: number) => {
    if (text.length * count > maxRepeatedBytes) {
      throw new MillraceError(
        'QUERY_MEMORY_EXCEEDED',
        `repeat would make a string of ${text.length * count} bytes; the limit is ${maxRepeatedBytes}`,
      );
    }
    return count > 0 ? text.repeat(count) : '';
  }),
  see: 'ClickHouse: repeat',
});

export const reverse = defineFunction({
  name: 'reverse',
  signature: ['(text string) -> string', '(items array(T)) -> array(T)'],
  help: 'The characters of a text, or the elements of an array, last first.',
  examples: [
    ["reverse('abc')", 'cba'],
    ["reverse('ä!')", '!ä'],
    ['reverse([1, 2, 3])', [3, 2, 1]],
    ['reverse(NULL)', null],
  ],
  kernel: ({ types }) =>
    types[0]!.kind === 'array'
      ? perRow((items: readonly Value[]) => items.toReversed())
      : perRow((text: ByteString) => charactersOf(text).reverse().join('')),
  see: 'ClickHouse: reverseUTF8',
});
