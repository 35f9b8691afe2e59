import { isUtf8 } from 'node:buffer';
import { type ByteString, fromText, toText } from '@millrace/data';
import { defineFunction, perRow } from '../define-function.ts';

const beyondAscii = /[\x80-\xff]/;

/** Lower case of all letters of UTF-8; of bytes that are not UTF-8 only A–Z change. */
export function toLower(bytes: ByteString): ByteString {
  if (!beyondAscii.test(bytes)) return bytes.toLowerCase();
  if (!isUtf8(Buffer.from(bytes, 'latin1'))) return bytes.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return fromText(toText(bytes).toLowerCase());
}

/** Upper case, as {@link toLower}. */
export function toUpper(bytes: ByteString): ByteString {
  if (!beyondAscii.test(bytes)) return bytes.toUpperCase();
  if (!isUtf8(Buffer.from(bytes, 'latin1'))) return bytes.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  return fromText(toText(bytes).toUpperCase());
}

export const lower = defineFunction({
  name: 'lower',
  aliases: ['lcase', 'lower_utf8'],
  signature: '(text string) -> string',
  help: 'The text in lower case, letters beyond ASCII too.',
  examples: [
    ["lower('MillRace')", 'millrace'],
    ["lower('ÄÖÜ')", 'äöü'],
    ["lower('')", ''],
    ['lower(NULL)', null],
  ],
  kernel: perRow(toLower),
  see: 'ClickHouse: lowerUTF8',
});

export const upper = defineFunction({
  name: 'upper',
  aliases: ['ucase', 'upper_utf8'],
  signature: '(text string) -> string',
  help: 'The text in upper case, letters beyond ASCII too.',
  examples: [
    ["upper('MillRace')", 'MILLRACE'],
    ["upper('äöü')", 'ÄÖÜ'],
    ['upper(NULL)', null],
  ],
  kernel: perRow(toUpper),
  see: 'ClickHouse: upperUTF8',
});
