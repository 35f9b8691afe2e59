import { describe, expect, it } from 'vitest';
import { aggregateFunction, aggregateFunctions, functionNames, scalarFunction, scalarFunctions } from '../src/index.ts';

describe('look-ups', () => {
  it('find scalar functions in any spelling', () => {
    expect(scalarFunction('LOWER')?.name).toBe('lower');
    expect(scalarFunction('toStartOfHour')?.name).toBe('to_start_of_hour');
    expect(scalarFunction('no_such_function')).toBeUndefined();
  });

  it('find aggregates and their _if forms in any spelling', () => {
    expect(aggregateFunction('Count')?.name).toBe('count');
    expect(aggregateFunction('countIf')?.name).toBe('count_if');
    expect(aggregateFunction('SUM_IF')?.name).toBe('sum_if');
    expect(aggregateFunction('lower')).toBeUndefined();
  });

  it('know no name as both, so that a call can only mean one', () => {
    const both = functionNames().filter((name) => scalarFunction(name) !== undefined && aggregateFunction(name) !== undefined);
    expect(both).toEqual([]);
    expect(new Set(functionNames()).size).toBe(functionNames().length);
  });

  it('list every function that they find', () => {
    for (const { name } of scalarFunctions()) expect(functionNames()).toContain(name);
    for (const { name } of aggregateFunctions()) expect(functionNames()).toEqual(expect.arrayContaining([name, `${name}_if`]));
  });
});
