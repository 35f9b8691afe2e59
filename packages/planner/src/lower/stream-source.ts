import type { StreamDefinition } from '@millrace/catalog';
import { type DataType, isNullable, type Schema } from '@millrace/data';
import type { ScopeColumn } from '../bind/scope.ts';
import { callFunction, coerce, column, eventTimeType } from '../expression/build.ts';
import type { PlanExpression, PlanNode, ScanColumn, ScanNode, StartPosition } from '../plan.ts';
import { placed } from '../plan-error.ts';
import { parseSeekTo } from '../settings/seek-to.ts';
import { eventTimeColumnOf } from '../stream/event-time-column.ts';
import { recordColumns, virtualColumns } from '../stream/record-columns.ts';
import { defaultsFor, hasNamedFields } from '../stream/stream-defaults.ts';
import type { Planning } from './planning.ts';
import type { DefaultTime, Relation } from './relation.ts';

/**
 * A stream as a relation: a scan of everything it can give, and over it a projection that fills in DEFAULTs and the event
 * time. Columns that nobody asks for are taken out again once the whole query is planned.
 */
export function planStream(stream: StreamDefinition, qualifiers: readonly string[], planning: Planning): Relation {
  const definition = { ...stream, eventTimeColumn: eventTimeColumnOf(stream.columns, stream.eventTimeColumn) };
  planning.findings.streams.add(definition.name);
  const { context } = planning;
  const defaults = defaultsFor(definition, context, 'scan');
  const scan = scanOf(definition, defaults.decode, defaults.schema, planning);
  const timestamp = column(defaults.decode.length, eventTimeType);
  const eventTime = eventTimeOr(defaults.eventTime, timestamp, planning);
  const declared = defaults.expressions.map((expression, index) =>
    orTimestamp(expression, definition.columns[index]!.type, timestamp, planning),
  );
  const node = projectSource(definition, scan, declared, eventTime);
  const columns = sourceColumns(definition, node.schema);
  registerSource(definition, node, columns, planning);
  return {
    node,
    columns,
    flow: planning.bounded ? 'bounded' : 'tail',
    qualifiers,
    defaultTime: defaultTimeOf(definition, columns),
    window: null,
  };
}

/** A row whose value tells no event time has the record's timestamp. */
function eventTimeOr(given: PlanExpression, timestamp: PlanExpression, { context }: Planning): PlanExpression {
  if (given.kind === 'constant') return timestamp;
  return isNullable(given.type) ? callFunction('coalesce', [given, timestamp], context) : given;
}

/** A `_time` that a record lacks is the record's timestamp. */
function orTimestamp(expression: PlanExpression, type: DataType, timestamp: PlanExpression, { context }: Planning): PlanExpression {
  if (!isNullable(expression.type) || isNullable(type)) return expression;
  return callFunction('coalesce', [expression, coerce(timestamp, type, context)], context);
}

function scanOf(definition: StreamDefinition, decode: readonly ScanColumn[], decoded: Schema, planning: Planning): ScanNode {
  const isRaw = /^raw/i.test(definition.dataFormat);
  return {
    node: 'scan',
    schema: [...decoded, ...recordColumns.map(({ name, type }) => ({ name, type }))],
    stream: definition.name,
    topic: definition.topic,
    format: definition.dataFormat,
    columns: [...decode.map((each): ScanColumn => (isRaw ? { from: 'raw' } : each)), ...recordColumns.map(({ from }) => ({ from }))],
    ...(hasNamedFields(definition.dataFormat) || isRaw ? {} : { fields: definition.columns.map(({ name }) => name) }),
    start: startOf(planning),
    bounded: planning.bounded,
    watermark: null,
    batchPerChunk: false,
    ...(definition.topicId !== null && { topicId: definition.topicId }),
    ...(planning.context.catalog.materializedView?.(definition.name) !== undefined && { readsWatermarks: true as const }),
    ...(definition.settings['watermark_parts'] !== undefined && { watermarkParts: Number(definition.settings['watermark_parts']) }),
  };
}

function startOf({ settings: { seekTo, seekToPlace }, context, bounded }: Planning): StartPosition {
  if (seekTo === '') return { at: bounded ? 'earliest' : 'latest' };
  return seekToPlace === null ? parseSeekTo(seekTo, context) : placed(seekToPlace, () => parseSeekTo(seekTo, context));
}

function projectSource(
  definition: StreamDefinition,
  scan: ScanNode,
  declared: readonly PlanExpression[],
  eventTime: PlanExpression,
): PlanNode {
  const declaresTime = definition.columns.some(({ name }) => name === '_tp_time');
  const first = scan.schema.length - recordColumns.length;
  const virtual = recordColumns.slice(1).map(({ type }, index) => column(first + 1 + index, type));
  const expressions = [...declared, ...(declaresTime ? [] : [eventTime]), ...virtual];
  const names = [...definition.columns.map(({ name }) => name), ...(declaresTime ? [] : ['_tp_time']), ...virtualColumns.slice(1)];
  const schema = names.map((name, index) => ({ name, type: expressions[index]!.type }));
  return { node: 'project', schema, input: scan, expressions };
}

function sourceColumns(definition: StreamDefinition, schema: Schema): ScopeColumn[] {
  const declared = new Set(definition.columns.map(({ name }) => name));
  const columns = schema.map(({ name, type }, index) => ({ name, type, index, hidden: !declared.has(name) && name !== '_tp_time' }));
  if (declared.has('_time')) return columns;
  const time = columns.find(({ name }) => name === '_tp_time')!;
  return [...columns, { ...time, name: '_time', hidden: true }];
}

function registerSource(definition: StreamDefinition, node: PlanNode, columns: readonly ScopeColumn[], { findings }: Planning): void {
  const timeNames = new Set(['_tp_time', definition.eventTimeColumn]);
  const timeColumns = new Set(columns.filter(({ name }) => timeNames.has(name)).map(({ index }) => index));
  findings.sources.set(node, { definition, timeColumns, offsetColumn: columns.find(({ name }) => name === '_tp_sn')!.index });
}

/** The declared event time column, in its own type; else `_tp_time`, shown in the server's zone. */
function defaultTimeOf({ eventTimeColumn }: StreamDefinition, columns: readonly ScopeColumn[]): DefaultTime {
  const { index, type } = columns.find(({ name }) => name === (eventTimeColumn ?? '_tp_time'))!;
  const boundType: DataType = eventTimeColumn === null ? { kind: 'datetime64', precision: 3, zone: null } : type;
  return { column: column(index, type), boundType };
}
