import { defineFunction, inline } from '../define-function.ts';

export const isNull = defineFunction({
  name: 'is_null',
  signature: '(value any) -> bool',
  help: 'True if value is NULL (operator IS NULL).',
  examples: [
    ['NULL IS NULL', true],
    ['1 IS NULL', false],
    ["is_null('')", false],
  ],
  nulls: 'manual',
  kernel: inline((value) => `(${value} === null)`),
  see: 'ClickHouse: isNull',
});

export const isNotNull = defineFunction({
  name: 'is_not_null',
  signature: '(value any) -> bool',
  help: 'True if value is not NULL (operator IS NOT NULL).',
  examples: [
    ['NULL IS NOT NULL', false],
    ['1 IS NOT NULL', true],
    ["is_not_null('')", true],
  ],
  nulls: 'manual',
  kernel: inline((value) => `(${value} !== null)`),
  see: 'ClickHouse: isNotNull',
});
