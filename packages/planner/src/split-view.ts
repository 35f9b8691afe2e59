import { MillraceError } from '@millrace/core';
import { PlanExpressionPrinter } from './explain/print-plan-expression.ts';
import { column } from './expression/build.ts';
import { expressionKey } from './expression/expression-key.ts';
import type { AggregateNode, PlanExpression, PlanNode, QueryPlan, ScanNode } from './plan.ts';

/** How the plan of a view is shared among tasks. */
export type ViewStages =
  /** Each partition of the source by itself, from the source to the result. */
  | { readonly kind: 'rows' }
  /**
   * Each partition of the source by itself as far as the aggregation; there rows change hands: those of the same group come together,
   * and `groups` goes on with them, each part of the groups by itself. `keys` and `timeColumn`, the event time of windows, are over the
   * columns of `rows`.
   */
  | {
      readonly kind: 'groups';
      readonly rows: QueryPlan;
      readonly keys: readonly PlanExpression[];
      readonly timeColumn: number | null;
      readonly groups: QueryPlan;
    };

/**
 * Divides the plan of a view for several tasks.
 * @param exchangeTopic where rows change hands
 * @throws {MillraceError} NOT_SUPPORTED for what looks at all rows or groups together
 */
export function splitView(plan: QueryPlan, exchangeTopic: string): ViewStages {
  const aggregate = aggregateOf(plan.root);
  if (aggregate === null) return { kind: 'rows' };
  if (aggregate.emit.when === 'watermark' && aggregate.emit.timeoutMs !== null) throw unsplittable('TIMEOUT');
  const shipped = new ShippedColumns(aggregate.input, plan);
  const time = aggregate.window && shipped.take(aggregate.window.time);
  const keys = aggregate.keys.map((key) => shipped.take(key));
  const aggregates = aggregate.aggregates.map((call) => ({ ...call, arguments: call.arguments.map((argument) => shipped.take(argument)) }));
  const rows = shipped.node();
  const source = scanOf(rows);
  const scan: ScanNode = {
    node: 'scan',
    schema: rows.schema,
    stream: `rows of ${source.stream}`,
    topic: exchangeTopic,
    format: 'exchange',
    columns: [],
    start: { at: 'earliest' },
    bounded: false,
    watermark: null,
    batchPerChunk: source.batchPerChunk,
    exchange: { hasWatermarks: source.watermark !== null },
  };
  const window = aggregate.window && { ...aggregate.window, time: time! };
  const grouped: AggregateNode = { ...aggregate, input: scan, window, keys, aggregates };
  const { givesWatermarks: _, ...silent } = plan;
  return {
    kind: 'groups',
    rows: { ...silent, root: rows, schema: rows.schema },
    keys,
    timeColumn: time?.kind === 'column' ? time.index : null,
    groups: { ...plan, root: replaced(plan.root, aggregate, grouped) },
  };
}

/** The columns that an aggregation needs, each expression once; constants stay where they are. */
class ShippedColumns {
  readonly #input: PlanNode;
  readonly #printer: PlanExpressionPrinter;
  readonly #expressions: PlanExpression[] = [];
  readonly #indexes = new Map<string, number>();

  constructor(input: PlanNode, { timezone }: QueryPlan) {
    this.#input = input;
    this.#printer = new PlanExpressionPrinter(input.schema, { timezone });
  }

  /** The expression as it is behind the exchange. */
  take(expression: PlanExpression): PlanExpression {
    if (expression.kind === 'constant' || expression.kind === 'lambda') return expression;
    const key = expressionKey(expression);
    let index = this.#indexes.get(key);
    if (index === undefined) this.#indexes.set(key, (index = this.#expressions.push(expression) - 1));
    return column(index, expression.type);
  }

  node(): PlanNode {
    const expressions = this.#expressions;
    const schema = expressions.map((expression) => ({ name: this.#printer.print(expression), type: expression.type }));
    return { node: 'project', schema, input: this.#input, expressions };
  }
}

/** The one aggregation of a plan; null if there is none. @throws {MillraceError} NOT_SUPPORTED */
function aggregateOf(node: PlanNode): AggregateNode | null {
  switch (node.node) {
    case 'scan':
      return null;
    case 'filter':
    case 'project':
    case 'unnest':
      return aggregateOf(node.input);
    case 'aggregate':
      if (aggregateOf(node.input) !== null) throw unsplittable('an aggregation over another');
      return node;
    case 'sort':
      throw unsplittable('ORDER BY');
    case 'limit':
      throw unsplittable('LIMIT or OFFSET');
    case 'limit_by':
      throw unsplittable('LIMIT BY');
    case 'distinct':
      throw unsplittable('DISTINCT');
    case 'union':
    case 'values':
      throw unsplittable('what is no stream');
  }
}

function unsplittable(what: string): MillraceError {
  return new MillraceError('NOT_SUPPORTED', `a materialized view with ${what} cannot be shared among several tasks`, {
    hint: 'it looks at all rows or groups together: leave out parallelism and max_parallelism, and put it into a view that reads a parallel one',
  });
}

function scanOf(node: PlanNode): ScanNode {
  if (node.node === 'scan') return node;
  if ('input' in node) return scanOf(node.input);
  throw unsplittable('what is no stream');
}

/** The plan with another node in the place of one. */
function replaced(node: PlanNode, before: PlanNode, after: PlanNode): PlanNode {
  if (node === before) return after;
  return 'input' in node ? { ...node, input: replaced(node.input, before, after) } : node;
}
