import type { Schema, Value } from '@millrace/data';

/**
 * The rows that the examples of aggregates run over, and what SHOW FUNCTIONS names beside them:
 *
 * | x nullable(int32) | y float64 | s string | n nullable(string) | b bool |
 * |---|---|---|---|---|
 * | 1 | 1.5 | 'a' | NULL | true |
 * | 2 | 2.5 | 'b' | 'q' | false |
 * | NULL | 0.5 | 'b' | NULL | true |
 * | 4 | 4.5 | 'c' | 'r' | false |
 *
 * Results are those of JSONEachRow with 64-bit integers as numbers.
 */
export const sampleRows: { readonly schema: Schema; readonly rows: readonly (readonly Value[])[] } = {
  schema: [
    { name: 'x', type: { kind: 'nullable', inner: { kind: 'int32' } } },
    { name: 'y', type: { kind: 'float64' } },
    { name: 's', type: { kind: 'string' } },
    { name: 'n', type: { kind: 'nullable', inner: { kind: 'string' } } },
    { name: 'b', type: { kind: 'bool' } },
  ],
  rows: [
    [1, 1.5, 'a', null, true],
    [2, 2.5, 'b', 'q', false],
    [null, 0.5, 'b', null, true],
    [4, 4.5, 'c', 'r', false],
  ],
};
