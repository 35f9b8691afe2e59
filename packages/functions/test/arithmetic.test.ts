import type { DataType, SimpleTypeKind, Value } from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundHalfEven } from '../src/arithmetic/round.ts';
import { call, evaluate, toPlain } from './evaluate.ts';

const integerKinds = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const;

interface Integer {
  readonly kind: SimpleTypeKind;
  readonly exact: bigint;
  readonly column: boolean;
}

const integer: fc.Arbitrary<Integer> = fc.constantFrom(...integerKinds).chain((kind) => {
  const bits = BigInt(/\d+/.exec(kind)![0]);
  const [min, max] = kind.startsWith('u') ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
  const edges = fc.constantFrom(min, max, 0n, 1n).filter((value) => value >= min && value <= max);
  return fc.oneof(fc.bigInt({ min, max }), edges).chain((exact) => fc.boolean().map((column) => ({ kind, exact, column })));
});

/** As a constant or a column: constants have kernels of their own. */
const typed = ({ kind, exact, column }: Integer) => ({
  column,
  type: { kind } as DataType,
  value: (kind.endsWith('64') ? exact : Number(exact)) as Value,
});

/** The type that two's complement would wrap a result to, and the result in it. */
function wrapped(exact: bigint, type: DataType): Value {
  const bits = Number(/\d+/.exec(type.kind)![0]);
  const value = type.kind.startsWith('u') ? BigInt.asUintN(bits, exact) : BigInt.asIntN(bits, exact);
  return bits === 64 ? value : Number(value);
}

describe('integer arithmetic', () => {
  it.each([
    ['plus', (a: bigint, b: bigint) => a + b],
    ['minus', (a: bigint, b: bigint) => a - b],
    ['multiply', (a: bigint, b: bigint) => a * b],
  ] as const)('%s is exact, and wraps only in 64 bits', (name, exact) => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        const { type, value } = call(name, [typed(a), typed(b)]);
        expect(value).toBe(wrapped(exact(a.exact, b.exact), type));
        if (!type.kind.endsWith('64')) expect(BigInt(value as number)).toBe(exact(a.exact, b.exact));
      }),
      { numRuns: 500 },
    );
  });

  it('modulo and int_div fit their types and agree with BigInt', () => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        fc.pre(b.exact !== 0n);
        const remainder = call('modulo', [typed(a), typed(b)]);
        expect(remainder.value).toBe(wrapped(a.exact % b.exact, remainder.type));
        expect(BigInt(remainder.value as number)).toBe(a.exact % b.exact);
        const quotient = call('int_div', [typed(a), typed(b)]);
        expect(quotient.value).toBe(wrapped(a.exact / b.exact, quotient.type));
      }),
      { numRuns: 500 },
    );
  });

  it('compares values across all integer types exactly', () => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        expect(call('less', [typed(a), typed(b)]).value).toBe(a.exact < b.exact);
        expect(call('equals', [typed(a), typed(b)]).value).toBe(a.exact === b.exact);
        expect(
          call('in', [typed(a), { type: { kind: 'array', element: typed(b).type }, value: [typed(b).value], column: b.column }]).value,
        ).toBe(a.exact === b.exact);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['to_int8(1) + to_int8(1)', 'int16'],
    ['to_int32(1) + to_int32(1)', 'int64'],
    ['to_uint8(1) - to_uint8(2)', 'int16'],
    ['to_uint32(1) * to_uint32(1)', 'uint64'],
    ['to_uint64(1) + to_int8(1)', 'int64'],
    ['to_float32(1) + to_float32(1)', 'float64'],
    ['to_int64(1) * 1.5', 'float64'],
    ['1 / 1', 'float64'],
    ['true + true', 'uint16'],
    ['to_int32(-7) % to_uint8(3)', 'int16'],
  ])('%s is %s', (sql, kind) => {
    expect(evaluate(sql).type.kind).toBe(kind);
  });

  it('has no negative zero', () => {
    for (const sql of ['0 * -1', '-(0)', '-4 % 2', 'int_div(-1, 2)', 'to_int64(0) * -1']) {
      expect(Object.is(evaluate(sql).value, -0), sql).toBe(false);
    }
  });

  it('wraps the one quotient that does not fit', () => {
    expect(evaluate('int_div(to_int8(-128), to_int8(-1))').value).toBe(-128);
    expect(evaluate('int_div(to_int64(-9223372036854775808), -1)').value).toBe(-9223372036854775808n);
  });

  it('refuses an integer division by zero, and gives nan and inf for floats', () => {
    expect(() => evaluate('1 % 0')).toThrow(
      expect.objectContaining({ code: 'DATA_DIVISION_BY_ZERO', message: 'modulo: 1 was divided by zero' }),
    );
    expect(() => evaluate('int_div(to_int64(5), 0)')).toThrow(/int_div: 5 was divided by zero/);
    expect(evaluate('1.0 % 0').value).toBeNaN();
    expect(evaluate('-1 / 0').value).toBe(Number.NEGATIVE_INFINITY);
    expect(evaluate('0 / 0').value).toBeNaN();
  });

  it('refuses types that do not go together', () => {
    expect(() => evaluate("'a' + 1")).toThrow(expect.objectContaining({ code: 'PLAN_ARGUMENT_TYPE' }));
    expect(() => evaluate("to_date('2026-01-01') * 2")).toThrow(/multiply does not take \(date, uint8\); it takes two numbers/);
    expect(() => evaluate("1 - to_date('2026-01-01')")).toThrow(/minus does not take \(uint8, date\)/);
  });
});

describe('rounding', () => {
  it('rounds halves to even and everything else to the nearest', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (whole, rest) => {
        const rounded = roundHalfEven(whole + rest);
        expect(Math.abs(rounded - (whole + rest))).toBeLessThanOrEqual(0.5);
        if (rest === 0.5) expect(Math.abs(rounded % 2)).toBe(0);
      }),
    );
    expect([0.5, 1.5, 2.5, -0.5, -1.5].map((value) => roundHalfEven(value) + 0)).toEqual([0, 2, 2, 0, -2]);
  });

  it.each([
    ['round(1234.5678, 2)', 1234.57],
    ['round(1234.5678, -2)', 1200],
    ['round(1e300, 10)', 1e300],
    ['round(15, -1)', 20],
    ['round(-15, -1)', -20],
    ['round(14, -5)', 0],
    ['floor(-15, -1)', -20],
    ['ceil(-15, -1)', -10],
    ['round(to_float32(3.14159), 2)', Math.fround(3.14)],
    ['round(to_int64(9223372036854775807), -18)', '9000000000000000000'],
  ])('%s is %s', (sql, expected) => {
    expect(toPlain(evaluate(sql))).toBe(expected);
  });
});
