import { isTemporal } from '@millrace/data';
import type { Expression, LimitBy, Select } from '@millrace/sql';
import { AggregateCalls } from '../bind/aggregate-calls.ts';
import { ArrayJoins } from '../bind/array-joins.ts';
import { type Clause, ExpressionBinder, holdsAggregate } from '../bind/expression-binder.ts';
import { Scope, type ScopeColumn } from '../bind/scope.ts';
import { PlanExpressionPrinter } from '../explain/print-plan-expression.ts';
import { column } from '../expression/build.ts';
import { columnsOf } from '../expression/columns-of.ts';
import { expressionKey } from '../expression/expression-key.ts';
import type { PlanExpression, PlanNode, SortKey } from '../plan.ts';
import { planError } from '../plan-error.ts';
import { withSettingsClause } from '../settings/query-settings.ts';
import { planAggregation } from './aggregation.ts';
import { refusePolicyOfTail, refuseUnknownPolicies } from './emit.ts';
import { maxSelects, type Planning } from './planning.ts';
import { columnsOfSchema, type Flow, type Relation } from './relation.ts';
import { seekByPredicate } from './seek.ts';
import { aliasesOf, type BoundClauses, type BoundItem, bindItems } from './select-list.ts';
import { planSource } from './source.ts';

/** One SELECT as a relation. @throws {MillraceError} PLAN_*, NOT_SUPPORTED. */
export function planSelect(select: Select, outer: Planning): Relation {
  if (++outer.findings.selectCount > maxSelects) {
    const message = `the query stands for more than ${maxSelects} SELECTs once its views and common tables are put in`;
    throw planError('PLAN_QUERY_INCORRECT', message, { source: outer.context.source, node: select });
  }
  const settings = withSettingsClause(outer.settings, select.settings, outer.context.source);
  const planning = { ...outer, settings };
  if (select.partitionBy.length > 0) {
    const node = { start: select.partitionBy[0]!.start, end: select.partitionBy.at(-1)!.end };
    throw planError(
      'NOT_SUPPORTED',
      'PARTITION BY is not supported',
      { source: planning.context.source, node },
      'GROUP BY keeps groups apart',
    );
  }
  refuseUnknownPolicies(select, planning);
  const from = select.from === null ? oneRow : planSource(select.from, planning);
  return new SelectPlanner(select, from, planning).plan();
}

const oneRow: Relation = {
  node: { node: 'values', schema: [], rows: [[]] },
  columns: [],
  flow: 'bounded',
  qualifiers: [],
  defaultTime: null,
  window: null,
};

class SelectPlanner {
  readonly #select: Select;
  readonly #from: Relation;
  readonly #planning: Planning;
  readonly #scope: Scope;
  readonly #binder: ExpressionBinder;
  readonly #calls = new AggregateCalls();
  readonly #arrayJoins: ArrayJoins;

  constructor(select: Select, from: Relation, planning: Planning) {
    this.#select = select;
    this.#from = from;
    this.#planning = planning;
    // Over a windowed subquery the outer window's columns hide the inner ones.
    this.#scope = new Scope([...windowColumns(from), ...from.columns], from.qualifiers);
    this.#arrayJoins = new ArrayJoins(from.node.schema.length);
    this.#binder = new ExpressionBinder(this.#scope, planning.context, aliasesOf(select, planning), this.#arrayJoins);
  }

  plan(): Relation {
    const where = this.#bindWhere();
    const isAggregation = this.#isAggregation();
    const clauses = this.#bindClauses(isAggregation ? this.#calls : null);
    if (!isAggregation) return this.#planPlain(this.#input(where), clauses);
    const groupBy = this.#select.groupBy.map((key) => this.#bindGroupKey(key));
    const aggregation = planAggregation({
      select: this.#select,
      from: { ...this.#from, node: this.#input(where) },
      groupBy,
      calls: this.#calls.calls,
      clauses,
      placeOf: (bound, otherwise) => this.#binder.placeOf(bound, otherwise),
      planning: this.#planning,
    });
    return this.#finish(aggregation.node, aggregation.clauses, aggregation.flow);
  }

  #planPlain(input: PlanNode, clauses: BoundClauses): Relation {
    const { flow } = this.#from;
    if (this.#select.having !== null) {
      throw this.#error(
        'PLAN_QUERY_INCORRECT',
        'HAVING stands without GROUP BY or aggregates',
        this.#select.having,
        'conditions on rows stand in WHERE',
      );
    }
    if (flow === 'tail' || flow === 'windows' || flow === 'snapshots') refusePolicyOfTail(this.#select, this.#planning);
    return this.#finish(input, clauses, flow);
  }

  #bindWhere(): PlanExpression | null {
    const { where } = this.#select;
    if (where === null) return null;
    const predicate = this.#binder.bindCondition(where, { name: 'WHERE', aggregates: null });
    this.#refuseWindowColumns(predicate, where, 'WHERE', 'conditions on windows stand in HAVING');
    return predicate;
  }

  /** The rows of FROM, unfolded by every `array_join` of the SELECT, those that WHERE passes. Called when all clauses are bound. */
  #input(predicate: PlanExpression | null): PlanNode {
    const { context } = this.#planning;
    const input = this.#arrayJoins.over(
      this.#from.node,
      (array, node) => `array_join(${new PlanExpressionPrinter(node.schema, context).print(array)})`,
    );
    if (predicate === null) return input;
    return seekByPredicate({ node: 'filter', schema: input.schema, input, predicate }, this.#planning);
  }

  #refuseWindowColumns(bound: PlanExpression, node: Expression, clause: string, hint: string): void {
    const { window } = this.#from;
    if (window === null || !usesIndex(bound, [window.startIndex, window.endIndex])) return;
    throw this.#error('PLAN_EXPRESSION_UNEXPECTED', `a window column stands in ${clause}`, node, hint);
  }

  #isAggregation(): boolean {
    const { items, groupBy, having, orderBy } = this.#select;
    if (groupBy.length > 0 || this.#from.window !== null) return true;
    return [...items, ...orderBy].some(({ expression }) => holdsAggregate(expression)) || (having !== null && holdsAggregate(having));
  }

  #bindClauses(aggregates: AggregateCalls | null): BoundClauses {
    const clause = (name: string): Clause => ({ name, aggregates });
    const { having, orderBy, limitBy } = this.#select;
    const items = bindItems(this.#select, this.#scope, this.#binder, clause('SELECT'), this.#planning);
    return {
      items,
      having: having === null ? null : this.#binder.bindCondition(having, clause('HAVING')),
      order: orderBy.map(
        ({ expression }) => this.#itemAt(expression, items, 'ORDER BY') ?? this.#binder.bind(expression, clause('ORDER BY')),
      ),
      limitBy: (limitBy?.keys ?? []).map((key) => this.#itemAt(key, items, 'LIMIT BY') ?? this.#binder.bind(key, clause('LIMIT BY'))),
    };
  }

  /** A position in the select list: `ORDER BY 2`. */
  #itemAt(expression: Expression, items: readonly BoundItem[], clause: string): PlanExpression | undefined {
    if (expression.kind !== 'number' || !/^\d+$/.test(expression.text)) return undefined;
    const item = items[Number(expression.text) - 1];
    if (item !== undefined) return item.expression;
    throw this.#error('PLAN_ARGUMENT_INVALID', `${clause} names column ${expression.text}, but there are ${items.length}`, expression);
  }

  #bindGroupKey(key: Expression): PlanExpression {
    const clause = { name: 'GROUP BY', aggregates: null };
    if (key.kind !== 'number' || !/^\d+$/.test(key.text)) return this.#binder.bind(key, clause);
    const item = this.#select.items[Number(key.text) - 1];
    if (item === undefined) {
      throw this.#error('PLAN_ARGUMENT_INVALID', `GROUP BY names column ${key.text}, but there are ${this.#select.items.length}`, key);
    }
    return this.#binder.bindAliased(item.expression, item.alias?.name, clause);
  }

  // ---------------------------------------------------------------- behind the aggregation

  /** DISTINCT, then ORDER BY, then LIMIT BY, then LIMIT, over the select list and what the others need beside it. */
  #finish(input: PlanNode, clauses: BoundClauses, flow: Flow): Relation {
    const { items, order, limitBy } = clauses;
    const projection = new Projection(items);
    const sortKeys = order.map((expression, index): SortKey => this.#sortKey(projection.column(expression), index));
    const limitKeys = limitBy.map((expression) => projection.column(expression));
    let node: PlanNode = projection.over(input);
    const scope = flow === 'bounded' || flow === 'tail' ? 'whole' : 'emission';
    if (this.#select.distinct) {
      if (projection.hasHidden)
        throw this.#error('PLAN_QUERY_INCORRECT', 'with DISTINCT, ORDER BY and LIMIT BY use columns of the select list only', this.#select);
      node = { node: 'distinct', schema: node.schema, input: node, scope };
    }
    if (sortKeys.length > 0) node = this.#sorted(node, sortKeys, flow, scope);
    if (this.#select.limitBy !== null) {
      node = {
        node: 'limit_by',
        schema: node.schema,
        input: node,
        limit: this.#rowCount(this.#select.limitBy.limit, 'LIMIT'),
        keys: limitKeys,
        scope,
      };
    }
    node = this.#limited(node);
    if (projection.hasHidden) node = projection.withoutHidden(node);
    return resultOf(node, flow);
  }

  #sortKey(expression: PlanExpression, index: number): SortKey {
    const { descending, nulls } = this.#select.orderBy[index]!;
    return { expression, descending, nullsFirst: nulls === 'first' };
  }

  #sorted(input: PlanNode, keys: readonly SortKey[], flow: Flow, scope: 'whole' | 'emission'): PlanNode {
    const { orderBy, limit, offset, limitBy } = this.#select;
    if (flow === 'tail') {
      throw this.#error(
        'PLAN_QUERY_INCORRECT',
        'ORDER BY over a stream that does not end would never give a row: a later one may always come before it',
        orderBy[0]!,
        'read what the stream holds now: FROM table(…), or sort within windows',
      );
    }
    const isBounded = limit !== null && limitBy === null;
    const most = isBounded ? this.#rowCount(limit, 'LIMIT') + (offset === null ? 0 : this.#rowCount(offset, 'OFFSET')) : null;
    return { node: 'sort', schema: input.schema, input, keys, limit: most, scope };
  }

  #limited(input: PlanNode): PlanNode {
    const { limit, offset } = this.#select;
    if (limit === null && offset === null) return input;
    return {
      node: 'limit',
      schema: input.schema,
      input,
      limit: limit === null ? null : this.#rowCount(limit, 'LIMIT'),
      offset: offset === null ? 0 : this.#rowCount(offset, 'OFFSET'),
      scope: 'whole',
    };
  }

  #rowCount(expression: Expression | LimitBy['limit'], word: string): number {
    const bound = new ExpressionBinder(new Scope([], []), this.#planning.context).bind(expression, { name: word, aggregates: null });
    const count =
      bound.kind === 'constant' && (typeof bound.value === 'number' || typeof bound.value === 'bigint') ? Number(bound.value) : -1;
    if (Number.isSafeInteger(count) && count >= 0) return count;
    throw this.#error('PLAN_ARGUMENT_INVALID', `${word} takes a number of rows: a constant integer from 0 on`, expression);
  }

  #error(code: Parameters<typeof planError>[0], message: string, node: { readonly start: number; readonly end: number }, hint?: string) {
    return planError(code, message, { source: this.#planning.context.source, node }, hint);
  }
}

/** While the SELECT is bound, the window's columns stand at places of their own. */
function windowColumns({ window }: Relation): ScopeColumn[] {
  if (window === null) return [];
  const { startIndex, endIndex, plan } = window;
  const place = (name: string, index: number): ScopeColumn => ({ name, type: plan.boundType, index, hidden: true });
  return [place('window_start', startIndex), place('window_end', endIndex), place('wstart', startIndex), place('wend', endIndex)];
}

function usesIndex(expression: PlanExpression, indexes: readonly number[]): boolean {
  return [...columnsOf([expression])].some((index) => indexes.includes(index));
}

/** The select list and, behind it, what ORDER BY and LIMIT BY need that it has not. */
class Projection {
  readonly #items: readonly BoundItem[];
  readonly #hidden: PlanExpression[] = [];
  readonly #indexes = new Map<string, number>();

  constructor(items: readonly BoundItem[]) {
    this.#items = items;
    for (const [index, { expression }] of items.entries()) {
      const key = expressionKey(expression);
      if (!this.#indexes.has(key)) this.#indexes.set(key, index);
    }
  }

  get hasHidden(): boolean {
    return this.#hidden.length > 0;
  }

  /** The expression as a column of the projection. */
  column(expression: PlanExpression): PlanExpression {
    const key = expressionKey(expression);
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.#items.length + this.#hidden.push(expression) - 1;
      this.#indexes.set(key, index);
    }
    return column(index, expression.type);
  }

  over(input: PlanNode): PlanNode {
    const expressions = [...this.#items.map(({ expression }) => expression), ...this.#hidden];
    const name = (index: number) => this.#items[index]?.name ?? `_order_${index}`;
    return { node: 'project', schema: expressions.map(({ type }, index) => ({ name: name(index), type })), input, expressions };
  }

  withoutHidden(input: PlanNode): PlanNode {
    const schema = input.schema.slice(0, this.#items.length);
    return { node: 'project', schema, input, expressions: schema.map(({ type }, index) => column(index, type)) };
  }
}

function resultOf(node: PlanNode, flow: Flow): Relation {
  const columns = columnsOfSchema(node.schema);
  const time = columns.find(({ name, type }) => (name === '_tp_time' || name === '_time') && isTemporal(type));
  return {
    node,
    columns,
    flow,
    qualifiers: [],
    defaultTime: time === undefined ? null : { column: column(time.index, time.type), boundType: time.type },
    window: null,
  };
}
