import { isNullable } from '@millrace/data';
import { defineFunction, inline } from '../define-function.ts';
import type { ScalarFunction } from '../definition.ts';

/**
 * Three-valued: the value that decides (false of `and`, true of `or`) wins over NULL, NULL over the other.
 * Without nullable arguments the second is only computed where the first does not decide.
 */
function defineConnective(name: 'and' | 'or', symbol: '&&' | '||', help: string, examples: ScalarFunction['examples']): ScalarFunction {
  const deciding = name === 'or';
  return defineFunction({
    name,
    signature: '(conditions bool...) -> bool, or nullable(bool)',
    help,
    examples,
    see: `ClickHouse: ${name}`,
    nulls: 'manual',
    lazy: true,
    returns: ({ args }) =>
      args.some((argument) => isNullable(argument.type)) ? { kind: 'nullable', inner: { kind: 'bool' } } : { kind: 'bool' },
    kernel: ({ args }) => {
      if (!args.some((argument) => isNullable(argument.type))) return inline((...texts) => `(${texts.join(` ${symbol} `)})`);
      return inline((...texts) => texts.reduce((left, right) => threeValued(deciding, left, right)));
    },
  });
}

// The parameters' names must not hide what the right text refers to.
function threeValued(deciding: boolean, left: string, right: string): string {
  const decides = (name: string) => (deciding ? name : `${name} !== null && !${name}`);
  return `(($l) => ${decides('$l')} ? $l : (($r) => ${decides('$r')} || $l !== null ? $r : $l)(${right}))(${left})`;
}

export const and = defineConnective('and', '&&', 'True if all conditions are; NULL if one is NULL and none is false (operator AND).', [
  ['true AND false', false],
  ['1 AND 2', true],
  ['false AND NULL', false],
  ['true AND NULL', null],
]);

export const or = defineConnective('or', '||', 'True if one of the conditions is; NULL if one is NULL and none is true (operator OR).', [
  ['true OR false', true],
  ['false OR 0', false],
  ['true OR NULL', true],
  ['false OR NULL', null],
]);

export const not = defineFunction({
  name: 'not',
  signature: '(condition bool) -> bool',
  help: 'True if the condition is false (operator NOT); NULL of NULL.',
  examples: [
    ['NOT true', false],
    ['NOT 0', true],
    ['NOT NULL', null],
  ],
  kernel: inline((condition) => `!${condition}`),
  see: 'ClickHouse: not',
});

export const xor = defineFunction({
  name: 'xor',
  signature: '(a bool, b bool) -> bool',
  help: 'True if exactly one of the two is.',
  examples: [
    ['xor(true, false)', true],
    ['xor(true, true)', false],
    ['xor(true, NULL)', null],
  ],
  kernel: inline((a, b) => `(!${a} !== !${b})`),
  see: 'ClickHouse: xor',
});
