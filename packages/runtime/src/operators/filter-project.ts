import type { Chunk } from '@millrace/data';
import type { FilterNode, PlanExpression, ProjectNode } from '@millrace/planner';
import { compilePredicate, type Predicate } from '../expression/compile-predicate.ts';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';
import { columnsOf } from '../expression/compiled-loops.ts';
import { throughRows } from '../expression/row-failure.ts';
import { type OperatorContext, type Output, StatelessOperator } from './operator.ts';
import { takeFrom } from './take-rows.ts';

/** A projection right above a filter: of the rows that pass, only the columns that the projection reads are taken. */
export class FilterProject extends StatelessOperator {
  readonly name = 'filter, project';
  readonly #predicate: Predicate;
  readonly #columns: readonly number[];
  readonly #project: Projection;

  constructor({ predicate }: FilterNode, { expressions }: ProjectNode, { kernels }: OperatorContext) {
    super();
    this.#predicate = compilePredicate(predicate, kernels);
    this.#columns = [...expressions.reduce((columns, expression) => columnsOf(expression, columns), new Set<number>())];
    const positions = new Map(this.#columns.map((column, position) => [column, position]));
    this.#project = compileProjection(
      expressions.map((expression) => withColumns(expression, positions)),
      kernels,
    );
  }

  onChunk(chunk: Chunk, out: Output): void {
    const { rows, count } = this.#predicate(chunk);
    this.losses.filtered += chunk.rowCount - count;
    if (count === 0) return;
    const read = this.#columns.map((column) => chunk.columns[column]!);
    const columns = count === chunk.rowCount ? read : takeFrom(read, rows, count, new Map());
    throughRows(rows, () => {
      const taken: Chunk = { ...chunk, rowCount: count, columns };
      out.chunk({ ...taken, columns: this.#project(taken) });
    });
  }
}

/** The same expression over other positions of its columns. */
function withColumns(expression: PlanExpression, positions: ReadonlyMap<number, number>): PlanExpression {
  switch (expression.kind) {
    case 'column':
      return { ...expression, index: positions.get(expression.index)! };
    case 'cast':
      return { ...expression, operand: withColumns(expression.operand, positions) };
    case 'lambda':
      return { ...expression, body: withColumns(expression.body, positions) };
    case 'call':
      return { ...expression, arguments: expression.arguments.map((argument) => withColumns(argument, positions)) };
    default:
      return expression;
  }
}
