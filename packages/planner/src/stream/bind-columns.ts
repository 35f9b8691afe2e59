import type { ColumnDefinition, StreamDefinition } from '@millrace/catalog';
import { type DataType, formatDataType, isInterval, isTemporal, parseDataType, removeNullable } from '@millrace/data';
import { type Expression, parseExpression, print, type ColumnDefinition as WrittenColumn } from '@millrace/sql';
import { ExpressionBinder } from '../bind/expression-binder.ts';
import { Scope } from '../bind/scope.ts';
import type { PlanContext } from '../context.ts';
import type { PlanExpression } from '../plan.ts';
import { placed, planError } from '../plan-error.ts';
import { virtualColumns } from './record-columns.ts';
import { bindDefault, defaultsFor } from './stream-defaults.ts';

/**
 * The columns of a CREATE STREAM: types read, names checked, DEFAULTs bound once so that they are known to be right.
 * @throws {MillraceError} PLAN_TYPE_UNKNOWN, PLAN_QUERY_INCORRECT, PLAN_TYPE_MISMATCH, … with position.
 */
export function bindColumns(columns: readonly WrittenColumn[], context: PlanContext): readonly ColumnDefinition[] {
  const bound = columns.map((column) => bindColumn(column, context));
  for (const [index, { name }] of bound.entries()) {
    const node = columns[index]!.name;
    if (bound.findIndex((other) => other.name === name) < index) {
      throw planError('PLAN_QUERY_INCORRECT', `the column ${name} is declared twice`, { source: context.source, node });
    }
  }
  for (const [index, column] of columns.entries()) {
    if (column.default !== null) bindDefault(column.default, bound[index]!, bound, context);
  }
  refuseCircles(bound, columns, context);
  return bound;
}

function bindColumn(column: WrittenColumn, context: PlanContext): ColumnDefinition {
  const { name, type: written } = column;
  const type = placed({ source: context.source, node: written }, () => parseDataType(written.text));
  if (isInterval(type) || removeNullable(type).kind === 'nothing') {
    throw planError('PLAN_TYPE_MISMATCH', `a column cannot be of type ${formatDataType(type)}`, { source: context.source, node: written });
  }
  if (virtualColumns.includes(name.name) && name.name !== '_tp_time') {
    throw planError(
      'PLAN_QUERY_INCORRECT',
      `every stream has a column ${name.name} of its own`,
      { source: context.source, node: name },
      'choose another name',
    );
  }
  if (name.name === '_tp_time' && !isTemporal(type)) {
    throw planError('PLAN_TYPE_MISMATCH', `_tp_time is the event time: it cannot be of type ${formatDataType(type)}`, {
      source: context.source,
      node: written,
    });
  }
  return { name: name.name, type, default: column.default === null ? null : print(column.default), comment: column.comment };
}

function refuseCircles(bound: readonly ColumnDefinition[], columns: readonly WrittenColumn[], context: PlanContext): void {
  const first = columns.find((column) => column.default !== null);
  if (first === undefined) return;
  placed({ source: context.source, node: first.default! }, () => defaultsFor(draftOf(bound), context));
}

/** A stream of these columns that nothing else is known of yet. */
function draftOf(columns: readonly ColumnDefinition[]): StreamDefinition {
  return {
    name: '',
    columns,
    primaryKey: [],
    settings: {},
    eventTimeColumn: null,
    topic: '',
    createdTopic: false,
    topicId: null,
    partitions: 1,
    dataFormat: 'JSONEachRow',
    comment: null,
    createdAtMs: 0,
  };
}

/**
 * Binds an expression over the declared columns of a stream, in their order: PRIMARY KEY parts, `sharding_expr`.
 * @param what names the clause in errors
 * @throws {MillraceError} PLAN_* with position; `context.source` is the text the tree was parsed from
 */
export function bindOverColumns(
  expression: Expression,
  columns: readonly { readonly name: string; readonly type: DataType }[],
  what: string,
  context: PlanContext,
): PlanExpression {
  const scope = new Scope(
    columns.map(({ name, type }, index) => ({ name, type, index, hidden: false })),
    [],
  );
  return new ExpressionBinder(scope, context).bind(expression, { name: what, aggregates: null });
}

/** {@link bindOverColumns} for an expression that is kept as text. */
export function bindTextOverColumns(
  text: string,
  columns: readonly { readonly name: string; readonly type: DataType }[],
  what: string,
  context: PlanContext,
): PlanExpression {
  return bindOverColumns(parseExpression(text), columns, what, { ...context, source: text });
}
