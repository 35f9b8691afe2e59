import { MillraceError } from '@millrace/core';
import {
  type Chunk,
  type Column,
  columnOf,
  constantColumn,
  integerRange,
  isInteger,
  isNullable,
  makeNullable,
  type Value,
} from '@millrace/data';
import { createTextReader, type DecodeColumn, formatInfo } from '@millrace/formats';
import { evaluateConstant, type PlanContext, planExpression, type StreamDefaults, type ValueColumn } from '@millrace/planner';
import type { Expression } from '@millrace/sql';

/** Some columns of a stream, as places in the decoded ones, and their rows. */
export interface GivenColumns {
  readonly places: readonly number[];
  readonly chunk: Chunk;
}

/** Formats whose rows name their fields: an event time may stand there whether the statement lists it or not. */
const namesFields: ReadonlySet<string> = new Set(['JSONEachRow', 'JSONStringsEachRow']);

/** Reads the data of an INSERT … FORMAT. @param isListed whether the statement lists its columns @throws {MillraceError} DATA_UNDECODABLE, PLAN_FORMAT_UNKNOWN */
export function readGiven(
  format: string,
  data: Buffer,
  places: readonly number[],
  isListed: boolean,
  defaults: StreamDefaults,
  timezone: string,
): GivenColumns {
  const read = !isListed && namesFields.has(formatInfo(format).name) ? [...defaults.decode.keys()] : places;
  const columns = read.map((place): DecodeColumn => defaults.decode[place]!);
  return { places: read, chunk: createTextReader(format, columns, { timezone }).read(data) };
}

/** Computes the rows of an INSERT … VALUES. @throws {MillraceError} PLAN_* with position */
export function evaluateGiven(
  tuples: readonly (readonly Expression[])[],
  places: readonly number[],
  defaults: StreamDefaults,
  context: PlanContext,
): GivenColumns {
  const columns = places.map((place) => defaults.decode[place]!);
  const rows = tuples.map((tuple, row) => {
    if (tuple.length !== columns.length) throw wrongCount(row, tuple.length, columns.length);
    return columns.map((column, i) => cellValue(tuple[i]!, column, row, context));
  });
  const built = columns.map((column, i) =>
    columnOf(
      makeNullable(column.type),
      rows.map((row) => row[i]!),
    ),
  );
  return { places, chunk: { rowCount: rows.length, columns: built } };
}

function cellValue(expression: Expression, column: ValueColumn, row: number, context: PlanContext): Value {
  if (expression.kind === 'null') return missingValue(column, row);
  if (isInteger(column.type)) checkInteger(expression, column, row, context);
  return evaluateConstant(expression, column.type, context);
}

/** A number that an integer column cannot hold is refused: it wraps only where somebody writes CAST. */
function checkInteger(expression: Expression, { name, type }: ValueColumn, row: number, context: PlanContext): void {
  const bound = planExpression(expression, context).type;
  if (isNullable(bound) || !/^(?:u?int|float)\d+$/.test(bound.kind)) return;
  const value = evaluateConstant(expression, bound, context) as number | bigint;
  const { min, max } = integerRange(type);
  if (typeof value === 'number' && !Number.isInteger(value)) throw refused(name, row, `${value} is no integer`);
  if (BigInt(value) < min || BigInt(value) > max) throw refused(name, row, `${value} does not fit: it goes from ${min} to ${max}`);
}

function refused(column: string, row: number, message: string): MillraceError {
  return new MillraceError('PLAN_TYPE_MISMATCH', `row ${row + 1}, column ${column}: ${message}`, {
    hint: 'nothing of the data was stored',
    details: { row: row + 1, column },
  });
}

function missingValue({ name, fallback }: ValueColumn, row: number): Value {
  if (fallback.kind === 'refuse') throw refused(name, row, 'the event time is NULL');
  return fallback.kind === 'null' ? null : fallback.value;
}

function wrongCount(row: number, found: number, expected: number): MillraceError {
  return new MillraceError('PLAN_QUERY_INCORRECT', `row ${row + 1} has ${found} values, ${expected} are expected`, {
    hint: 'nothing of the data was stored',
  });
}

/**
 * All decoded columns: those that are given, and in the others what stands for a missing value.
 * @throws {MillraceError} DATA_UNDECODABLE if a column is missing that has nothing to stand for it
 */
export function completeColumns({ places, chunk }: GivenColumns, { decode, schema }: StreamDefaults): Chunk {
  const columns = decode.map((wanted, place): Column => {
    const index = places.indexOf(place);
    if (index >= 0) return chunk.columns[index]!;
    if (wanted.fallback.kind === 'refuse') {
      throw new MillraceError('DATA_UNDECODABLE', `the column ${wanted.name} holds the event time and must be given`, {
        details: { column: wanted.name },
      });
    }
    return constantColumn(schema[place]!.type, wanted.fallback.kind === 'null' ? null : wanted.fallback.value, chunk.rowCount);
  });
  return { rowCount: chunk.rowCount, columns };
}
