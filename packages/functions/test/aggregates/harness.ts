import { FakeClock, SeededRandom } from '@millrace/core';
import { castColumn, columnOf, type DataType, parseDataType, type Value, valueAt } from '@millrace/data';
import { aggregateFunctions, sampleRows, withIf } from '../../src/aggregates/index.ts';
import type { Accumulator, AggregateFunction, Argument, ResolvedAggregate } from '../../src/definition.ts';

export const context = { clock: new FakeClock(), random: new SeededRandom(1), timezone: 'UTC' };

/** By name, `_if` forms included. */
export function aggregate(name: string): AggregateFunction {
  const named = (wanted: string) => aggregateFunctions.find((candidate) => candidate.name === wanted || candidate.aliases.includes(wanted));
  const found = named(name) ?? (name.endsWith('_if') ? withIf(named(name.slice(0, -3))!) : undefined);
  if (found === undefined) throw new Error(`no aggregate ${name}`);
  return found;
}

/** An argument as a test states it: its type and its values row by row. */
export interface Input {
  readonly type: DataType;
  readonly values: readonly Value[];
  readonly constant?: Value;
}

export function resolve(name: string, inputs: readonly Input[], parameters: readonly Value[] = []): ResolvedAggregate {
  const args = inputs.map(({ type, constant }): Argument => (constant === undefined ? { type } : { type, constant: { value: constant } }));
  return aggregate(name).resolve(args, parameters);
}

/** Feeds rows `from … to − 1` to the groups given for them. */
export function feed(
  accumulator: Accumulator,
  resolved: ResolvedAggregate,
  inputs: readonly Input[],
  groups: readonly number[],
  from: number,
  to: number,
): void {
  const count = to - from;
  const columns = inputs.map(({ type, values }, i) =>
    castColumn(columnOf(type, values.slice(from, to)), type, resolved.argumentTypes[i]!, count, { timezone: 'UTC' }),
  );
  accumulator.update(columns, Int32Array.from(groups.slice(from, to)), count);
}

/** The results of groups 0 … count − 1. */
export function results(accumulator: Accumulator, resolved: ResolvedAggregate, count: number): Value[] {
  const column = accumulator.evaluate(
    Int32Array.from({ length: count }, (_, group) => group),
    count,
  );
  return Array.from({ length: count }, (_, row) => valueAt(column, resolved.returns, row));
}

/** The result over all rows as one group. */
export function over(name: string, inputs: readonly Input[], parameters: readonly Value[] = []): Value {
  const resolved = resolve(name, inputs, parameters);
  const accumulator = resolved.create(context);
  const rowCount = inputs[0]?.values.length ?? 0;
  accumulator.resize(1);
  feed(accumulator, resolved, inputs, new Array<number>(rowCount).fill(0), 0, rowCount);
  return results(accumulator, resolved, 1)[0]!;
}

export function input(type: string, values: readonly Value[]): Input {
  return { type: parseDataType(type), values };
}

/** Runs an example such as `quantile(0.5)(y)` over the sample rows. */
export function runExample(sql: string): Value {
  const match = /^(\w+?)(?:\(([^()]*)\))?\(([^()]*)\)$/.exec(sql);
  if (match === null) throw new Error(`not an example of an aggregate: ${sql}`);
  const [, name, parameters, args] = match;
  const parts = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(',').map((part) => part.trim()));
  const inputs = parts(args).map(sampleInput);
  // count() has no column that says how many rows there are: it gets one that it then does not see.
  if (inputs.length === 0) return countRows(name!);
  return over(name!, inputs, parts(parameters).map(Number));
}

function countRows(name: string): Value {
  const resolved = resolve(name, []);
  const accumulator = resolved.create(context);
  accumulator.resize(1);
  accumulator.update([], new Int32Array(sampleRows.rows.length), sampleRows.rows.length);
  return results(accumulator, resolved, 1)[0]!;
}

function sampleInput(text: string): Input {
  const index = sampleRows.schema.findIndex(({ name }) => name === text);
  if (index >= 0) return { type: sampleRows.schema[index]!.type, values: sampleRows.rows.map((row) => row[index]!) };
  const constant = text === 'true' || text === 'false' ? text === 'true' : Number(text);
  return { type: { kind: typeof constant === 'boolean' ? 'bool' : 'float64' }, values: sampleRows.rows.map(() => constant), constant };
}
