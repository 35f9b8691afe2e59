import { removeNullable } from '@millrace/data';
import type { Select } from '@millrace/sql';
import { aggregateNumber } from '../bind/aggregate-calls.ts';
import { PlanExpressionPrinter } from '../explain/print-plan-expression.ts';
import { column } from '../expression/build.ts';
import { columnsOf } from '../expression/columns-of.ts';
import { expressionKey } from '../expression/expression-key.ts';
import { replaceInPlanExpression, walkPlanExpression } from '../expression/map-plan-expression.ts';
import type { AggregateNode, PlanAggregate, PlanExpression, PlanNode } from '../plan.ts';
import { type Place, planError } from '../plan-error.ts';
import { emitAtEnd, type ResolvedEmit, resolveEmit } from './emit.ts';
import type { Planning } from './planning.ts';
import type { Flow, PendingWindow, Relation } from './relation.ts';
import type { BoundClauses } from './select-list.ts';
import { batchPerChunk, pushWatermark } from './watermark.ts';

/** An aggregating SELECT, bound over its FROM. */
export interface AggregationRequest {
  readonly select: Select;
  /** Its node already holds the WHERE. */
  readonly from: Relation;
  /** As written, window columns among them. */
  readonly groupBy: readonly PlanExpression[];
  readonly calls: readonly PlanAggregate[];
  /** Bound over the input: aggregates are columns of negative index. */
  readonly clauses: BoundClauses;
  placeOf(column: PlanExpression, otherwise: { readonly start: number; readonly end: number }): Place;
  readonly planning: Planning;
}

export interface Aggregation {
  /** The aggregation and, over it, the HAVING. */
  readonly node: PlanNode;
  /** Bound over that. */
  readonly clauses: BoundClauses;
  readonly flow: Flow;
}

/** Lowers GROUP BY, aggregates and window to an aggregation. @throws {MillraceError} PLAN_*, NOT_SUPPORTED. */
export function planAggregation(request: AggregationRequest): Aggregation {
  return new AggregationPlanner(request).plan();
}

class AggregationPlanner {
  readonly #request: AggregationRequest;
  readonly #window: PendingWindow | null;
  readonly #keys: PlanExpression[] = [];
  /** Where a key stands in the output of the aggregation. */
  readonly #outputs = new Map<string, PlanExpression>();

  constructor(request: AggregationRequest) {
    this.#request = request;
    this.#window = request.from.window;
  }

  plan(): Aggregation {
    this.#refuseSnapshots();
    this.#takeKeys();
    this.#checkArguments();
    this.#takeBareColumns();
    const { plan: emit, delayMs } = this.#resolveEmit();
    const node: AggregateNode = {
      node: 'aggregate',
      schema: this.#schema(),
      input: this.#input(emit.when, delayMs),
      window: this.#window?.plan ?? null,
      keys: this.#keys,
      aggregates: this.#request.calls,
      emit,
    };
    const clauses = this.#movedClauses();
    const flow = emit.when === 'end' ? 'bounded' : emit.when === 'watermark' ? 'windows' : 'snapshots';
    if (clauses.having === null) return { node, clauses, flow };
    return { node: { node: 'filter', schema: node.schema, input: node, predicate: clauses.having }, clauses, flow };
  }

  #refuseSnapshots(): void {
    const { select, from } = this.#request;
    if (from.flow !== 'snapshots') return;
    throw this.#error(
      'NOT_SUPPORTED',
      'an aggregate over an aggregation whose results replace each other is not supported',
      select.from ?? select,
      'aggregate over windows that close (EMIT AFTER WATERMARK), or over table(…)',
    );
  }

  // ---------------------------------------------------------------- keys

  #takeKeys(): void {
    const { select, groupBy } = this.#request;
    let hasWindowColumn = false;
    for (const [index, key] of groupBy.entries()) {
      if (key.kind === 'column' && this.#isWindowColumn(key.index)) hasWindowColumn = true;
      else {
        this.#refuseWindowColumns(
          key,
          select.groupBy[index]!,
          'an expression of GROUP BY',
          'group by the column itself, and compute in the select list',
        );
        this.#addKey(key);
      }
    }
    if (this.#window !== null && !hasWindowColumn) throw this.#windowColumnMissing(this.#window);
  }

  #windowColumnMissing({ name }: PendingWindow) {
    const { groupBy, from } = this.#request.select;
    const node = groupBy.length > 0 ? { start: groupBy[0]!.start, end: groupBy.at(-1)!.end } : from!;
    const message = `a query over ${name}(…) groups by one of window_start, window_end, wstart, wend`;
    return this.#error(
      'PLAN_WINDOW_COLUMN_MISSING',
      message,
      node,
      groupBy.length > 0 ? 'add window_start to GROUP BY' : 'add GROUP BY window_start',
    );
  }

  #addKey(key: PlanExpression): void {
    const text = expressionKey(key);
    if (this.#outputs.has(text)) return;
    const index = this.#windowWidth + this.#keys.push(key) - 1;
    this.#outputs.set(text, column(index, key.type));
  }

  /** With the old spelling `EMIT STREAM`, columns beside aggregates are what the aggregates are grouped by. */
  #takeBareColumns(): void {
    const { select, clauses, planning, from } = this.#request;
    if (select.emit?.stream !== true || select.groupBy.length > 0 || from.flow === 'bounded') return;
    const names: string[] = [];
    for (const { expression } of clauses.items) {
      walkPlanExpression(expression, (node) => {
        if (node.kind !== 'column' || aggregateNumber(node.index) !== undefined || this.#outputs.has(expressionKey(node))) return;
        this.#addKey(node);
        names.push(from.node.schema[node.index]!.name);
      });
    }
    if (names.length > 0)
      planning.findings.notices.add(
        `grouped by ${names.join(', ')}: EMIT STREAM without GROUP BY groups by the columns beside the aggregates`,
      );
  }

  get #windowWidth(): number {
    return this.#window === null ? 0 : 2;
  }

  #isWindowColumn(index: number): boolean {
    return this.#window !== null && (index === this.#window.startIndex || index === this.#window.endIndex);
  }

  #refuseWindowColumns(
    expression: PlanExpression,
    node: { readonly start: number; readonly end: number },
    where: string,
    hint: string,
  ): void {
    if (![...columnsOf([expression])].some((index) => this.#isWindowColumn(index))) return;
    throw this.#error('PLAN_EXPRESSION_UNEXPECTED', `a window column stands in ${where}`, node, hint);
  }

  #checkArguments(): void {
    const { calls, select, placeOf } = this.#request;
    for (const call of calls) {
      for (const argument of call.arguments) {
        walkPlanExpression(argument, (node) => {
          if (node.kind !== 'column' || !this.#isWindowColumn(node.index)) return;
          const message = `a window column stands in the argument of ${call.function}`;
          const hint = 'every row of a group has the same window: use the column outside of aggregates';
          throw planError('PLAN_EXPRESSION_UNEXPECTED', message, placeOf(node, select), hint);
        });
      }
    }
  }

  // ---------------------------------------------------------------- input and emission

  #resolveEmit(): ResolvedEmit {
    const { select, from, planning } = this.#request;
    if (from.flow === 'bounded') return emitAtEnd(select, planning);
    const resolved = resolveEmit(select, this.#window !== null, planning);
    if (from.flow === 'windows' && select.emit?.delay != null) {
      throw this.#error('NOT_SUPPORTED', 'DELAY over a windowed subquery is not supported', select.emit, 'put the DELAY into the subquery');
    }
    return resolved;
  }

  #input(when: string, delayMs: number): PlanNode {
    const { from, planning } = this.#request;
    let { node } = from;
    if (this.#window !== null && from.flow !== 'bounded') {
      const { idleTimeoutMs, maxFutureSkewMs } = planning.settings;
      const place = { source: planning.context.source, node: this.#request.select.from! };
      node = pushWatermark(node, this.#window.plan.time, { delayMs, idleTimeoutMs, maxFutureSkewMs, place });
    }
    return when === 'update' || when === 'event' ? batchPerChunk(node) : node;
  }

  /** Keys and aggregates are called as they are written: names for people, nobody looks them up. */
  #schema(): AggregateNode['schema'] {
    const { calls, from, planning } = this.#request;
    const window = this.#window?.plan;
    const printer = new PlanExpressionPrinter(from.node.schema, planning.context);
    const bounds = window === undefined ? [] : ['window_start', 'window_end'].map((name) => ({ name, type: window.boundType }));
    const keys = this.#keys.map((key) => ({ name: printer.print(key), type: key.type }));
    return [...bounds, ...keys, ...calls.map((call) => ({ name: printer.printAggregate(call), type: call.type }))];
  }

  // ---------------------------------------------------------------- over the groups

  #movedClauses(): BoundClauses {
    const { clauses, select } = this.#request;
    const move = (expression: PlanExpression, node: { readonly start: number; readonly end: number }) => this.#overGroups(expression, node);
    return {
      items: clauses.items.map((item) => ({ ...item, expression: move(item.expression, item.item) })),
      having: clauses.having === null ? null : move(clauses.having, select.having!),
      order: clauses.order.map((expression, index) => move(expression, select.orderBy[index]!)),
      limitBy: clauses.limitBy.map((expression, index) => move(expression, select.limitBy!.keys[index]!)),
    };
  }

  /** Keys, aggregates and window columns become columns of the aggregation's output; no other column is left there. */
  #overGroups(expression: PlanExpression, node: { readonly start: number; readonly end: number }): PlanExpression {
    return replaceInPlanExpression(expression, (part) => {
      if (part.kind === 'constant') return undefined;
      const key = this.#outputs.get(expressionKey(part));
      if (key !== undefined) return key;
      if (part.kind !== 'column') return undefined;
      const aggregate = aggregateNumber(part.index);
      if (aggregate !== undefined) return column(this.#windowWidth + this.#keys.length + aggregate, part.type);
      if (this.#window !== null && this.#isWindowColumn(part.index)) return column(part.index - this.#window.startIndex, part.type);
      throw this.#notAnAggregate(part, node);
    });
  }

  #notAnAggregate(part: PlanExpression & { kind: 'column' }, node: { readonly start: number; readonly end: number }) {
    const name = this.#request.from.node.schema[part.index]!.name;
    const place = this.#request.placeOf(part, node);
    const hint = removeNullable(part.type).kind === 'nothing' ? undefined : `add ${name} to GROUP BY, or take any(${name})`;
    return planError('PLAN_NOT_AN_AGGREGATE', `the column ${name} is neither grouped by nor aggregated`, place, hint);
  }

  #error(code: Parameters<typeof planError>[0], message: string, node: { readonly start: number; readonly end: number }, hint?: string) {
    return planError(code, message, { source: this.#request.planning.context.source, node }, hint);
  }
}
