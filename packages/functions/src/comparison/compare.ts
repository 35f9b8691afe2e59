import type { DataType, Value } from '@millrace/data';
import { wrongTypes } from '../argument-error.ts';
import { bindArguments, defineFunction, inline, perRow } from '../define-function.ts';
import type { Kernel, ScalarFunction } from '../definition.ts';
import { isByteString } from '../match-signature.ts';
import { numericType } from '../numeric-type.ts';
import { compareOf, isOrdered } from './compare-values.ts';
import { comparisonTypes } from './comparison-types.ts';

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
      if (!/=/.test(symbol.replace('<=', '<').replace('>=', '>')) && !argumentTypes.every(isOrdered)) {
        throw wrongTypes(name, argumentTypes, 'types that have an order');
      }
      return { returns: { kind: 'bool' }, argumentTypes, nulls: 'propagate', kernel: comparisonKernel(comparison, argumentTypes) };
    },
  });
}

function comparisonKernel({ symbol, holds }: Comparison, [left, right]: readonly [DataType, DataType]): Kernel {
  if (isPlain(left) && isPlain(right)) {
    const equality = sameLane(left, right) ? '===' : '==';
    const text = symbol === '=' ? equality : symbol === '!=' ? equality.replace('=', '!') : symbol;
    return inline((a, b) => `(${a} ${text} ${b})`);
  }
  const compare = compareOf(left);
  return perRow((a: Value, b: Value) => holds(compare(a, b)));
}

/** True if JavaScript's own operators compare the values. */
function isPlain(type: DataType): boolean {
  if (type.kind === 'ipv4' || type.kind === 'enum8' || type.kind === 'enum16') return false;
  return type.kind !== 'array' && type.kind !== 'tuple' && type.kind !== 'map';
}

/** False where one side may be a BigInt or a boolean and the other a number: then === would be false for equal values. */
function sameLane(left: DataType, right: DataType): boolean {
  if (isByteString(left) || left.kind === right.kind) return true;
  const plain = (type: DataType) =>
    numericType(type) !== undefined && type.kind !== 'bool' && type.kind !== 'int64' && type.kind !== 'uint64';
  return plain(left) && plain(right);
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
