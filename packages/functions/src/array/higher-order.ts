import { MillraceError } from '@millrace/core';
import { createComparator, type DataType, isNullable, makeNullable, removeNullable, type Value } from '@millrace/data';
import { wrongCount, wrongType, wrongTypes } from '../argument-error.ts';
import { isOrdered } from '../comparison/is-ordered.ts';
import { defineFunction, perRow } from '../define-function.ts';
import type { Argument, Kernel, ResolvedFunction, ScalarFunction } from '../definition.ts';
import { numericType } from '../numeric-type.ts';

type Lambda = (...values: Value[]) => Value;

/** A function of a lambda and the arrays it runs over. */
interface HigherOrder {
  readonly name: string;
  readonly signature: string;
  readonly help: string;
  readonly examples: ScalarFunction['examples'];
  /** What the body must be: anything, a condition, or something with an order. */
  readonly body: 'any' | 'condition' | 'ordered';
  /** Given the types of the body and of the first array's elements. */
  returns(body: DataType, element: DataType): DataType;
  /** `results[i]` is the body's value for `items[i]`. */
  compute(items: readonly Value[], results: readonly Value[], body: DataType): Value;
  /** May be called without lambda: then the elements themselves stand for its results. */
  readonly lambdaOptional?: boolean;
}

function defineHigherOrder(spec: HigherOrder): ScalarFunction {
  return defineFunction({
    name: spec.name,
    signature: spec.signature,
    help: spec.help,
    examples: spec.examples,
    see: `ClickHouse: ${spec.name}`,
    lambdaParameters: (_, args) => args.slice(1).map((argument, index) => elementOf(spec, argument, index + 1)),
    resolve: (args) => resolveHigherOrder(spec, args),
  });
}

function elementOf({ name }: HigherOrder, argument: Argument, index: number): DataType {
  const type = removeNullable(argument.type);
  if (type.kind === 'nothing') return { kind: 'nullable', inner: type };
  if (type.kind !== 'array') throw wrongType(name, index, argument.type, 'an array');
  return type.element;
}

function resolveHigherOrder(spec: HigherOrder, args: readonly Argument[]): ResolvedFunction {
  const hasLambda = args[0]?.lambda !== undefined;
  const arrays = hasLambda ? args.slice(1) : args;
  if (!hasLambda && spec.lambdaOptional !== true && args[0] !== undefined)
    throw wrongType(spec.name, 0, args[0].type, `a lambda: ${spec.name}${spec.signature}`);
  if (arrays.length === 0 || (!hasLambda && arrays.length > 1)) throw wrongCount(spec.name, spec.signature, args.length);
  const elements = arrays.map((argument, index) => elementOf(spec, argument, index + (hasLambda ? 1 : 0)));
  if (hasLambda && args[0]!.lambda!.parameterCount !== arrays.length) {
    throw wrongTypes(
      spec.name,
      args.map((argument) => argument.type),
      `a lambda with one parameter for each array; it has ${args[0]!.lambda!.parameterCount}`,
    );
  }
  const body = hasLambda ? args[0]!.type : elements[0]!;
  checkBody(spec, body, args);
  const returns = spec.returns(body, elements[0]!);
  return {
    returns: arrays.some((argument) => isNullable(argument.type)) ? makeNullable(returns) : returns,
    argumentTypes: args.map((argument) => argument.type),
    nulls: 'manual',
    kernel: higherOrderKernel(spec, hasLambda, body),
  };
}

function checkBody({ name, body: needed }: HigherOrder, body: DataType, args: readonly Argument[]): void {
  const type = removeNullable(body);
  if (type.kind === 'nothing') return;
  const types = args.map((argument) => argument.type);
  if (needed === 'condition' && numericType(type) === undefined) throw wrongTypes(name, types, 'a lambda that gives a bool');
  if (needed === 'ordered' && !isOrdered(type)) throw wrongTypes(name, types, 'elements that have an order');
}

function higherOrderKernel({ name, compute }: HigherOrder, hasLambda: boolean, body: DataType): Kernel {
  if (!hasLambda) return perRow((items: readonly Value[] | null) => items && compute(items, items, body));
  return perRow((...values: Value[]) => {
    const [lambda, ...arrays] = values as unknown as [Lambda, ...(readonly Value[] | null)[]];
    if (arrays.includes(null)) return null;
    const [first, ...others] = arrays as (readonly Value[])[];
    if (others.some((other) => other.length !== first!.length)) throw differentLengths(name, arrays as (readonly Value[])[]);
    return compute(
      first!,
      first!.map((item, index) => lambda(item, ...others.map((other) => other[index]!))),
      body,
    );
  });
}

function differentLengths(name: string, arrays: readonly (readonly Value[])[]) {
  const lengths = arrays.map((items) => items.length).join(', ');
  return new MillraceError('DATA_CAST_FAILED', `${name} runs over arrays of the same length, but these have ${lengths} elements`);
}

/** True for a condition's true and for numbers but 0. */
const holds = (value: Value) => value !== null && Boolean(value);

function sortBy(items: readonly Value[], results: readonly Value[], body: DataType, direction: 1 | -1): Value[] {
  const compare = createComparator(removeNullable(body));
  const order = items.map((_, index) => index);
  order.sort((a, b) => {
    const [x, y] = [results[a]!, results[b]!];
    // NULL is last both ways.
    return x === null || y === null ? Number(x === null) - Number(y === null) : direction * compare(x, y);
  });
  return order.map((index) => items[index]!);
}

const arrayOf = (element: DataType): DataType => ({ kind: 'array', element });

/** array_map, array_filter, array_exists, array_all, array_count, array_first, array_sort, array_reverse_sort. */
export const higherOrder: readonly ScalarFunction[] = [
  defineHigherOrder({
    name: 'array_map',
    signature: '(function lambda, arrays array(any)...) -> array of what the function gives',
    help: 'The function’s results for every element; with several arrays it takes one element of each.',
    examples: [
      ['array_map(x -> x * x, [1, 2, 3])', [1, 4, 9]],
      ["array_map((x, y) -> concat(x, y), ['a', 'b'], ['c', 'd'])", ['ac', 'bd']],
      ['array_map(x -> x + 1, NULL)', null],
    ],
    body: 'any',
    returns: arrayOf,
    compute: (_, results) => results,
  }),
  defineHigherOrder({
    name: 'array_filter',
    signature: '(condition lambda, arrays array(any)...) -> array(T)',
    help: 'The elements for which the condition is true.',
    examples: [
      ['array_filter(x -> x % 2 = 0, [1, 2, 3, 4])', [2, 4]],
      ["array_filter((x, keep) -> keep, ['a', 'b'], [false, true])", ['b']],
      ['array_filter(x -> x > 1, NULL)', null],
    ],
    body: 'condition',
    returns: (_, element) => arrayOf(element),
    compute: (items, results) => items.filter((_, index) => holds(results[index]!)),
  }),
  defineHigherOrder({
    name: 'array_exists',
    signature: '([condition lambda], arrays array(any)...) -> bool',
    help: 'True if the condition is true for an element.',
    examples: [
      ['array_exists(x -> x > 2, [1, 2, 3])', true],
      ['array_exists([0, 0])', false],
      ['array_exists(x -> x > 2, NULL)', null],
    ],
    body: 'condition',
    lambdaOptional: true,
    returns: () => ({ kind: 'bool' }),
    compute: (_, results) => results.some(holds),
  }),
  defineHigherOrder({
    name: 'array_all',
    signature: '([condition lambda], arrays array(any)...) -> bool',
    help: 'True if the condition is true for every element.',
    examples: [
      ['array_all(x -> x % 2 = 0, [2, 4, 6])', true],
      ['array_all([1, 0])', false],
      ['array_all(x -> x > 2, NULL)', null],
    ],
    body: 'condition',
    lambdaOptional: true,
    returns: () => ({ kind: 'bool' }),
    compute: (_, results) => results.every(holds),
  }),
  defineHigherOrder({
    name: 'array_count',
    signature: '([condition lambda], arrays array(any)...) -> uint64',
    help: 'For how many elements the condition is true.',
    examples: [
      ['array_count(x -> x > 1, [1, 2, 3])', 2],
      ['array_count([0, 0, 1, 2])', 2],
      ['array_count(x -> x > 1, NULL)', null],
    ],
    body: 'condition',
    lambdaOptional: true,
    returns: () => ({ kind: 'uint64' }),
    compute: (_, results) => BigInt(results.filter(holds).length),
  }),
  defineHigherOrder({
    name: 'array_sort',
    signature: '([key lambda], arrays array(any)...) -> array(T)',
    help: 'The elements in ascending order, or in the order of what the function gives; NULL last.',
    examples: [
      ['array_sort([3, 2, 5, 4])', [2, 3, 4, 5]],
      ['array_sort(x -> -x, [3, 2, 5, 4])', [5, 4, 3, 2]],
      ['array_sort([2, NULL, 1])', [1, 2, null]],
    ],
    body: 'ordered',
    lambdaOptional: true,
    returns: (_, element) => arrayOf(element),
    compute: (items, results, body) => sortBy(items, results, body, 1),
  }),
  defineHigherOrder({
    name: 'array_reverse_sort',
    signature: '([key lambda], arrays array(any)...) -> array(T)',
    help: 'As array_sort, in descending order; NULL last.',
    examples: [
      ['array_reverse_sort([3, 2, 5, 4])', [5, 4, 3, 2]],
      ["array_reverse_sort(x -> length(x), ['a', 'ccc', 'bb'])", ['ccc', 'bb', 'a']],
      ['array_reverse_sort([2, NULL, 1])', [2, 1, null]],
    ],
    body: 'ordered',
    lambdaOptional: true,
    returns: (_, element) => arrayOf(element),
    compute: (items, results, body) => sortBy(items, results, body, -1),
  }),
];
