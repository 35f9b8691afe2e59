import { unreachable } from '@millrace/core';
import type { Schema } from '@millrace/data';
import { column } from '../expression/build.ts';
import { columnsOf, moveColumns } from '../expression/columns-of.ts';
import type {
  AggregateNode,
  PlanExpression,
  PlanNode,
  ProjectNode,
  ScanNode,
  SortNode,
  UnionNode,
  UnnestNode,
  ValuesNode,
} from '../plan.ts';

type Indexes = ReadonlySet<number>;

/** A node that may have lost columns, and where those that are left now stand. */
interface Pruned {
  readonly node: PlanNode;
  readonly moved: ReadonlyMap<number, number>;
}

/**
 * Takes out every column that nobody uses, down to the scans, so that only the fields in use are decoded.
 * The root keeps its columns, their order and their names.
 */
export function pruneColumns(root: PlanNode): PlanNode {
  const all = new Set(root.schema.keys());
  const node = layOut(prune(root, all), [...all], root.schema);
  const isNamed = node.schema.every(({ name }, index) => name === root.schema[index]!.name);
  return isNamed
    ? node
    : { node: 'project', schema: root.schema, input: node, expressions: root.schema.map(({ type }, index) => column(index, type)) };
}

function prune(node: PlanNode, needed: Indexes): Pruned {
  switch (node.node) {
    case 'scan':
      return pruneScan(node, needed);
    case 'values':
      return pruneValues(node, needed);
    case 'project':
      return pruneProject(node, needed);
    case 'filter':
      return through(node, needed, [node.predicate], (input, [predicate]) => ({
        ...node,
        schema: input.schema,
        input,
        predicate: predicate!,
      }));
    case 'unnest':
      return pruneUnnest(node, needed);
    case 'union':
      return pruneUnion(node, needed);
    case 'aggregate':
      return pruneAggregate(node, needed);
    case 'sort':
      return pruneSort(node, needed);
    case 'limit':
      return through(node, needed, [], (input) => ({ ...node, schema: input.schema, input }));
    case 'limit_by':
      return through(node, needed, node.keys, (input, keys) => ({ ...node, schema: input.schema, input, keys }));
    case 'distinct': {
      const all = new Set(node.schema.keys());
      const input = layOut(prune(node.input, all), [...all], node.schema);
      return { node: { ...node, schema: input.schema, input }, moved: identity(all) };
    }
    default:
      return unreachable(node);
  }
}

/** A node that hands out the rows it gets: it needs what is asked of it and what its own expressions use. */
function through(
  node: PlanNode & { readonly input: PlanNode },
  needed: Indexes,
  expressions: readonly PlanExpression[],
  rebuild: (input: PlanNode, expressions: readonly PlanExpression[]) => PlanNode,
): Pruned {
  const { node: input, moved } = prune(node.input, new Set([...needed, ...columnsOf(expressions)]));
  return {
    node: rebuild(
      input,
      expressions.map((expression) => moveColumns(expression, moved)),
    ),
    moved,
  };
}

function pruneSort(node: SortNode, needed: Indexes): Pruned {
  const expressions = node.keys.map(({ expression }) => expression);
  return through(node, needed, expressions, (input, moved) => ({
    ...node,
    schema: input.schema,
    input,
    keys: node.keys.map((key, index) => ({ ...key, expression: moved[index]! })),
  }));
}

function pruneScan(node: ScanNode, needed: Indexes): Pruned {
  const { watermark } = node;
  // A raw record is taken whole or not at all: its one column tells the source that nothing is to be decoded.
  const raw = node.columns.flatMap(({ from }, index) => (from === 'raw' ? [index] : []));
  const kept = sorted(new Set([...needed, ...raw, ...columnsOf(watermark === null ? [] : [watermark.time])]));
  const moved = positions(kept);
  return {
    node: {
      ...node,
      schema: kept.map((index) => node.schema[index]!),
      columns: kept.map((index) => node.columns[index]!),
      watermark: watermark && { ...watermark, time: moveColumns(watermark.time, moved) },
    },
    moved,
  };
}

function pruneValues(node: ValuesNode, needed: Indexes): Pruned {
  const kept = sorted(needed);
  const rows = node.rows.map((row) => kept.map((index) => row[index]!));
  return { node: { ...node, schema: kept.map((index) => node.schema[index]!), rows }, moved: positions(kept) };
}

function pruneProject(node: ProjectNode, needed: Indexes): Pruned {
  const kept = sorted(needed);
  const used = kept.map((index) => node.expressions[index]!);
  const { node: input, moved } = prune(node.input, columnsOf(used));
  const expressions = used.map((expression) => moveColumns(expression, moved));
  if (expressions.every((expression) => expression.kind === 'column'))
    return { node: input, moved: new Map(kept.map((index, place) => [index, indexOf(expressions[place]!)])) };
  return { node: { ...node, schema: kept.map((index) => node.schema[index]!), input, expressions }, moved: positions(kept) };
}

const indexOf = (expression: PlanExpression): number => (expression as PlanExpression & { kind: 'column' }).index;

function isIdentity(expressions: readonly PlanExpression[], schema: Schema): boolean {
  return (
    expressions.length === schema.length &&
    expressions.every((expression, index) => expression.kind === 'column' && expression.index === index)
  );
}

/** The rows are unfolded whether somebody uses the elements or not. */
function pruneUnnest(node: UnnestNode, needed: Indexes): Pruned {
  const element = node.schema.length - 1;
  const { node: input, moved } = prune(
    node.input,
    new Set([...[...needed].filter((index) => index !== element), ...columnsOf([node.array])]),
  );
  const schema = [...input.schema, node.schema[element]!];
  return {
    node: { ...node, schema, input, array: moveColumns(node.array, moved) },
    moved: new Map([...moved, [element, input.schema.length]]),
  };
}

function pruneUnion(node: UnionNode, needed: Indexes): Pruned {
  const kept = sorted(needed);
  const schema = kept.map((index) => node.schema[index]!);
  const inputs = node.inputs.map((input) => layOut(prune(input, needed), kept, schema));
  return { node: { ...node, schema, inputs }, moved: positions(kept) };
}

function pruneAggregate(node: AggregateNode, needed: Indexes): Pruned {
  const first = node.schema.length - node.aggregates.length;
  const keptCalls = node.aggregates.flatMap((_, index) => (needed.has(first + index) ? [index] : []));
  const calls = keptCalls.map((index) => node.aggregates[index]!);
  const time = node.window === null ? [] : [node.window.time];
  const { node: input, moved } = prune(node.input, columnsOf([...time, ...node.keys, ...calls.flatMap((call) => call.arguments)]));
  const move = (expression: PlanExpression) => moveColumns(expression, moved);
  const kept = [...Array(first).keys(), ...keptCalls.map((index) => first + index)];
  return {
    node: {
      ...node,
      schema: kept.map((index) => node.schema[index]!),
      input,
      window: node.window && { ...node.window, time: move(node.window.time) },
      keys: node.keys.map(move),
      aggregates: calls.map((call) => ({ ...call, arguments: call.arguments.map(move) })),
    },
    moved: positions(kept),
  };
}

/** The pruned node with exactly these columns of the old one, in this order. */
function layOut({ node, moved }: Pruned, indexes: readonly number[], schema: Schema): PlanNode {
  const expressions = indexes.map((index, place) => column(moved.get(index)!, schema[place]!.type));
  return isIdentity(expressions, node.schema) ? node : { node: 'project', schema, input: node, expressions };
}

const sorted = (indexes: Indexes): number[] => [...indexes].sort((a, b) => a - b);
const positions = (kept: readonly number[]): Map<number, number> => new Map(kept.map((index, place) => [index, place]));
const identity = (indexes: Indexes): Map<number, number> => new Map([...indexes].map((index) => [index, index]));
