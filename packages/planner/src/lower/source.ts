import type { ViewDefinition } from '@millrace/catalog';
import { MillraceError, nearest } from '@millrace/core';
import { type FunctionSource, type NamedSource, type Node, parseQuery, type Source } from '@millrace/sql';
import { coerce, column } from '../expression/build.ts';
import { planError } from '../plan-error.ts';
import type { Planning } from './planning.ts';
import { columnsOfSchema, type Relation } from './relation.ts';
import { planStream } from './stream-source.ts';
import { planWindow } from './window.ts';

/** A FROM as a relation. @throws {MillraceError} PLAN_*, NOT_SUPPORTED. */
export function planSource(source: Source, planning: Planning): Relation {
  switch (source.kind) {
    case 'named':
      return withAlias(planNamed(source, planning), source.alias?.name);
    case 'subquery':
      return withAlias(planning.planQuery(source.query, planning), source.alias?.name);
    case 'table':
      return withAlias(planSource(source.input, { ...planning, bounded: true }), source.alias?.name);
    case 'function':
      return withAlias(planFunction(source, planning), source.alias?.name);
    case 'join':
      throw notSupported('JOIN is not supported', source, planning);
  }
}

function withAlias(relation: Relation, alias: string | undefined): Relation {
  return alias === undefined ? relation : { ...relation, qualifiers: [alias] };
}

function planNamed(source: NamedSource, planning: Planning): Relation {
  const { name } = source.name;
  const { context, commonTables } = planning;
  const common = commonTables.get(name);
  if (common !== undefined) {
    const { bounded, findings } = planning;
    return withAlias(
      planning.planQuery(common.table.query, { ...common.planning, bounded: bounded || common.planning.bounded, findings }),
      name,
    );
  }
  const stream = context.catalog.stream(name);
  if (stream !== undefined) return planStream(stream, [name], planning);
  const view = context.catalog.view(name);
  if (view !== undefined) return planView(view, source, planning);
  throw unknownStream(source, planning);
}

function unknownStream({ name }: NamedSource, { context, commonTables }: Planning) {
  const names = [...context.catalog.names(), ...commonTables.keys()];
  const near = nearest(name.name, names);
  const hint = near === undefined ? 'SHOW STREAMS lists them' : `did you mean ${near}?`;
  return planError('PLAN_STREAM_UNKNOWN', `unknown stream ${name.name}`, { source: context.source, node: name }, hint);
}

/** A view is its query, with the columns that it had when it was made. */
function planView(view: ViewDefinition, source: NamedSource, planning: Planning): Relation {
  if (planning.views.includes(view.name)) {
    const circle = [...planning.views, view.name].join(' → ');
    throw planError('PLAN_QUERY_INCORRECT', `the views read each other in a circle: ${circle}`, placeOf(source, planning));
  }
  const context = { ...planning.context, source: view.sql };
  const relation = planViewQuery(view, { ...planning, context, commonTables: new Map(), views: [...planning.views, view.name] });
  const expressions = view.columns.map(({ name, type }) => {
    const found = relation.columns.find((candidate) => candidate.name === name);
    if (found === undefined) {
      const message = `the view ${view.name} no longer gives the column ${name}`;
      throw planError('PLAN_IDENTIFIER_UNKNOWN', message, placeOf(source, planning), 'drop the view and create it anew');
    }
    return coerce(column(found.index, found.type), type, context);
  });
  const schema = view.columns.map(({ name, type }) => ({ name, type }));
  const columns = columnsOfSchema(schema);
  const time = relation.defaultTime === null ? undefined : columns.find(({ name }) => name === '_tp_time' || name === '_time');
  return {
    node: { node: 'project', schema, input: relation.node, expressions },
    columns,
    flow: relation.flow,
    qualifiers: [view.name],
    defaultTime: time === undefined ? null : { column: column(time.index, time.type), boundType: time.type },
    window: null,
  };
}

/** An error in the text of a view says that it is there. */
function planViewQuery({ name, sql }: ViewDefinition, planning: Planning): Relation {
  try {
    return planning.planQuery(parseQuery(sql), planning);
  } catch (error) {
    if (!(error instanceof MillraceError) || error.source !== sql) throw error;
    const { code, message, position, source, hint, details, cause } = error;
    throw new MillraceError(code, `in the view ${name}: ${message}`, { position, source, hint, details, cause });
  }
}

const laterFunctions: ReadonlySet<string> = new Set(['session', 'dedup', 'changelog']);

function planFunction(source: FunctionSource, planning: Planning): Relation {
  const name = source.name.name.toLowerCase();
  if (laterFunctions.has(name)) throw notSupported(`${name}(…) is not supported`, source.name, planning);
  if (name !== 'tumble' && name !== 'hop') {
    const near = nearest(name, ['tumble', 'hop', 'table']);
    const hint = near === undefined ? 'table functions are tumble, hop and table' : `did you mean ${near}?`;
    throw planError('PLAN_FUNCTION_UNKNOWN', `unknown table function ${source.name.name}`, placeOf(source.name, planning), hint);
  }
  const input = planSource(source.input, planning);
  if (input.window !== null) {
    throw planError(
      'PLAN_QUERY_INCORRECT',
      `${name} stands over ${input.window.name} without a GROUP BY between them`,
      placeOf(source, planning),
      'put the inner one into a subquery',
    );
  }
  return planWindow(name, source, input, planning);
}

function placeOf(node: Pick<Node, 'start' | 'end'>, { context }: Planning) {
  return { source: context.source, node };
}

function notSupported(message: string, node: Pick<Node, 'start' | 'end'>, planning: Planning) {
  return planError('NOT_SUPPORTED', message, placeOf(node, planning));
}
