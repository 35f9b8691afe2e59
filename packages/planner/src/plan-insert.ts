import type { StreamDefinition } from '@millrace/catalog';
import { nearest } from '@millrace/core';
import {
  canCast,
  type DataType,
  formatDataType,
  fromText,
  integerRange,
  isFloat,
  isInteger,
  isNullable,
  isTemporal,
  makeNullable,
  removeNullable,
} from '@millrace/data';
import type { Identifier, Query } from '@millrace/sql';
import type { PlanContext } from './context.ts';
import { callFunction, coerce, column, constant, stringType } from './expression/build.ts';
import { substituteColumns } from './expression/columns-of.ts';
import { planQueryRelation } from './lower/query.ts';
import type { Relation } from './lower/relation.ts';
import type { PlanExpression, QueryPlan } from './plan.ts';
import { type Place, placed, planError } from './plan-error.ts';
import { beginPlanning, finishPlanning } from './plan-query.ts';
import { defaultsFor, type StreamDefaults } from './stream/stream-defaults.ts';

/**
 * The columns that an INSERT names, as places in `decode` of {@link defaultsFor}; without a list all declared ones.
 * @throws {MillraceError} PLAN_IDENTIFIER_UNKNOWN, PLAN_QUERY_INCORRECT with position.
 */
export function insertColumns(
  definition: StreamDefinition,
  named: readonly Identifier[],
  defaults: StreamDefaults,
  context: PlanContext,
): readonly number[] {
  if (named.length === 0) return [...definition.columns.keys()];
  const names = defaults.decode.map(({ name }) => name);
  return named.map((node, index) => {
    const place = { source: context.source, node };
    const found = names.indexOf(node.name);
    if (found < 0) {
      const near = nearest(node.name, names);
      const hint = near === undefined ? `columns are ${names.join(', ')}` : `did you mean ${near}?`;
      throw planError('PLAN_IDENTIFIER_UNKNOWN', `${definition.name} has no column ${node.name}`, place, hint);
    }
    if (named.findIndex(({ name }) => name === node.name) < index)
      throw planError('PLAN_QUERY_INCORRECT', `the column ${node.name} is named twice`, place);
    return found;
  });
}

/**
 * Plans `INSERT INTO stream (columns) SELECT …`: the query's columns go to the named ones by place, converted to their types;
 * the others get their DEFAULTs. An integer that its column does not hold ends the query.
 *
 * @returns a plan whose columns are the declared ones in order and, behind them, `_tp_time`: the event time in ms
 * (datetime64(3, 'UTC')), NULL where the row gives none
 * @throws {MillraceError} PLAN_* with position
 */
export function planInsert(definition: StreamDefinition, columns: readonly Identifier[], query: Query, context: PlanContext): QueryPlan {
  const planning = beginPlanning(context);
  const defaults = defaultsFor(definition, context);
  const targets = insertColumns(definition, columns, defaults, context);
  const relation = planQueryRelation(query, planning);
  const given = relation.node.schema.length;
  const place = { source: context.source, node: query };
  if (given !== targets.length)
    throw planError('PLAN_QUERY_INCORRECT', `the query gives ${given} columns, but ${targets.length} are to be inserted`, place);
  return finishPlanning(intoStream(definition, defaults, relation, targets, place, context), planning);
}

/**
 * The rows of a relation as those of a stream: see {@link planInsert}.
 * @param targets where each column of the relation goes, as a place in `defaults.decode`; −1 = nowhere
 */
export function intoStream(
  definition: StreamDefinition,
  defaults: StreamDefaults,
  relation: Relation,
  targets: readonly number[],
  place: Place,
  context: PlanContext,
): Relation {
  const given = relation.node.schema;
  const decoded = defaults.decode.map((field, index): PlanExpression => {
    const from = targets.indexOf(index);
    const { type } = defaults.schema[index]!;
    if (from >= 0)
      return placed(place, () => stored(column(from, given[from]!.type), field.name, convertible(type, given[from]!.type), context));
    if (field.fallback.kind === 'value') return constant(type, field.fallback.value);
    if (field.fallback.kind === 'null') return constant(makeNullable(type), null);
    throw planError('PLAN_QUERY_INCORRECT', `the event time ${field.name} of ${definition.name} is not given and has no DEFAULT`, place);
  });
  const expressions = [...defaults.expressions, defaults.eventTime].map((expression) => substituteColumns(expression, decoded));
  const names = [...definition.columns.map(({ name }) => name), '_tp_time'];
  const schema = names.map((name, index) => ({ name, type: expressions[index]!.type }));
  return { ...relation, node: { node: 'project', schema, input: relation.node, expressions } };
}

/** The value as the column's type. An integer that the column does not hold is refused: only where somebody writes CAST it wraps. */
function stored(value: PlanExpression, name: string, type: DataType, context: PlanContext): PlanExpression {
  if (!mayNotFit(value.type, type) || !canCast(value.type, type)) return coerce(value, type, context);
  const texts = [formatDataType(type), `column ${name}`].map((text) => constant(stringType, fromText(text)));
  return coerce(callFunction('accurate_cast', [value, ...texts], context), type, context);
}

/** True if a cast between the types could change an integer. */
function mayNotFit(from: DataType, to: DataType): boolean {
  if (from.kind === 'nullable' || to.kind === 'nullable') return mayNotFit(removeNullable(from), removeNullable(to));
  if (from.kind === 'array' && to.kind === 'array') return mayNotFit(from.element, to.element);
  if (from.kind === 'map' && to.kind === 'map') return mayNotFit(from.key, to.key) || mayNotFit(from.value, to.value);
  if (from.kind === 'tuple' && to.kind === 'tuple') {
    return to.elements.some(({ type }, index) => from.elements[index] !== undefined && mayNotFit(from.elements[index].type, type));
  }
  if (!isInteger(to)) return false;
  if (!isInteger(from)) return isFloat(from) || isTemporal(from);
  const [given, held] = [integerRange(from), integerRange(to)];
  return given.min < held.min || given.max > held.max;
}

function convertible(type: PlanExpression['type'], given: PlanExpression['type']): PlanExpression['type'] {
  return isNullable(given) && given.kind === 'nullable' && given.inner.kind === 'nothing' ? makeNullable(type) : type;
}
