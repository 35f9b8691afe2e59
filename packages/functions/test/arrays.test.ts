import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { call, evaluate, type Typed, toPlain } from './evaluate.ts';

const int32s = (items: readonly (number | null)[]): Typed => ({
  type: { kind: 'array', element: { kind: 'nullable', inner: { kind: 'int32' } } },
  value: items,
});
const anyArray = fc.array(fc.option(fc.integer({ min: -3, max: 3 })), { maxLength: 8 });

describe('array functions', () => {
  it('element by index agrees with counting from either end', () => {
    fc.assert(
      fc.property(anyArray, fc.integer({ min: -9, max: 9 }), (items, index) => {
        const expected = index === 0 || Math.abs(index) > items.length ? null : items.at(index > 0 ? index - 1 : index);
        expect(call('array_element', [int32s(items), { type: { kind: 'int8' }, value: index }]).value).toBe(expected);
      }),
    );
  });

  it('sort and reverse sort give the same elements in opposite orders, NULL last both ways', () => {
    fc.assert(
      fc.property(anyArray, (items) => {
        const numbers = items.filter((item) => item !== null);
        const nulls = items.filter((item) => item === null);
        expect(call('array_sort', [int32s(items)]).value).toEqual([...numbers.toSorted((a, b) => a - b), ...nulls]);
        expect(call('array_reverse_sort', [int32s(items)]).value).toEqual([...numbers.toSorted((a, b) => b - a), ...nulls]);
      }),
    );
  });

  it.each([
    ["[['a', 'b'], ['c']][1][2]", 'b'],
    ["['x'][5]", ''],
    ["map('k', [1, 2])['k'][-1]", 2],
    ["map(1, 'a')[to_int64(1)]", 'a'],
    ["map('k', NULL)['k']", null],
    ['array_concat([1], [2.5], [NULL])', [1, 2.5, null]],
    ['array_distinct([1, NULL, 1, NULL])', [1, null]],
    ["index_of([(1, 'a'), (2, 'b')], (2, 'b'))", 2],
    ['array_slice([1, 2, 3, 4], 2, -1)', [2, 3]],
    ["array_string_concat([to_date('2026-01-01'), to_date('2026-01-02')], '|')", '2026-01-01|2026-01-02'],
    [
      'array_map(x -> array_map(y -> x * y, [1, 2]), [3, 4])',
      [
        [3, 6],
        [4, 8],
      ],
    ],
    ['array_filter(x -> NULL, [1, 2])', []],
    ['array_map(x -> x + 1, [])', []],
    ["array_exists(x -> x = 'b', ['a', 'b'])", true],
    ["(1, 'a', [2]).3[1]", 2],
  ])('%s is %j', (sql, expected) => {
    expect(toPlain(evaluate(sql))).toEqual(expected);
  });

  it('types the body of a lambda, and wraps the result only where an array may be NULL', () => {
    expect(evaluate('array_map(x -> x + 0.5, [1])').type).toEqual({ kind: 'array', element: { kind: 'float64' } });
    expect(evaluate("array_map(x -> if(x > 1, NULL, 'a'), [1, 2])").value).toEqual(['a', null]);
  });

  it('say what is wrong', () => {
    expect(() => evaluate('array_map(x -> x, 1)')).toThrow(/array_map does not take uint8 as argument 2; it takes an array/);
    expect(() => evaluate('array_map((x, y) -> x, [1])')).toThrow(/a lambda with one parameter for each array; it has 2/);
    expect(() => evaluate('array_map((x, y) -> x, [1], [1, 2])')).toThrow(/arrays of the same length, but these have 1, 2 elements/);
    expect(() => evaluate("array_filter(x -> 'a', [1])")).toThrow(/array_filter .* a lambda that gives a bool/);
    expect(() => evaluate("['a', 1]")).toThrow(/array does not take \(string, uint8\); it takes elements of one common type/);
    expect(() => evaluate('tuple_element((1, 2), 3)')).toThrow('tuple_element: there is no element 3; elements are 1, 2');
    expect(() => evaluate("map('a')")).toThrow('map: there are 1 arguments, but each key needs a value');
  });
});
