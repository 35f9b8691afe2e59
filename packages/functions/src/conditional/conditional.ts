import { commonType, createComparator, type DataType, isNullable, makeNullable, removeNullable, type Value } from '@millrace/data';
import { wrongCount, wrongTypes } from '../argument-error.ts';
import { bindArguments, defineFunction, inline, perRow } from '../define-function.ts';
import type { Argument, ResolvedFunction } from '../definition.ts';

const ifSignature = '(condition bool, then any, otherwise any) -> the common type';

export const conditional = defineFunction({
  name: 'if',
  signature: ifSignature,
  help: '`then` if the condition is true, `otherwise` if it is false or NULL; only the chosen one is computed.',
  examples: [
    ["if(1 < 2, 'yes', 'no')", 'yes'],
    ['if(0, 1, 2.5)', 2.5],
    ["if(NULL, 'yes', 'no')", 'no'],
    ['if(true, NULL, 1)', null],
  ],
  see: 'ClickHouse: if',
  resolve(args) {
    bindArguments('if', ifSignature, args);
    return resolveBranches('if', args);
  },
});

const multiIfSignature = '(condition bool, then any, [more any...]) -> the common type';

export const multiIf = defineFunction({
  name: 'multi_if',
  aliases: ['case_when'],
  signature: multiIfSignature,
  help: 'multi_if(condition, value, condition, value, …, otherwise): the value behind the first true condition. CASE WHEN is the same.',
  examples: [
    ["multi_if(1 > 2, 'a', 2 > 1, 'b', 'c')", 'b'],
    ["CASE WHEN false THEN 'a' ELSE 'b' END", 'b'],
    ["multi_if(NULL, 'a', 'b')", 'b'],
    ['multi_if(true, NULL, 1)', null],
  ],
  see: 'ClickHouse: multiIf',
  resolve(args) {
    bindArguments('multi_if', multiIfSignature, args);
    if (args.length % 2 === 0)
      throw wrongCount('multi_if', ' (condition, value, …, otherwise) with an odd number of arguments', args.length);
    return resolveBranches('multi_if', args);
  },
});

/** `condition, value, …, otherwise`. */
function resolveBranches(name: string, args: readonly Argument[]): ResolvedFunction {
  const isCondition = (index: number) => index % 2 === 0 && index < args.length - 1;
  const conditions = args.filter((_, index) => isCondition(index));
  bindArguments(name, '(conditions bool...) -> bool', conditions);
  const returns = commonOf(
    name,
    args.filter((_, index) => !isCondition(index)),
  );
  const argumentTypes = args.map((argument, index) => (isCondition(index) ? asNullableAs({ kind: 'bool' }, argument.type) : returns));
  return {
    returns,
    argumentTypes,
    nulls: 'manual',
    lazy: true,
    kernel: inline((...texts) => {
      let chain = texts.at(-1)!;
      for (let i = texts.length - 3; i >= 0; i -= 2) chain = `(${texts[i]} ? ${texts[i + 1]} : ${chain})`;
      return chain;
    }),
  };
}

function asNullableAs(type: DataType, example: DataType): DataType {
  return isNullable(example) ? makeNullable(type) : type;
}

function commonOf(name: string, args: readonly Argument[]): DataType {
  const types = args.map((argument) => argument.type);
  const common = commonType(types);
  if (common === null) throw wrongTypes(name, types, 'values of one common type', 'convert them with to_string or cast');
  return common;
}

const coalesceSignature = '(values any...) -> the common type';

export const coalesce = defineFunction({
  name: 'coalesce',
  signature: coalesceSignature,
  help: 'The first value that is not NULL.',
  examples: [
    ["coalesce(NULL, 'a', 'b')", 'a'],
    ['coalesce(1, 2)', 1],
    ['coalesce(NULL, NULL)', null],
  ],
  see: 'ClickHouse: coalesce',
  resolve(args) {
    bindArguments('coalesce', coalesceSignature, args);
    return resolveCoalesce('coalesce', args);
  },
});

const ifNullSignature = '(value any, otherwise any) -> the common type';

export const ifNull = defineFunction({
  name: 'if_null',
  signature: ifNullSignature,
  help: '`value`, or `otherwise` if it is NULL.',
  examples: [
    ['if_null(NULL, 5)', 5],
    ["if_null('a', 'b')", 'a'],
    ['if_null(NULL, NULL)', null],
  ],
  see: 'ClickHouse: ifNull',
  resolve(args) {
    bindArguments('if_null', ifNullSignature, args);
    return resolveCoalesce('if_null', args);
  },
});

function resolveCoalesce(name: string, args: readonly Argument[]): ResolvedFunction {
  const common = commonOf(name, args);
  // One value that cannot be NULL makes the result so.
  const returns = args.every((argument) => isNullable(argument.type)) ? common : removeNullable(common);
  const argumentTypes = args.map((argument) => asNullableAs(removeNullable(common), argument.type));
  return { returns, argumentTypes, nulls: 'manual', lazy: true, kernel: inline((...texts) => `(${texts.join(' ?? ')})`) };
}

export const nullIf = defineFunction({
  name: 'null_if',
  signature: '(value T, other T) -> nullable(T)',
  help: 'NULL if the two values are equal, else the first.',
  examples: [
    ['null_if(1, 1)', null],
    ['null_if(1, 2)', 1],
    ["null_if('a', '')", 'a'],
    ['null_if(NULL, 1)', null],
  ],
  nulls: 'manual',
  returns: ({ types }) => makeNullable(types[0]!),
  kernel: ({ types }) => {
    const compare = createComparator(removeNullable(types[0]!));
    return perRow((value: Value, other: Value) => (value === null || (other !== null && compare(value, other) === 0) ? null : value));
  },
  see: 'ClickHouse: nullIf',
});
