import { describe, expect, it } from 'vitest';
import { allScalarFunctions } from '../src/scalar-functions.ts';
import { evaluate, toPlain } from './evaluate.ts';

describe.each(allScalarFunctions.map((definition) => [definition.name, definition] as const))('%s', (_, { examples }) => {
  it.each(examples)('%s', (sql, expected) => {
    expect(toPlain(evaluate(sql))).toEqual(expected);
  });
});
