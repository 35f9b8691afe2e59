import { createComparator, type DataType, type Value } from '@millrace/data';
import { wrongTypes } from '../argument-error.ts';
import { asBigInt, isIntegerLiteral } from '../arithmetic/number-lane.ts';
import { bindArguments, defineFunction, inline, perRow } from '../define-function.ts';
import type { Kernel, ScalarFunction } from '../definition.ts';
import { isWide } from '../numeric-type.ts';
import { comparisonTypes } from './comparison-types.ts';
import { isOrdered } from './is-ordered.ts';

interface Comparison {
  readonly name: string;
  readonly symbol: '=' | '!=' | '<' | '<=' | '>' | '>=';
  readonly help: string;
  readonly holds: (order: number) => boolean;
}

const anyTwo = '(a any, b any) -> bool';

function defineComparison(comparison: Comparison, examples: ScalarFunction['examples']): ScalarFunction {
  const { name, symbol } = comparison;
  return defineFunction({
    name,
    signature: anyTwo,
    help: `True if a ${comparison.help} b (operator ${symbol}). Numbers compare by value across types; a constant string stands for a time, uuid, … as the other side is.`,
    examples,
    see: `ClickHouse: ${name}`,
    resolve(args) {
      bindArguments(name, anyTwo, args);
      const argumentTypes = comparisonTypes(name, args);
      if (symbol !== '=' && symbol !== '!=' && !argumentTypes.every(isOrdered)) {
        throw wrongTypes(name, argumentTypes, 'types that have an order');
      }
      return { returns: { kind: 'bool' }, argumentTypes, nulls: 'propagate', kernel: comparisonKernel(comparison, argumentTypes) };
    },
  });
}

function comparisonKernel({ symbol, holds }: Comparison, types: readonly [DataType, DataType]): Kernel {
  const isEquality = symbol === '=' || symbol === '!=';
  if (isPlain(types[0], isEquality || types[0].kind !== types[1].kind)) {
    return inline((a, b) => emitComparison(symbol, [likeOther(a!, types[0], types[1]), likeOther(b!, types[1], types[0])]));
  }
  const compare = createComparator(types[0]);
  return perRow((a: Value, b: Value) => holds(compare(a, b)));
}

/** == also where the kinds are the same: a bool may come from a lane of 0 and 1, and 1 == 1n as SQL has it. */
function emitComparison(symbol: Comparison['symbol'], [a, b]: readonly [string, string]): string {
  return `(${a} ${symbol === '=' ? '==' : symbol} ${b})`;
}

/** An integer literal beside a BigInt as a BigInt: JavaScript compares two of a kind much faster. */
function likeOther(text: string, type: DataType, other: DataType): string {
  return isWide(other) && !isWide(type) && isIntegerLiteral(text) ? asBigInt(text, type) : text;
}

/** True if JavaScript's own operators compare the values: of enums and addresses only for equality. */
function isPlain(type: DataType, equality: boolean): boolean {
  switch (type.kind) {
    case 'array':
    case 'tuple':
    case 'map':
      return false;
    case 'ipv4':
    case 'ipv6':
    case 'enum8':
    case 'enum16':
      return equality;
    default:
      return true;
  }
}

/** equals, not_equals, less, less_or_equals, greater, greater_or_equals. */
export const comparisons: readonly ScalarFunction[] = [
  defineComparison({ name: 'equals', symbol: '=', help: 'is equal to', holds: (order) => order === 0 }, [
    ['1 = 1.0', true],
    ["'a' = 'b'", false],
    ["to_date('2026-01-02') = '2026-01-02'", true],
    ['to_int64(9007199254740993) = 9007199254740992.0', false],
    ['[1, 2] = [1, 2]', true],
    ['NULL = NULL', null],
  ]),
  defineComparison({ name: 'not_equals', symbol: '!=', help: 'is not equal to', holds: (order) => order !== 0 }, [
    ['1 != 2', true],
    ["'a' <> 'a'", false],
    ['1 != NULL', null],
  ]),
  defineComparison({ name: 'less', symbol: '<', help: 'is less than', holds: (order) => order < 0 }, [
    ['1 < 2', true],
    ["'a' < 'B'", false],
    ["to_datetime('2026-01-02 00:00:00', 'UTC') < '2026-01-02 00:00:00.5'", true],
    ['NULL < 1', null],
  ]),
  defineComparison({ name: 'less_or_equals', symbol: '<=', help: 'is at most', holds: (order) => order <= 0 }, [
    ['2 <= 2', true],
    ["'b' <= 'a'", false],
    ['NULL <= 1', null],
  ]),
  defineComparison({ name: 'greater', symbol: '>', help: 'is greater than', holds: (order) => order > 0 }, [
    ['2 > 1', true],
    ['[1, 2] > [1]', true],
    ['1 > NULL', null],
  ]),
  defineComparison({ name: 'greater_or_equals', symbol: '>=', help: 'is at least', holds: (order) => order >= 0 }, [
    ['1 >= 2', false],
    ["'b' >= 'a'", true],
    ['NULL >= NULL', null],
  ]),
];
