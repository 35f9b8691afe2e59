import { defineFunction, inline } from '../define-function.ts';
import type { ScalarFunction } from '../definition.ts';

function ofOneNumber(
  name: string,
  help: string,
  expression: (x: string) => string,
  examples: ScalarFunction['examples'],
  aliases: readonly string[] = [],
) {
  return defineFunction({
    name,
    aliases,
    signature: '(x float64) -> float64',
    help,
    examples,
    kernel: inline((x) => expression(x!)),
    see: `ClickHouse: ${name}`,
  });
}

/** Functions of float64 that JavaScript's Math has. */
export const mathematics: readonly ScalarFunction[] = [
  ofOneNumber('sqrt', 'The square root; nan of a negative number.', (x) => `Math.sqrt(${x})`, [
    ['sqrt(9)', 3],
    ['is_nan(sqrt(-1))', true],
    ['sqrt(NULL)', null],
  ]),
  ofOneNumber('cbrt', 'The cube root.', (x) => `Math.cbrt(${x})`, [
    ['cbrt(27)', 3],
    ['cbrt(-8)', -2],
    ['cbrt(NULL)', null],
  ]),
  ofOneNumber('exp', 'e to the power of x.', (x) => `Math.exp(${x})`, [
    ['exp(0)', 1],
    ['floor(exp(1) * 100)', 271],
    ['exp(NULL)', null],
  ]),
  ofOneNumber(
    'log',
    'The natural logarithm; -inf of 0, nan of a negative number.',
    (x) => `Math.log(${x})`,
    [
      ['log(1)', 0],
      ['ln(exp(2))', 2],
      ['is_nan(log(-1))', true],
      ['log(NULL)', null],
    ],
    ['ln'],
  ),
  ofOneNumber('log2', 'The binary logarithm.', (x) => `Math.log2(${x})`, [
    ['log2(8)', 3],
    ['log2(0.5)', -1],
    ['log2(NULL)', null],
  ]),
  ofOneNumber('log10', 'The decimal logarithm.', (x) => `Math.log10(${x})`, [
    ['log10(1000)', 3],
    ['log10(0.1)', -1],
    ['log10(NULL)', null],
  ]),
  ofOneNumber('sin', 'The sine of an angle in radians.', (x) => `Math.sin(${x})`, [
    ['sin(0)', 0],
    ['round(sin(pi() / 2), 6)', 1],
    ['sin(NULL)', null],
  ]),
  ofOneNumber('cos', 'The cosine of an angle in radians.', (x) => `Math.cos(${x})`, [
    ['cos(0)', 1],
    ['cos(pi())', -1],
    ['cos(NULL)', null],
  ]),
  ofOneNumber('tan', 'The tangent of an angle in radians.', (x) => `Math.tan(${x})`, [
    ['tan(0)', 0],
    ['round(tan(pi() / 4), 6)', 1],
    ['tan(NULL)', null],
  ]),
  ofOneNumber('atan', 'The arc tangent, in radians.', (x) => `Math.atan(${x})`, [
    ['atan(0)', 0],
    ['round(atan(1) * 4 - pi(), 6)', 0],
    ['atan(NULL)', null],
  ]),
];

export const pow = defineFunction({
  name: 'pow',
  aliases: ['power'],
  signature: '(base float64, exponent float64) -> float64',
  help: 'base to the power of exponent, as float64.',
  examples: [
    ['pow(2, 10)', 1024],
    ['power(4, 0.5)', 2],
    ['pow(NULL, 2)', null],
  ],
  kernel: inline((base, exponent) => `Math.pow(${base}, ${exponent})`),
  see: 'ClickHouse: pow',
});

export const pi = defineFunction({
  name: 'pi',
  signature: '() -> float64',
  help: 'The ratio of a circle’s circumference to its diameter.',
  examples: [
    ['floor(pi() * 100)', 314],
    ['floor(pi())', 3],
    ['pi() + NULL', null],
  ],
  kernel: inline(() => 'Math.PI'),
  see: 'ClickHouse: pi',
});

export const e = defineFunction({
  name: 'e',
  signature: '() -> float64',
  help: 'Euler’s number, the base of the natural logarithm.',
  examples: [
    ['floor(e() * 100)', 271],
    ['log(e())', 1],
    ['e() + NULL', null],
  ],
  kernel: inline(() => 'Math.E'),
  see: 'ClickHouse: e',
});
