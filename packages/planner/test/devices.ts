import type { CatalogReader, StreamDefinition, ViewDefinition } from '@millrace/catalog';
import { FakeClock } from '@millrace/core';
import { parseDataType } from '@millrace/data';
import { parseQuery } from '@millrace/sql';
import { type PlanContext, planQuery, type QueryPlan } from '../src/index.ts';

/** A stream with these columns (`name type [default]`), everything else as CREATE STREAM makes it. */
export function stream(
  name: string,
  columns: readonly (readonly [name: string, type: string, value?: string])[],
  more: Partial<StreamDefinition> = {},
): StreamDefinition {
  return {
    name,
    columns: columns.map(([column, type, value]) => ({ name: column, type: parseDataType(type), default: value ?? null, comment: null })),
    primaryKey: [],
    settings: {},
    eventTimeColumn: null,
    topic: name,
    createdTopic: true,
    topicId: null,
    partitions: 1,
    dataFormat: 'JSONEachRow',
    comment: null,
    createdAtMs: 0,
    ...more,
  };
}

/** The table of Proton's streaming SQL page. */
export const devices = stream(
  'devices',
  [
    ['device', 'string'],
    ['location', 'string'],
    ['cpu_usage', 'float32'],
    ['timestamp', 'DateTime64(3)'],
    ['_time', 'DateTime64(3)'],
  ],
  { eventTimeColumn: '_time' },
);

/** A stream without any time column. */
export const logs = stream('logs', [
  ['level', 'string'],
  ['size', 'int64'],
  ['tags', 'array(string)'],
  ['note', 'nullable(string)'],
]);

/** A stream with defaults and a second precision of event time. */
export const orders = stream(
  'orders',
  [
    ['id', 'uint64'],
    ['price', 'float64', '0'],
    ['amount', 'int32', '1'],
    ['total', 'float64', 'price * amount'],
    ['at', "datetime('Europe/Berlin')"],
  ],
  { eventTimeColumn: 'at', topic: 'shop.orders' },
);

/** A stream that goes by place. */
export const csv = stream(
  'csv',
  [
    ['a', 'int32'],
    ['b', 'string'],
    ['c', 'float64'],
  ],
  { dataFormat: 'CSV' },
);

/** A stream whose records are one text each. */
export const raw = stream('raw', [['line', 'string']], { dataFormat: 'RawBLOB' });

/** 2026-01-02 03:04:05.678 UTC. */
export const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function catalogOf(streams: readonly StreamDefinition[], views: readonly ViewDefinition[] = []): CatalogReader {
  return {
    stream: (name) => streams.find((candidate) => candidate.name === name),
    view: (name) => views.find((candidate) => candidate.name === name),
    names: () => [...streams, ...views].map(({ name }) => name),
  };
}

export function view(name: string, sql: string, columns: readonly (readonly [name: string, type: string])[]): ViewDefinition {
  return {
    name,
    sql,
    columns: columns.map(([column, type]) => ({ name: column, type: parseDataType(type), default: null, comment: null })),
    dependsOn: [],
    createdAtMs: 0,
  };
}

export const busy = view('busy', 'SELECT device, cpu_usage * 2 AS twice, _tp_time FROM devices WHERE cpu_usage > 50', [
  ['device', 'string'],
  ['twice', 'float64'],
  ['_tp_time', "datetime64(3, 'UTC')"],
]);

/** A view that keeps the offset. */
export const recent = view('recent', "SELECT _tp_sn, level FROM logs WHERE _tp_time >= '2026-01-01 00:00:00'", [
  ['_tp_sn', 'int64'],
  ['level', 'string'],
]);

/** A view whose stream is gone. */
export const orphan = view('orphan', 'SELECT a FROM gone', [['a', 'int32']]);

/** Two views that read each other. */
export const circle = [
  view('left_side', 'SELECT a FROM right_side', [['a', 'int32']]),
  view('right_side', 'SELECT a FROM left_side', [['a', 'int32']]),
];

export function contextOf(source: string, more: Partial<PlanContext> = {}): PlanContext {
  return {
    catalog: catalogOf([devices, logs, orders, csv, raw], [busy, recent, orphan, ...circle]),
    clock: new FakeClock(nowMs),
    timezone: 'UTC',
    settings: {},
    source,
    ...more,
  };
}

export function plan(sql: string, more: Partial<PlanContext> = {}): QueryPlan {
  return planQuery(parseQuery(sql), contextOf(sql, more));
}
