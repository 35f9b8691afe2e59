import { createComparator, type Value } from '@millrace/data';
import { type BoundCall, defineFunction, inline, perRow } from '../define-function.ts';
import type { Kernel, ScalarFunction } from '../definition.ts';
import { numericType } from '../numeric-type.ts';

function defineExtreme(name: 'greatest' | 'least', symbol: '>' | '<', help: string, examples: ScalarFunction['examples']) {
  return defineFunction({
    name,
    signature: '(values T...) -> T',
    help,
    examples,
    kernel: (call) => extremeKernel(call, symbol),
    see: `ClickHouse: ${name}`,
  });
}

function extremeKernel({ types }: BoundCall, symbol: '>' | '<'): Kernel {
  const type = types[0]!;
  if (types.length === 2 && numericType(type)?.floating === false) return inline((a, b) => `(${a} ${symbol} ${b} ? ${a} : ${b})`);
  const compare = createComparator(type);
  const better = symbol === '>' ? (order: number) => order > 0 : (order: number) => order < 0;
  return perRow((...values: Value[]) => values.reduce((best, value) => (better(compare(value, best)) ? value : best)));
}

export const greatest = defineExtreme('greatest', '>', 'The largest of the values; NULL if one is NULL.', [
  ['greatest(1, 3, 2)', 3],
  ["greatest('a', 'b')", 'b'],
  ['greatest(1, 2.5)', 2.5],
  ['greatest(1, NULL)', null],
]);

export const least = defineExtreme('least', '<', 'The smallest of the values; NULL if one is NULL.', [
  ['least(1, 3, 2)', 1],
  ["least('a', 'b')", 'a'],
  ["least(to_date('2026-01-02'), to_date('2026-01-01'))", '2026-01-01'],
  ['least(NULL, 1)', null],
]);
