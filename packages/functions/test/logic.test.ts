import type { DataType } from '@millrace/data';
import { describe, expect, it } from 'vitest';
import type { Argument } from '../src/definition.ts';
import { allScalarFunctions } from '../src/scalar-functions.ts';
import { call, evaluate, type Typed, toPlain } from './evaluate.ts';

const nullableBool = (value: boolean | null): Typed => ({ type: { kind: 'nullable', inner: { kind: 'bool' } }, value });
const values = [true, false, null] as const;

/** Kleene: false < NULL < true. */
const rank = (value: boolean | null) => (value === null ? 1 : value ? 2 : 0);
const byRank = [false, null, true] as const;

describe('three-valued logic', () => {
  const cases = values.flatMap((a) => values.flatMap((b) => values.map((c) => [a, b, c] as const)));

  it.each(cases)('of %s, %s and %s is least for AND and greatest for OR', (a, b, c) => {
    const scope = new Map(Object.entries({ a: nullableBool(a), b: nullableBool(b), c: nullableBool(c) }));
    const ranks = [a, b, c].map(rank);
    expect(evaluate('a AND b AND c', scope).value).toBe(byRank[Math.min(...ranks)]);
    expect(evaluate('a OR b OR c', scope).value).toBe(byRank[Math.max(...ranks)]);
    expect(evaluate('and(a, b, c)', scope).value).toBe(byRank[Math.min(...ranks)]);
    expect(evaluate('NOT a', scope).value).toBe(a === null ? null : !a);
  });

  it('is not nullable without nullable arguments', () => {
    expect(evaluate('true AND false').type).toEqual({ kind: 'bool' });
    expect(evaluate('true AND NULL').type).toEqual({ kind: 'nullable', inner: { kind: 'bool' } });
  });
});

describe('conditionals', () => {
  it.each([
    ["if(1 > 2, 'a', NULL)", null, { kind: 'nullable', inner: { kind: 'string' } }],
    ['if(true, 1, 300)', 1, { kind: 'uint16' }],
    ['coalesce(NULL, 1)', 1, { kind: 'uint8' }],
    ['if_null(NULL, 2.5)', 2.5, { kind: 'float64' }],
    ['CASE 2 WHEN 1 THEN 10 WHEN 2 THEN 20 END', 20, { kind: 'nullable', inner: { kind: 'uint8' } }],
    ["null_if('a', 'a')", null, { kind: 'nullable', inner: { kind: 'string' } }],
  ])('%s', (sql, value, type) => {
    const result = evaluate(sql);
    expect(toPlain(result)).toEqual(value);
    expect(result.type).toEqual(type);
  });

  it('refuse branches without a common type', () => {
    expect(() => evaluate("if(true, 'a', 1)")).toThrow(/if does not take \(string, uint8\); it takes values of one common type/);
    expect(() => evaluate('multi_if(true, 1)')).toThrow(/multi_if does not take 2 arguments/);
  });
});

describe('comparison', () => {
  it.each([
    ["to_datetime('2026-01-02 03:04:05', 'UTC') = '2026-01-02 03:04:05'", true],
    ["'2026-01-02' > to_date('2026-01-01')", true],
    ["to_date('2026-01-01') < '2026-01-01 00:00:01'", true],
    ["to_datetime64('2026-01-02 03:04:05.123', 3, 'UTC') > to_datetime('2026-01-02 03:04:05', 'UTC')", true],
    ["5 = '5'", true],
    ["true = 'true'", true],
    ['to_uint64(18446744073709551615) > to_int64(-1)', true],
    ['(1, 2) < (1, 3)', true],
    ['[1, NULL] = [1, NULL]', true],
  ])('%s is %s', (sql, expected) => {
    expect(evaluate(sql).value).toBe(expected);
  });

  it('orders enums by number and addresses by value, not by their text', () => {
    const level: DataType = {
      kind: 'enum8',
      values: [
        ['low', 1],
        ['high', 2],
      ],
    };
    const typed = (type: DataType, value: string): Typed => ({ type, value });
    expect(call('less', [typed(level, 'low'), typed(level, 'high')]).value).toBe(true);
    expect(call('equals', [typed(level, 'low'), typed({ kind: 'string' }, 'low')]).value).toBe(true);
    const ipv4: DataType = { kind: 'ipv4' };
    expect(call('less', [typed(ipv4, '9.0.0.0'), typed(ipv4, '10.0.0.0')]).value).toBe(true);
    expect(
      call('equals', [
        typed({ kind: 'uuid' }, '61f0c404-5cb3-11e7-907b-a6006ad3dba0'),
        typed({ kind: 'string' }, '61F0C404-5CB3-11E7-907B-A6006AD3DBA0'),
      ]).value,
    ).toBe(true);
    expect(call('equals', [typed({ kind: 'fixed_string', length: 3 }, 'a\0\0'), typed({ kind: 'string' }, 'a')]).value).toBe(true);
  });

  it('refuses what cannot be compared', () => {
    expect(() => evaluate("'a' = 1")).toThrow("equals: 'a' is compared with uint8, but is no such value");
    expect(() => evaluate("to_date('2026-01-01') = 'x'")).toThrow(expect.objectContaining({ code: 'PLAN_ARGUMENT_INVALID' }));
    expect(() => evaluate("to_date('2026-01-01') = 1")).toThrow(expect.objectContaining({ code: 'PLAN_ARGUMENT_TYPE' }));
    expect(() => evaluate("map('a', 1) < map('a', 2)")).toThrow(/less does not take .*; it takes types that have an order/);
  });

  it('asks for a conversion where a string that is no constant meets a time', () => {
    const args: readonly Argument[] = [{ type: { kind: 'string' } }, { type: { kind: 'date' } }];
    const equals = allScalarFunctions.find(({ name }) => name === 'equals')!;
    expect(() => equals.resolve(args)).toThrow(
      expect.objectContaining({ hint: 'turn the string into a time with to_datetime or to_datetime64' }),
    );
  });
});
