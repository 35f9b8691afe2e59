import type { Column, ColumnReader, RowsEvent } from '@millrace/sdk';
import { eventTime } from './target-streams.ts';
import { timeText } from './time-text.ts';

/** What the ingest interface takes. */
export interface IngestBody {
  readonly columns: readonly string[];
  readonly data: readonly (readonly unknown[])[];
}

/**
 * @param columns of the event, those that the target has
 * @param withTime whether the event time goes along as `_tp_time` behind them
 */
export function ingestBody(event: RowsEvent, start: number, end: number, columns: readonly Column[], withTime: boolean): IngestBody {
  const writers = columns.map((column) => cellWriter(event, column));
  const data = Array.from({ length: end - start }, (_, index) => {
    const row = start + index;
    const cells = JSON.parse(event.json(row), keepDigits) as Record<string, unknown>;
    const values = writers.map((write) => write(row, cells));
    return withTime ? [...values, timeText(event.time(row), 3)] : values;
  });
  const names = columns.map(({ name }) => name);
  return { columns: withTime ? [...names, eventTime] : names, data };
}

type CellWriter = (row: number, cells: Record<string, unknown>) => unknown;

/** Mostly the JSON's own value. */
function cellWriter(event: RowsEvent, { name, type }: Column): CellWriter {
  const precision = timePrecision(type);
  if (precision !== undefined) return timeWriter(event.column(name), precision);
  return /^(nullable\()?float/i.test(type) ? floatWriter(event.column(name)) : (_row, cells) => cells[name] ?? null;
}

/** Times as they stand in JSON are local ones of a zone that may be another over there: these go in UTC. */
function timeWriter(column: ColumnReader, precision: number): CellWriter {
  return (row) => (column.isNull(row) ? null : timeText(column.value(row) as number | bigint, precision));
}

/** JSON has no number for nan and inf, nor for the sign of zero; the other side reads them as texts. */
function floatWriter(column: ColumnReader): CellWriter {
  return (row) => {
    if (column.isNull(row)) return null;
    const value = column.value(row) as number;
    if (Number.isNaN(value)) return 'nan';
    if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
    return Object.is(value, -0) ? '-0' : value;
  };
}

/** Digits after the seconds; undefined for what is no date-time. */
function timePrecision(type: string): number | undefined {
  const [, kind, precision] = /^(?:nullable\()?(datetime64|datetime)\b(?:\((\d))?/i.exec(type) ?? [];
  if (kind === undefined) return undefined;
  return kind.toLowerCase() === 'datetime' ? 0 : Number(precision ?? 3);
}

/** The other side reads the body into doubles: whole numbers that these do not hold go as texts, which it takes as well. */
function keepDigits(_key: string, value: unknown, context?: { readonly source: string }): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) && Number.isInteger(value) ? context!.source : value;
}
