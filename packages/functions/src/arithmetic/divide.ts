import { defineFunction, inline } from '../define-function.ts';
import { asNumber } from './number-lane.ts';

export const divide = defineFunction({
  name: 'divide',
  signature: '(dividend number, divisor number) -> float64',
  help: 'The quotient as float64 (operator /); division by zero gives inf or nan.',
  examples: [
    ['7 / 2', 3.5],
    ['divide(1, 4)', 0.25],
    ['is_infinite(1 / 0)', true],
    ['1 / NULL', null],
  ],
  kernel: ({ types }) => inline((a, b) => `(${asNumber(a!, types[0]!)} / ${asNumber(b!, types[1]!)})`),
  see: 'ClickHouse: divide',
});
