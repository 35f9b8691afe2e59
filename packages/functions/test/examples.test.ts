import { describe, expect, it } from 'vitest';
import { allScalarFunctions } from '../src/scalar-functions.ts';
import { evaluate, toPlain } from './evaluate.ts';

describe.each(allScalarFunctions.map((definition) => [definition.name, definition] as const))('%s', (_, { examples, unfolds }) => {
  it.each(examples)('%s', (sql, expected) => {
    const { type, value } = evaluate(sql);
    expect(toPlain({ type: unfolds ? { kind: 'array', element: type } : type, value })).toEqual(expected);
  });
});
