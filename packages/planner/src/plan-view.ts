import type { ColumnDefinition, StreamDefinition } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import { isNullable } from '@millrace/data';
import { parseExpression, type Query } from '@millrace/sql';
import type { PlanContext } from './context.ts';
import { describeColumns } from './describe-query.ts';
import { planQueryRelation } from './lower/query.ts';
import type { Flow, Relation } from './lower/relation.ts';
import type { PlanNode, QueryPlan } from './plan.ts';
import { type Place, planError } from './plan-error.ts';
import { insertColumns, intoStream } from './plan-insert.ts';
import { beginPlanning, finishPlanning } from './plan-query.ts';
import { defaultsFor, type StreamDefaults } from './stream/stream-defaults.ts';

/** The name under which the event time of a row goes along when the query does not select it. */
const rowTime = '_tp_time';

/**
 * The columns that a materialized view gives, of which its own stream is made: `_tp_time` is not among them, every stream has it.
 * @throws {MillraceError} as {@link describeColumns}; PLAN_QUERY_INCORRECT for a query that ends.
 */
export function viewColumns(query: Query, context: PlanContext): readonly ColumnDefinition[] {
  const columns = describeColumns(query, context).filter(({ name }) => name !== rowTime);
  if (columns.length > 0) return columns;
  throw planError('PLAN_QUERY_INCORRECT', 'the query gives no column besides _tp_time', placeOf(query, context));
}

/**
 * Plans the query of a materialized view into a stream. Columns go by their names: one that the stream lacks, or one of the
 * stream that the query does not give and that has neither DEFAULT nor NULL, is an error.
 *
 * The event time of a row is `_tp_time` if the query selects it; else that of the row it comes from, and of a window its last
 * millisecond. A row of a snapshot has none: it is that of writing.
 *
 * @param query without the settings of the view
 * @returns a plan with columns as those of `planInsert`
 * @throws {MillraceError} PLAN_* with position; PLAN_QUERY_INCORRECT for a query that ends
 */
export function planView(definition: StreamDefinition, query: Query, context: PlanContext): QueryPlan {
  const place = placeOf(query, context);
  const planning = beginPlanning(context);
  const plain = planQueryRelation(query, planning);
  if (plain.flow === 'bounded') {
    const hint = 'INSERT INTO … SELECT writes what a query gives that ends';
    throw planError('PLAN_QUERY_INCORRECT', 'a materialized view goes on for ever, but its query ends', place, hint);
  }
  if (hasLimit(plain.node)) {
    const limit = query.selects.find((select) => select.limit !== null)?.limit ?? query;
    const hint = 'LIMIT n BY … bounds the rows of each key; ORDER BY and LIMIT belong to the query that reads the view';
    const what = 'a materialized view goes on for ever, but LIMIT would end it';
    throw planError('PLAN_QUERY_INCORRECT', what, { source: context.source, node: limit }, hint);
  }
  const timed = plain.node.schema.some(({ name }) => name === rowTime) ? undefined : withRowTime(query, plain.flow, context);
  const relation = timed?.relation ?? plain;
  const defaults = defaultsFor(definition, context);
  const targets = targetsOf(definition, defaults, relation, place, context);
  checkComplete(definition, defaults, targets, place);
  const plan = finishPlanning(intoStream(definition, defaults, relation, targets, place, context), planning);
  return timed?.text === windowTime && isBehindWatermark(relation.node) ? { ...plan, givesWatermarks: true } : plan;
}

/** True if what comes of the node are windows that a watermark has closed. */
function isBehindWatermark(node: PlanNode): boolean {
  if (node.node === 'aggregate') return node.window !== null && node.emit.when === 'watermark';
  return 'input' in node && isBehindWatermark(node.input);
}

/** True if a part of the plan ends after so many rows. OFFSET alone ends nothing. */
function hasLimit(node: PlanNode): boolean {
  if (node.node === 'limit' && node.limit !== null) return true;
  if (node.node === 'union') return node.inputs.some(hasLimit);
  return 'input' in node && hasLimit(node.input);
}

const windowTime = "CAST(window_end AS datetime64(3, 'UTC')) - INTERVAL 1 MILLISECOND";

/** What may be the event time of a row of the query, the best first. */
const timeExpressions: Readonly<Record<Flow, readonly string[]>> = {
  bounded: [],
  tail: [rowTime],
  windows: [rowTime, windowTime],
  snapshots: [],
};

/** The query with the event time of its rows as one more column; undefined where they have none, or DISTINCT would see it. */
function withRowTime(query: Query, flow: Flow, context: PlanContext): { readonly relation: Relation; readonly text: string } | undefined {
  const [select, ...others] = query.selects;
  if (others.length > 0 || select!.distinct) return undefined;
  for (const text of timeExpressions[flow]) {
    const expression = parseExpression(text);
    const { start, end } = select!;
    const item = { expression, alias: { name: rowTime, quoted: false, start, end }, start, end };
    try {
      const relation = planQueryRelation({ ...query, selects: [{ ...select!, items: [...select!.items, item] }] }, beginPlanning(context));
      return { relation, text };
    } catch (failure) {
      // The rows have no such column: that is what was asked.
      if (!(failure instanceof MillraceError) || !failure.code.startsWith('PLAN_')) throw failure;
    }
  }
  return undefined;
}

/** Where each column of the query goes, as a place in `decode`. */
function targetsOf(
  definition: StreamDefinition,
  defaults: StreamDefaults,
  { node }: Relation,
  { node: written }: Place,
  context: PlanContext,
): readonly number[] {
  const names = node.schema.map(({ name }) => name);
  const eventTime = definition.eventTimeColumn;
  return names.map((name, index) => {
    if (names.indexOf(name) < index)
      throw planError('PLAN_QUERY_INCORRECT', `two columns are called ${name}`, { source: context.source, node: written });
    const declares = definition.columns.some((declared) => declared.name === name);
    if (name !== rowTime || declares) return insertColumns(definition, [identifier(name, written)], defaults, context)[0]!;
    // The event time goes into the column that the stream declares for it, unless the query gives that one.
    if (eventTime === null) return defaults.decode.findIndex((field) => field.name === rowTime);
    return names.includes(eventTime) ? -1 : defaults.decode.findIndex((field) => field.name === eventTime);
  });
}

function identifier(name: string, { start, end }: Place['node']) {
  return { name, quoted: false, start, end };
}

function checkComplete(definition: StreamDefinition, { decode }: StreamDefaults, targets: readonly number[], place: Place): void {
  const missing = definition.columns.find(
    ({ default: text, type }, index) => text === null && !isNullable(type) && decode[index] !== undefined && !targets.includes(index),
  );
  if (missing === undefined) return;
  const hint = `select it, or give it a DEFAULT in ${definition.name}`;
  throw planError('PLAN_QUERY_INCORRECT', `the query does not give ${missing.name}, a column of ${definition.name}`, place, hint);
}

function placeOf(query: Query, { source }: PlanContext): Place {
  return { source, node: query };
}
