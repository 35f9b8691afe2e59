import { defineFunction, inline } from '../define-function.ts';
import { integerOf, isWide, numericType } from '../numeric-type.ts';
import { asNumber } from './number-lane.ts';

export const abs = defineFunction({
  name: 'abs',
  signature: '(value number) -> the type of value, unsigned if it is an integer',
  help: 'The absolute value.',
  examples: [
    ['abs(-5)', 5],
    ['abs(2.5)', 2.5],
    ['abs(to_int64(-9223372036854775808))', '9223372036854775808'],
    ['abs(NULL)', null],
  ],
  returns: ({ types }) => {
    const { floating, bits } = numericType(types[0]!)!;
    return floating ? types[0]! : integerOf(false, bits);
  },
  kernel: ({ types }) => inline((x) => (isWide(types[0]!) ? `(${x} < 0n ? -${x} : ${x})` : `Math.abs(${x})`)),
  see: 'ClickHouse: abs',
});

export const sign = defineFunction({
  name: 'sign',
  signature: '(value number) -> int8',
  help: '-1 for a negative number, 0 for zero, 1 for a positive number.',
  examples: [
    ['sign(-3)', -1],
    ['sign(0)', 0],
    ['sign(0.5)', 1],
    ['sign(NULL)', null],
  ],
  kernel: ({ types }) =>
    inline((x) => {
      const number = asNumber(x!, types[0]!);
      return `(${number} > 0 ? 1 : ${number} < 0 ? -1 : 0)`;
    }),
  see: 'ClickHouse: sign',
});

const floatTests = [
  ['is_nan', 'not a number', 'Number.isNaN', 'is_nan(sqrt(-1))', 'is_nan(1.5)'],
  ['is_finite', 'neither infinite nor nan', 'Number.isFinite', 'is_finite(1.5)', 'is_finite(1 / 0)'],
] as const;

/** is_nan, is_finite, is_infinite. */
export const floatPredicates = [
  ...floatTests.map(([name, what, test, yes, no]) =>
    defineFunction({
      name,
      signature: '(x float64) -> bool',
      help: `True if x is ${what}.`,
      examples: [
        [yes, true],
        [no, false],
        [`${name}(NULL)`, null],
      ],
      kernel: inline((x) => `${test}(${x})`),
      see: `ClickHouse: ${name}`,
    }),
  ),
  defineFunction({
    name: 'is_infinite',
    signature: '(x float64) -> bool',
    help: 'True if x is inf or -inf.',
    examples: [
      ['is_infinite(1 / 0)', true],
      ['is_infinite(1.5)', false],
      ['is_infinite(NULL)', null],
    ],
    kernel: inline((x) => `(${x} === Infinity || ${x} === -Infinity)`),
    see: 'ClickHouse: isInfinite',
  }),
];
