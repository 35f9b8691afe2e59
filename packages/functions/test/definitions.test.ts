import { MillraceError } from '@millrace/core';
import type { DataType } from '@millrace/data';
import { describe, expect, it } from 'vitest';
import type { Argument, ScalarFunction } from '../src/definition.ts';
import { FunctionNames } from '../src/function-names.ts';
import { allScalarFunctions } from '../src/scalar-functions.ts';

const each = allScalarFunctions.map((definition) => [definition.name, definition] as const);

const names = allScalarFunctions.flatMap((definition) => [definition.name, ...definition.aliases]);

const strange: readonly DataType[] = [
  { kind: 'tuple', elements: [] },
  { kind: 'map', key: { kind: 'string' }, value: { kind: 'string' } },
  { kind: 'string' },
  { kind: 'int32' },
  { kind: 'date' },
];

function refusal(definition: ScalarFunction, args: readonly Argument[]): MillraceError | undefined {
  try {
    definition.resolve(args);
  } catch (error) {
    if (error instanceof MillraceError) return error;
    throw error;
  }
  return undefined;
}

describe('every scalar function', () => {
  it('has a name of its own, aliases included', () => {
    expect(new Set(names).size).toBe(names.length);
  });

  it('is found by name, alias, and without underscores', () => {
    const lookUp = new FunctionNames(allScalarFunctions);
    for (const definition of allScalarFunctions) {
      for (const name of [definition.name, ...definition.aliases]) {
        expect(lookUp.find(name.toUpperCase()), name).toBe(definition);
        const squeezed = name.replaceAll('_', '');
        // to_day is not today: a name of its own wins.
        const expected = names.includes(squeezed) ? lookUp.find(squeezed) : definition;
        expect([expected, undefined], name).toContain(lookUp.find(squeezed));
      }
    }
  });

  it.each(each)('%s has a snake_case name, help as a sentence, a signature and a source', (name, definition) => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(definition.help).toMatch(/^[^a-z\s].*\.$|^[a-z`].*\.$/s);
    expect(definition.signature).toMatch(/^\(.*\) -> .+/);
    expect(definition.see ?? '').not.toBe('');
  });

  it.each(each)('%s has at least three examples, one with NULL', (_, { examples }) => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
    expect(examples.some(([sql]) => /\bNULL\b/.test(sql)) || examples.some(([sql]) => sql.startsWith('CASE'))).toBe(true);
  });

  it.each(each)('%s refuses too many arguments or takes any number, and says its name', (name, definition) => {
    for (const type of strange) {
      const error = refusal(
        definition,
        Array.from({ length: 40 }, () => ({ type })),
      );
      if (error !== undefined) {
        expect(error.code).toMatch(/^PLAN_ARGUMENT_(COUNT|TYPE|INVALID)$/);
        expect(error.message).toContain(name);
      }
    }
  });

  it.each(each)('%s answers wrong types with its name and the legal ones', (name, definition) => {
    for (const type of strange) {
      for (const length of [0, 1, 2, 3]) {
        const error = refusal(
          definition,
          Array.from({ length }, () => ({ type })),
        );
        if (error === undefined) continue;
        expect(error.code).toMatch(/^PLAN_ARGUMENT_(COUNT|TYPE|INVALID)$/);
        expect(error.message.startsWith(name), error.message).toBe(true);
        expect(error.message).not.toMatch(/\.$/);
        if (error.code === 'PLAN_ARGUMENT_TYPE') expect(error.message).toMatch(/; it takes /);
        if (error.code === 'PLAN_ARGUMENT_COUNT') expect(error.message).toMatch(/it is .*\(/);
      }
    }
  });

  it('resolves the same way twice', () => {
    for (const definition of allScalarFunctions) {
      const args = [{ type: { kind: 'float64' } as DataType }];
      const [first, second] = [0, 1].map(() => {
        try {
          const { returns, argumentTypes, nulls } = definition.resolve(args);
          return { returns, argumentTypes, nulls };
        } catch (error) {
          return (error as Error).message;
        }
      });
      expect(second).toEqual(first);
    }
  });
});

describe('CamelCase names of ClickHouse', () => {
  it.each([
    ['toStartOfHour', 'to_start_of_hour'],
    ['CITYHASH64', 'city_hash64'],
    ['multiIf', 'multi_if'],
    ['arrayStringConcat', 'array_string_concat'],
    ['toDateTime64', 'to_datetime64'],
    ['JSONExtractString', 'json_extract_string'],
  ])('%s is %s', (name, expected) => {
    expect(new FunctionNames(allScalarFunctions).find(name)?.name).toBe(expected);
  });

  it('means nothing where two functions would be meant', () => {
    const lookUp = new FunctionNames([
      { name: 'a_bc', aliases: [] },
      { name: 'ab_c', aliases: [] },
    ]);
    expect(lookUp.find('aBc')).toBeUndefined();
    expect(lookUp.find('A_BC')?.name).toBe('a_bc');
  });
});
