import { castValue, createComparator, type DataType, removeNullable, type Value } from '@millrace/data';
import { wrongType } from '../argument-error.ts';
import { bindArguments, defineFunction, perRow } from '../define-function.ts';
import type { Argument, ResolvedFunction, ScalarFunction } from '../definition.ts';
import { numericType } from '../numeric-type.ts';
import { comparisonTypes } from './comparison-types.ts';

const signature = '(value any, list array(any)) -> bool';

function defineMembership(name: string, expected: boolean, help: string, examples: ScalarFunction['examples']): ScalarFunction {
  return defineFunction({
    name,
    signature,
    help,
    examples,
    see: 'ClickHouse: IN',
    resolve: (args) => resolveMembership(name, expected, args),
  });
}

function resolveMembership(name: string, expected: boolean, args: readonly Argument[]): ResolvedFunction {
  bindArguments(name, signature, args);
  const list = removeNullable(args[1]!.type);
  if (list.kind !== 'array') throw wrongType(name, 1, list, 'an array');
  const constant = args[1]!.constant?.value;
  const types = memberTypes(name, args[0]!, list.element, constant as readonly Value[] | undefined);
  const returns: DataType = { kind: 'bool' };
  if (constant === undefined || constant === null) {
    const compare = createComparator(removeNullable(types.value));
    return {
      returns,
      argumentTypes: [types.value, { kind: 'array', element: types.element }],
      nulls: 'propagate',
      kernel: perRow(
        (value: Value, items: readonly Value[]) => items.some((item) => item !== null && compare(value, item) === 0) === expected,
      ),
    };
  }
  const contains = memberTest(
    types.value,
    (constant as readonly Value[]).map((item) => convert(item, list.element, types.element)),
  );
  return {
    returns,
    argumentTypes: [types.value, list],
    nulls: 'propagate',
    kernel: perRow((value: Value) => contains(value) === expected),
  };
}

/** The types in which the value and the elements are compared; each constant string of the list is checked. */
function memberTypes(name: string, value: Argument, element: DataType, items: readonly Value[] | undefined) {
  const constants = items?.filter((item) => item !== null).map((item) => ({ type: element, constant: { value: item } })) ?? [];
  const elements: readonly Argument[] = constants.length > 0 ? constants : [{ type: element }];
  const pairs = elements.map((item) => comparisonTypes(name, [value, item]));
  // The finest of the types, where texts with and without fractions of a second stand side by side.
  const [first, ...rest] = pairs;
  const widest = rest.reduce((widest, pair) => (precision(pair[0]) > precision(widest[0]) ? pair : widest), first!);
  return { value: widest[0], element: widest[1] };
}

const precision = (type: DataType) => (type.kind === 'datetime64' ? type.precision : type.kind === 'datetime' ? 0 : -1);

function convert(item: Value, from: DataType, to: DataType): Value {
  if (item === null || numericType(removeNullable(from)) !== undefined) return item;
  return castValue(item, removeNullable(from), to, { timezone: 'UTC' });
}

/** NULL in the list matches nothing. */
function memberTest(type: DataType, items: readonly Value[]): (value: Value) => boolean {
  const present = items.filter((item) => item !== null);
  if (type.kind === 'array' || type.kind === 'tuple' || type.kind === 'map') {
    const compare = createComparator(type);
    return (value) => present.some((item) => compare(value, item) === 0);
  }
  const members = new Set(present.map(memberKey));
  return (value) => members.has(memberKey(value));
}

/** Equal numbers have the same key, whether they are number, BigInt or bool. */
function memberKey(value: Value): Value {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'bigint')
    return BigInt(Number.MIN_SAFE_INTEGER) <= value && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
}

export const isIn = defineMembership(
  'in',
  true,
  'True if value is equal to an element of the list (operator IN); NULL in the list matches nothing.',
  [
    ['2 IN (1, 2, 3)', true],
    ["'x' IN ('a', 'b')", false],
    ["to_date('2026-01-02') IN ('2026-01-01', '2026-01-02')", true],
    ['NULL IN (1, 2)', null],
    ['3 IN (1, NULL)', false],
  ],
);

export const isNotIn = defineMembership('not_in', false, 'True if value is equal to no element of the list (operator NOT IN).', [
  ['2 NOT IN (1, 2, 3)', false],
  ["'x' NOT IN ('a', 'b')", true],
  ['NULL NOT IN (1, 2)', null],
]);
