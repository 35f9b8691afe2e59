import { MillraceError } from '@millrace/core';
import { type ByteString, type DataType, isTemporal, toText, type Value } from '@millrace/data';
import { wrongType } from '../argument-error.ts';
import { defineFunction, perRow } from '../define-function.ts';
import { isByteString } from '../match-signature.ts';
import { numericType } from '../numeric-type.ts';

export const hex = defineFunction({
  name: 'hex',
  signature: '(value any) -> string',
  help: 'The bytes of a string, or an integer or time as a number without leading zero bytes, or the little-endian bytes of a float, in upper-case hexadecimal.',
  examples: [
    ["hex('abc')", '616263'],
    ['hex(255)', 'FF'],
    ['hex(256)', '0100'],
    ['hex(1.0)', '000000000000F03F'],
    ['hex(NULL)', null],
  ],
  kernel: ({ types }) => perRow(hexOf(types[0]!)),
  see: 'ClickHouse: hex',
});

function hexOf(type: DataType): (value: never) => Value {
  const number = numericType(type);
  if (number?.floating) return (value: number) => floatBytes(value, number.bits).toString('hex').toUpperCase();
  if (number !== undefined || isTemporal(type)) {
    const bits = number?.bits ?? 64;
    return (value: number | bigint | boolean) => {
      const digits = BigInt.asUintN(bits, BigInt(value)).toString(16).toUpperCase();
      return digits.length % 2 === 0 ? digits : `0${digits}`;
    };
  }
  if (!isByteString(type) && type.kind !== 'nothing') throw wrongType('hex', 0, type, 'a string, number or time');
  return (value: ByteString) => Buffer.from(value, 'latin1').toString('hex').toUpperCase();
}

function floatBytes(value: number, bits: number): Buffer {
  const bytes = Buffer.alloc(bits / 8);
  if (bits === 32) bytes.writeFloatLE(value);
  else bytes.writeDoubleLE(value);
  return bytes;
}

export const unhex = defineFunction({
  name: 'unhex',
  signature: '(text string) -> string',
  help: 'The bytes that pairs of hexadecimal digits stand for; anything else is an error.',
  examples: [
    ["unhex('616263')", 'abc'],
    ["unhex(hex('ä'))", 'ä'],
    ['unhex(NULL)', null],
  ],
  kernel: perRow((text: ByteString) => {
    if (!/^(?:[0-9a-fA-F]{2})*$/.test(text))
      throw new MillraceError('DATA_CAST_FAILED', `unhex: '${toText(text)}' is not pairs of hexadecimal digits`);
    return Buffer.from(text, 'hex').toString('latin1');
  }),
  see: 'ClickHouse: unhex',
});

export const base64Encode = defineFunction({
  name: 'base64_encode',
  signature: '(text string) -> string',
  help: 'The bytes as Base64.',
  examples: [
    ["base64_encode('hello')", 'aGVsbG8='],
    ["base64_encode('')", ''],
    ['base64_encode(NULL)', null],
  ],
  kernel: perRow((text: ByteString) => Buffer.from(text, 'latin1').toString('base64')),
  see: 'ClickHouse: base64Encode',
});

export const base64Decode = defineFunction({
  name: 'base64_decode',
  signature: '(text string) -> string',
  help: 'The bytes of a Base64 text; anything else is an error.',
  examples: [
    ["base64_decode('aGVsbG8=')", 'hello'],
    ["base64_decode(base64_encode('ä'))", 'ä'],
    ['base64_decode(NULL)', null],
  ],
  kernel: perRow((text: ByteString) => {
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
      throw new MillraceError('DATA_CAST_FAILED', `base64_decode: '${toText(text)}' is no Base64`);
    }
    return Buffer.from(text, 'base64').toString('latin1');
  }),
  see: 'ClickHouse: base64Decode',
});
