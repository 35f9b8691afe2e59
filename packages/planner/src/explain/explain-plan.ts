import { unreachable } from '@millrace/core';
import { type CastOptions, formatDataType, formatDateTime, type Schema, zone } from '@millrace/data';
import type { EmitPlan, PlanNode, QueryPlan, ScanNode, SortNode, StartPosition, WindowPlan } from '../plan.ts';
import { PlanExpressionPrinter, printInterval, printMs } from './print-plan-expression.ts';

/**
 * The plan as indented text, a node a line, each above what it reads. Behind the node's name stands what it does; notices
 * stand below.
 */
export function explainPlan(plan: QueryPlan): string {
  const lines = new PlanExplainer({ timezone: plan.timezone }).explain(plan.root, 0);
  return [...lines, ...plan.notices.map((notice) => `-- ${notice}`)].join('\n');
}

/** The line of one node, without what it reads. */
export function explainNode(node: PlanNode, { timezone }: Pick<QueryPlan, 'timezone'>): string {
  return new PlanExplainer({ timezone }).describe(node);
}

class PlanExplainer {
  readonly #options: CastOptions;

  constructor(options: CastOptions) {
    this.#options = options;
  }

  explain(node: PlanNode, depth: number): string[] {
    const line = `${'  '.repeat(depth)}${this.describe(node)}`;
    return [line, ...inputsOf(node).flatMap((input) => this.explain(input, depth + 1))];
  }

  describe(node: PlanNode): string {
    switch (node.node) {
      case 'scan':
        return this.#scan(node);
      case 'values':
        return `Values ${node.rows.length} row${node.rows.length === 1 ? '' : 's'}`;
      case 'filter':
        return `Filter ${this.#over(node.input.schema).print(node.predicate)}`;
      case 'project':
        return `Project ${this.#projection(node)}`;
      case 'unnest':
        return `Unnest ${this.#over(node.input.schema).print(node.array)}`;
      case 'union':
        return 'Union';
      case 'aggregate':
        return this.#aggregate(node);
      case 'sort':
        return `Sort by ${this.#sortKeys(node)}${node.limit === null ? '' : ` keep ${node.limit}`}${scopeOf(node)}`;
      case 'limit':
        return `Limit ${node.limit ?? 'none'}${node.offset === 0 ? '' : ` offset ${node.offset}`}${scopeOf(node)}`;
      case 'limit_by':
        return `LimitBy ${node.limit} by ${node.keys.map((key) => this.#over(node.input.schema).print(key)).join(', ')}${scopeOf(node)}`;
      case 'distinct':
        return `Distinct${scopeOf(node)}`;
      default:
        return unreachable(node);
    }
  }

  #over(schema: Schema): PlanExpressionPrinter {
    return new PlanExpressionPrinter(schema, this.#options);
  }

  #scan(node: ScanNode): string {
    const columns = node.columns.map((column, index) => {
      const { name, type } = node.schema[index]!;
      const fallback = column.from === 'value' && column.fallback.kind === 'refuse' ? ' required' : '';
      return `${name} ${formatDataType(type)}${fallback}`;
    });
    const topic = node.topic === node.stream ? '' : ` topic ${node.topic}`;
    const parts = [
      `Scan ${node.stream}${topic} ${node.bounded ? 'to its end' : 'live'} from ${this.#start(node.start)}`,
      `columns (${columns.join(', ')})`,
    ];
    if (node.watermark !== null) {
      const { time, delayMs, idleTimeoutMs, maxFutureSkewMs } = node.watermark;
      const delay = delayMs === 0 ? '' : ` delay ${printMs(delayMs)}`;
      const idle = idleTimeoutMs === 0 ? 'never idle' : `idle after ${printMs(idleTimeoutMs)}`;
      const skew = maxFutureSkewMs === null ? '' : ` future up to ${printMs(maxFutureSkewMs)}`;
      parts.push(`watermark ${this.#over(node.schema).print(time)}${delay} ${idle}${skew}`);
    }
    if (node.batchPerChunk) parts.push('batch by batch');
    return parts.join(', ');
  }

  #start(start: StartPosition): string {
    if (start.at === 'offsets') return `offset ${start.offsets.join(', ')}`;
    if (start.at === 'time') return `'${formatDateTime(start.timeMs, 3, zone(this.#options.timezone))}'`;
    return start.at;
  }

  #projection(node: PlanNode & { node: 'project' }): string {
    const printer = this.#over(node.input.schema);
    const items = node.expressions.map((expression, index) => {
      const text = printer.print(expression);
      const { name } = node.schema[index]!;
      return text === name ? text : `${text} AS ${name}`;
    });
    return items.join(', ');
  }

  #aggregate(node: PlanNode & { node: 'aggregate' }): string {
    const printer = this.#over(node.input.schema);
    const parts: string[] = [];
    if (node.window !== null) parts.push(this.#window(node.window, printer));
    if (node.keys.length > 0) parts.push(`by ${node.keys.map((key) => printer.print(key)).join(', ')}`);
    if (node.aggregates.length > 0)
      parts.push(`compute ${node.aggregates.map((aggregate) => printer.printAggregate(aggregate)).join(', ')}`);
    parts.push(`emit ${emitText(node.emit)}`);
    return `Aggregate ${parts.join(', ')}`;
  }

  #window({ kind, time, slide, size, zone: name, boundType }: WindowPlan, printer: PlanExpressionPrinter): string {
    const lengths = kind === 'tumble' ? printInterval(size) : `${printInterval(slide)}, ${printInterval(size)}`;
    return `${kind}(${printer.print(time)}, ${lengths}, ${name}) as ${formatDataType(boundType)}`;
  }

  #sortKeys(node: SortNode): string {
    const printer = this.#over(node.input.schema);
    return node.keys
      .map(
        ({ expression, descending, nullsFirst }) =>
          `${printer.print(expression)}${descending ? ' DESC' : ''}${nullsFirst ? ' NULLS FIRST' : ''}`,
      )
      .join(', ');
  }
}

export function inputsOf(node: PlanNode): readonly PlanNode[] {
  if (node.node === 'scan' || node.node === 'values') return [];
  return node.node === 'union' ? node.inputs : [node.input];
}

function scopeOf({ scope }: { readonly scope: 'whole' | 'emission' }): string {
  return scope === 'emission' ? ' in each emission' : '';
}

function emitText(emit: EmitPlan): string {
  switch (emit.when) {
    case 'end':
      return 'at the end';
    case 'watermark':
      return `after watermark${emit.timeoutMs === null ? '' : ` or ${printMs(emit.timeoutMs)} without a row`}`;
    case 'periodic':
      return `every ${printMs(emit.intervalMs)}${emit.repeat ? ' always' : ' if changed'}`;
    case 'update':
      return `on update${emit.batchMs === null ? '' : ` at most every ${printMs(emit.batchMs)}`}`;
    case 'event':
      return 'per event';
  }
}
