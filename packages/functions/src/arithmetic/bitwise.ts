import { type BoundCall, defineFunction, perRow } from '../define-function.ts';
import type { ScalarFunction } from '../definition.ts';
import { integerOf, numericType } from '../numeric-type.ts';
import { wrapInteger } from './number-lane.ts';

function defineBitwise(name: string, help: string, combine: (a: bigint, b: bigint) => bigint, examples: ScalarFunction['examples']) {
  return defineFunction({
    name,
    signature: '(a integer, b integer) -> the wider type, signed if either is',
    help,
    examples,
    returns: bitwiseType,
    kernel: ({ returns }) => perRow((a: number | bigint, b: number | bigint) => wrapInteger(combine(BigInt(a), BigInt(b)), returns)),
    see: `ClickHouse: ${name}`,
  });
}

function bitwiseType({ types }: BoundCall) {
  const [a, b] = [numericType(types[0]!)!, numericType(types[1]!)!];
  return integerOf(a.signed || b.signed, Math.max(a.bits, b.bits));
}

/** bit_and, bit_or, bit_xor. */
export const bitwise: readonly ScalarFunction[] = [
  defineBitwise('bit_and', 'Bitwise and.', (a, b) => a & b, [
    ['bit_and(12, 10)', 8],
    ['bit_and(-1, 255)', -1],
    ['bit_and(NULL, 1)', null],
  ]),
  defineBitwise('bit_or', 'Bitwise or.', (a, b) => a | b, [
    ['bit_or(12, 10)', 14],
    ['bit_or(0, 0)', 0],
    ['bit_or(NULL, 1)', null],
  ]),
  defineBitwise('bit_xor', 'Bitwise exclusive or.', (a, b) => a ^ b, [
    ['bit_xor(12, 10)', 6],
    ['bit_xor(7, 7)', 0],
    ['bit_xor(1, NULL)', null],
  ]),
];
