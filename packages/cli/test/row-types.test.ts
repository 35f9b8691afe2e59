import { describe, expect, it } from 'vitest';
import { rowTypes } from '../src/plugin/row-types.ts';

function typeOf(type: string): string {
  const text = rowTypes([{ name: 's', columns: [{ name: 'c', type }] }]);
  return /readonly c: (.*);/.exec(text)![1]!;
}

describe('the types of rows', () => {
  it.each([
    ['int32', 'number'],
    ['uint64', 'bigint'],
    ['float64', 'number'],
    ['bool', 'boolean'],
    ['string', 'string'],
    ['fixed_string(3)', 'string'],
    ['uuid', 'string'],
    ["enum8('a' = 1, 'b,(' = 2)", 'string'],
    ['date', 'number'],
    ["datetime('UTC')", 'number'],
    ["datetime64(3, 'UTC')", 'number'],
    ['datetime64(9)', 'bigint'],
    ['nullable(int64)', 'bigint | null'],
    ['array(nullable(string))', 'readonly (string | null)[]'],
    ['map(string, array(int8))', 'ReadonlyMap<string, readonly (number)[]>'],
    ["tuple(a int8, `b c` tuple(string, uint64), e enum8('x, y' = 1))", 'readonly [number, readonly [string, bigint], string]'],
    ['low_cardinality(string)', 'string'],
  ])('of %s is %s', (type, expected) => {
    expect(typeOf(type)).toBe(expected);
  });

  it('are those of all streams, under their names, with the event time that all have', () => {
    const columns = [
      { name: 'user', type: 'string' },
      { name: 'at home', type: 'bool' },
      { name: '_tp_time', type: "datetime64(3, 'UTC')" },
    ];
    expect(
      rowTypes([
        { name: 'clicks', columns },
        { name: 'two words', columns: [] },
      ]),
    ).toBe(`// Made by \`millrace gen types\` of the streams of a server: not to be edited.
import type {} from '@millrace/sdk';

declare module '@millrace/sdk' {
  interface StreamRows {
    clicks: {
      /** string */
      readonly user: string;
      /** bool */
      readonly "at home": boolean;
      /** datetime64(3, 'UTC') */
      readonly _tp_time: number;
    };
    "two words": {
      /** datetime64(3) */
      readonly _tp_time: number;
    };
  }
}
`);
  });
});
