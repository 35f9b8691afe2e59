import type { DataType } from '@millrace/data';
import { isWide } from '../numeric-type.ts';

/** The text of a value as a JavaScript number. */
export function asNumber(text: string, type: DataType): string {
  return isWide(type) ? `Number(${text})` : text;
}

/** The text of an integer value as a BigInt. */
export function asBigInt(text: string, type: DataType): string {
  if (isWide(type)) return text;
  const literal = integerLiteral.exec(text);
  return literal === null ? `BigInt(${text})` : `(${literal[1]}n)`;
}

/** `5`, `-5` or `(-5)`. */
const integerLiteral = /^\(?(-?\d+)\)?$/;

/** True for the text of an integer literal. */
export function isIntegerLiteral(text: string): boolean {
  return integerLiteral.test(text);
}

/** The text of a BigInt, wrapped to a 64-bit type. */
export function wrap64(text: string, type: DataType): string {
  return `BigInt.as${type.kind === 'uint64' ? 'Uint' : 'Int'}N(64, ${text})`;
}

/** A value of an integer type of up to 64 bits, wrapped to it as two's complement does. */
export function wrapInteger(value: number | bigint, type: DataType): number | bigint {
  const bits = Number(/\d+$/.exec(type.kind)![0]);
  const wrapped = type.kind.startsWith('u') ? BigInt.asUintN(bits, BigInt(value)) : BigInt.asIntN(bits, BigInt(value));
  return bits === 64 ? wrapped : Number(wrapped);
}
