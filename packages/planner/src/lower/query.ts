import { commonType, type DataType, formatDataType } from '@millrace/data';
import type { Query, Select } from '@millrace/sql';
import { coerce, column } from '../expression/build.ts';
import type { PlanNode } from '../plan.ts';
import { planError } from '../plan-error.ts';
import type { BoundCommonTable, Planning } from './planning.ts';
import { columnsOfSchema, type Relation } from './relation.ts';
import { planSelect } from './select.ts';

/** A whole query as a relation. @throws {MillraceError} PLAN_*, NOT_SUPPORTED. */
export function planQueryRelation(query: Query, outer: Planning): Relation {
  const planning = withCommonTables(query, outer);
  const [first, ...others] = query.selects;
  if (others.length === 0) return planSelect(first!, planning);
  return planUnion(query.selects, planning);
}

/** Each common table sees those before it. */
function withCommonTables(query: Query, outer: Planning): Planning {
  let planning = outer;
  for (const table of query.with) {
    if (query.with.some((other) => other !== table && other.name.name === table.name.name && other.start < table.start)) {
      throw planError('PLAN_QUERY_INCORRECT', `WITH names ${table.name.name} twice`, { source: outer.context.source, node: table.name });
    }
    const bound: BoundCommonTable = { table, planning };
    planning = { ...planning, commonTables: new Map([...planning.commonTables, [table.name.name, bound]]) };
  }
  return planning;
}

/** UNION ALL over bounded inputs: types are unified, names are those of the first. */
function planUnion(selects: readonly Select[], planning: Planning): Relation {
  const relations = selects.map((select) => planSelect(select, planning));
  const { source } = planning.context;
  const unbounded = relations.findIndex(({ flow }) => flow !== 'bounded');
  if (unbounded >= 0) {
    throw planError(
      'NOT_SUPPORTED',
      'UNION ALL over streams that do not end is not supported',
      { source, node: selects[unbounded]! },
      'read what they hold now: FROM table(…)',
    );
  }
  const names = relations[0]!.node.schema.map(({ name }) => name);
  for (const [index, { node }] of relations.entries()) {
    if (node.schema.length === names.length) continue;
    const message = `this SELECT of a UNION has ${node.schema.length} columns, the first has ${names.length}`;
    throw planError('PLAN_QUERY_INCORRECT', message, { source, node: selects[index]! });
  }
  const schema = names.map((name, index) => ({ name, type: unifiedType(relations, index, selects, planning) }));
  const inputs = relations.map(({ node }) =>
    converted(
      node,
      schema.map(({ type }) => type),
      planning,
    ),
  );
  const node: PlanNode = { node: 'union', schema, inputs };
  return { node, columns: columnsOfSchema(schema), flow: 'bounded', qualifiers: [], defaultTime: null, window: null };
}

function unifiedType(relations: readonly Relation[], index: number, selects: readonly Select[], planning: Planning): DataType {
  const types = relations.map(({ node }) => node.schema[index]!.type);
  const common = commonType(types);
  if (common !== null) return common;
  const given = types.map(formatDataType).join(', ');
  const message = `column ${index + 1} of the UNION has no common type: ${given}`;
  throw planError('PLAN_TYPE_MISMATCH', message, { source: planning.context.source, node: selects[1]!.items[index] ?? selects[1]! });
}

function converted(input: PlanNode, types: readonly DataType[], { context }: Planning): PlanNode {
  const expressions = input.schema.map(({ type }, index) => coerce(column(index, type), types[index]!, context));
  if (expressions.every(({ kind }) => kind === 'column')) return input;
  return { node: 'project', schema: input.schema.map(({ name }, index) => ({ name, type: types[index]! })), input, expressions };
}
