import { FakeClock, SeededRandom } from '@millrace/core';
import { type Chunk, columnOf, type DataType, type Value, valueAt } from '@millrace/data';
import type { PlanExpression } from '@millrace/planner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePredicate } from '../../src/expression/compile-predicate.ts';
import { compileProjection } from '../../src/expression/compile-projection.ts';
import { RowFailure } from '../../src/expression/row-failure.ts';
import { bool, call, column, constant, float64, int32, int64, nullable, string, time } from '../harness.ts';
import { evaluate } from '../naive-evaluate.ts';

const context = { clock: new FakeClock(Date.UTC(2026, 0, 1)), random: new SeededRandom(1), timezone: 'UTC' };

/** The columns that expressions are made over. */
const types: readonly DataType[] = [
  int32,
  nullable(int32),
  float64,
  nullable(float64),
  string,
  nullable(string),
  bool,
  nullable(bool),
  int64,
  time,
  { kind: 'array', element: int32 },
];

const valueOfType = (type: DataType): fc.Arbitrary<Value> => {
  switch (type.kind) {
    case 'nullable':
      return fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: valueOfType(type.inner) });
    case 'int32':
      return fc.integer({ min: -5, max: 5 });
    case 'float64':
      return fc.oneof(
        fc.integer({ min: -3, max: 3 }).map((n) => n / 2),
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0),
      );
    case 'string':
      return fc.constantFrom('', 'a', 'ab', 'b', 'ä', '\xff', '12');
    case 'bool':
      return fc.boolean();
    case 'int64':
      return fc.constantFrom(0n, 1n, -1n, 2n ** 62n, -(2n ** 63n));
    case 'datetime64':
      return fc.integer({ min: 0, max: 100_000 });
    case 'array':
      return fc.array(valueOfType(type.element), { maxLength: 3 });
    default:
      throw new Error(`no values of ${type.kind}`);
  }
};

const columnsWhere = (holds: (type: DataType) => boolean) =>
  fc.constantFrom(...types.flatMap((type, index) => (holds(type) ? [column(index, type)] : [])));
const kindOf = (type: DataType) => (type.kind === 'nullable' ? type.inner.kind : type.kind);

/** Expressions by what they give, to a depth. */
const { number, condition, text } = fc.letrec<{ number: PlanExpression; condition: PlanExpression; text: PlanExpression }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'expression' },
    columnsWhere((type) => kindOf(type) === 'int32' || kindOf(type) === 'float64'),
    fc.integer({ min: -3, max: 3 }).map((n) => constant(int32, n)),
    columnsWhere((type) => kindOf(type) === 'int64'),
    fc.tuple(fc.constantFrom('plus', 'minus', 'multiply'), tie('number'), tie('number')).map(([name, a, b]) => call(name, a, b)),
    fc.tuple(tie('condition'), tie('number')).map(([when, then]) => call('if', when, then, then)),
    fc.tuple(tie('number'), tie('number')).map(([a]) => call('coalesce', a, a)),
    tie('text').map((of) => call('length', of)),
    fc.constantFrom(0, 1, 3, 6).map((precision) =>
      call('to_unix_timestamp', {
        kind: 'cast',
        type: { kind: 'datetime64', precision, zone: 'UTC' },
        operand: column(9, time),
      } as PlanExpression),
    ),
    tie('number').map(
      (of): PlanExpression => ({ kind: 'cast', type: of.type.kind === 'nullable' ? nullable(float64) : float64, operand: of }),
    ),
  ),
  condition: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'expression' },
    columnsWhere((type) => kindOf(type) === 'bool'),
    fc
      .tuple(fc.constantFrom('less', 'equals', 'not_equals', 'greater_or_equals'), tie('number'), tie('number'))
      .map(([name, a, b]) => call(name, a, b)),
    fc
      .tuple(fc.constantFrom('less', 'equals', 'not_equals', 'greater_or_equals'), tie('text'), tie('text'))
      .map(([name, a, b]) => call(name, a, b)),
    fc.tuple(fc.constantFrom('and', 'or'), tie('condition'), tie('condition')).map(([name, a, b]) => call(name, a, b)),
    tie('condition').map((of) => call('not', of)),
    fc.oneof(tie('number'), tie('text')).map((of) => call('is_null', of)),
  ),
  text: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'expression' },
    columnsWhere((type) => kindOf(type) === 'string'),
    fc.constantFrom('', 'a', 'ä', 'b').map((value) => constant(string, Buffer.from(value).toString('latin1'))),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => call('concat', a, b)),
    fc.tuple(tie('condition'), tie('text'), tie('text')).map(([when, a, b]) => call('if', when, a, b)),
    tie('number').map((of) => call('to_string', of)),
  ),
}));

const rows = fc.array(fc.tuple(...types.map(valueOfType)), { minLength: 1, maxLength: 20 });

function chunkOf(values: readonly (readonly Value[])[]): Chunk {
  return {
    rowCount: values.length,
    columns: types.map((type, i) =>
      columnOf(
        type,
        values.map((row) => row[i]!),
      ),
    ),
  };
}

describe('compiled expressions', () => {
  it('give what evaluating row by row gives', () => {
    const expressions = fc.tuple(number, condition, text);
    fc.assert(
      fc.property(expressions, fc.array(rows, { minLength: 1, maxLength: 3 }), (compiled, chunks) => {
        const project = compileProjection(compiled, context);
        const select = compilePredicate(compiled[1], context);
        for (const values of chunks) {
          const chunk = chunkOf(values);
          const columns = project(chunk);
          const expected = values.map((row) => compiled.map((expression) => evaluate(expression, row, context)));
          expect(values.map((_, row) => compiled.map(({ type }, i) => valueAt(columns[i]!, type, row)))).toEqual(expected);
          const selected = select(chunk);
          expect([...selected.rows.subarray(0, selected.count)]).toEqual(expected.flatMap((row, i) => (row[1] === true ? [i] : [])));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('run lambdas over arrays, with columns of the row in sight', () => {
    const lambda: PlanExpression = {
      kind: 'lambda',
      type: { kind: 'int64' },
      parameters: [{ id: 1, type: int32 }],
      body: {
        kind: 'call',
        type: int64,
        function: 'plus',
        arguments: [{ kind: 'parameter', type: int32, id: 1 }, column(0, int32)],
        resolvedFrom: [{ type: int32 }, { type: int32 }],
      },
    };
    const array: DataType = { kind: 'array', element: int32 };
    const mapped: PlanExpression = {
      kind: 'call',
      type: { kind: 'array', element: int64 },
      function: 'array_map',
      arguments: [lambda, column(10, array)],
      resolvedFrom: [{ type: int64, lambda: { parameterCount: 1 } }, { type: array }],
    };
    const row = [10, null, 0, null, '', null, false, null, 0n, 0, [1, 2]];
    const [result] = compileProjection([mapped], context)(chunkOf([row, row]));
    expect(valueAt(result!, mapped.type, 1)).toEqual(evaluate(mapped, row, context));
  });

  it('do not compute the branch of IF that is not taken', () => {
    const toInt = (index: number): PlanExpression => ({ kind: 'cast', type: int32, operand: column(index, string) });
    const guarded = call('if', call('equals', column(4, string), constant(string, 'x')), constant(int32, 0), toInt(4));
    const row = (text: string): Value[] => [0, null, 0, null, text, null, false, null, 0n, 0, []];
    const [result] = compileProjection([guarded], context)(chunkOf([row('x'), row('7')]));
    expect([valueAt(result!, int32, 0), valueAt(result!, int32, 1)]).toEqual([0, 7]);
  });

  it('say which row failed', () => {
    const row = (text: string): Value[] => [0, null, 0, null, text, null, false, null, 0n, 0, []];
    const project = compileProjection([{ kind: 'cast', type: int32, operand: column(4, string) }], context);
    expect(() => project(chunkOf([row('1'), row('2'), row('x')]))).toThrowError(RowFailure);
    try {
      project(chunkOf([row('1'), row('2'), row('x')]));
    } catch (error) {
      expect((error as RowFailure).row).toBe(2);
    }
  });

  it('share columns that are passed on as they are', () => {
    const chunk = chunkOf([[1, 2, 3, 4, 'a', 'b', true, false, 5n, 6, [7]]]);
    const columns = compileProjection([column(4, string), column(0, int32)], context)(chunk);
    expect(columns[0]).toBe(chunk.columns[4]);
    expect(columns[1]).toBe(chunk.columns[0]);
  });

  it('carry no text of the query into code', () => {
    const evil = constant(string, "'); throw new Error('escaped'); ('");
    const [result] = compileProjection(
      [call('concat', column(4, string), evil)],
      context,
    )(chunkOf([[1, 2, 3, 4, 'a', 'b', true, false, 5n, 6, []]]));
    expect(valueAt(result!, string, 0)).toBe("a'); throw new Error('escaped'); ('");
  });
});
