import { MillraceError } from '@millrace/core';
import { type Chunk, type Column, castColumn, columnOf, constantColumn, createCast, type Value, valueReader } from '@millrace/data';
import { type KernelContext, scalarFunction } from '@millrace/functions';
import type { PlanExpression } from '@millrace/planner';

/** The value of an expression in one row. Parameters are those of the lambdas around it. */
type RowValue = (row: number, parameters: ReadonlyMap<number, Value>) => Value;

const noParameters: ReadonlyMap<number, Value> = new Map();

/**
 * Computes expressions over the rows of an INSERT. Most are plain columns, which are passed on; what is left are DEFAULTs,
 * keys and sharding expressions: few rows at a time, so they are walked and not compiled.
 * @throws {MillraceError} DATA_* with the row's number
 */
export function evaluateColumns(expressions: readonly PlanExpression[], chunk: Chunk, context: KernelContext): Column[] {
  return expressions.map((expression) => {
    if (expression.kind === 'column') return chunk.columns[expression.index]!;
    if (expression.kind === 'constant') return constantColumn(expression.type, expression.value, chunk.rowCount);
    if (expression.kind === 'cast' && expression.operand.kind === 'column') {
      const { operand, type } = expression;
      return castColumn(chunk.columns[operand.index]!, operand.type, type, chunk.rowCount, context);
    }
    return columnOf(expression.type, rowValues(prepare(expression, chunk, context), chunk.rowCount));
  });
}

function rowValues(compute: RowValue, rowCount: number): Value[] {
  return Array.from({ length: rowCount }, (_, row) => {
    try {
      return compute(row, noParameters);
    } catch (failure) {
      if (!(failure instanceof MillraceError)) throw failure;
      throw new MillraceError(failure.code, `row ${row + 1}: ${failure.message}`, {
        cause: failure,
        details: { ...failure.details, row: row + 1 },
      });
    }
  });
}

function prepare(expression: PlanExpression, chunk: Chunk, context: KernelContext): RowValue {
  switch (expression.kind) {
    case 'constant':
      return () => expression.value;
    case 'column':
      return valueReader(chunk.columns[expression.index]!, expression.type);
    case 'parameter':
      return (_row, parameters) => parameters.get(expression.id)!;
    case 'cast': {
      const operand = prepare(expression.operand, chunk, context);
      const cast = createCast(expression.operand.type, expression.type, context);
      return (row, parameters) => cast(operand(row, parameters));
    }
    case 'lambda':
      return prepareLambda(expression, chunk, context);
    case 'call':
      return prepareCall(expression, chunk, context);
  }
}

function prepareLambda(lambda: PlanExpression & { kind: 'lambda' }, chunk: Chunk, context: KernelContext): RowValue {
  const body = prepare(lambda.body, chunk, context);
  const call =
    (row: number, outer: ReadonlyMap<number, Value>) =>
    (...values: Value[]) => {
      const parameters = new Map(outer);
      for (const [index, { id }] of lambda.parameters.entries()) parameters.set(id, values[index]!);
      return body(row, parameters);
    };
  return call as unknown as RowValue;
}

function prepareCall(call: PlanExpression & { kind: 'call' }, chunk: Chunk, context: KernelContext): RowValue {
  const { nulls, kernel } = scalarFunction(call.function)!.resolve(call.resolvedFrom);
  const operands = call.arguments.map((argument) => prepare(argument, chunk, context));
  const compute = kernelFunction(kernel, operands.length, context);
  return (row, parameters) => {
    const values = operands.map((operand) => operand(row, parameters));
    return nulls === 'propagate' && values.includes(null) ? null : compute(...values);
  };
}

type Kernel = ReturnType<NonNullable<ReturnType<typeof scalarFunction>>['resolve']>['kernel'];

function kernelFunction(kernel: Kernel, count: number, context: KernelContext): (...values: Value[]) => Value {
  if (kernel.kind === 'row') return kernel.create(context) as unknown as (...values: Value[]) => Value;
  if (kernel.kind === 'constant') return kernel.create(context);
  // The text comes from the function's definition, over names of our own: never from a statement.
  const names = Array.from({ length: count }, (_, index) => `value${index}`);
  return new Function(...names, `return ${kernel.emit(...names)};`) as (...values: Value[]) => Value;
}
