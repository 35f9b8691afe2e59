import type { Chunk } from '@millrace/data';
import type { FilterNode } from '@millrace/planner';
import { compilePredicate, type Predicate } from '../expression/compile-predicate.ts';
import { throughRows } from '../expression/row-failure.ts';
import { type OperatorContext, type Output, StatelessOperator } from './operator.ts';
import { takeRows } from './take-rows.ts';

/** Passes the rows for which a condition is true. A chunk of which all rows pass is handed on as it is. */
export class Filter extends StatelessOperator {
  readonly name = 'filter';
  readonly #predicate: Predicate;

  constructor({ predicate }: FilterNode, { kernels }: OperatorContext) {
    super();
    this.#predicate = compilePredicate(predicate, kernels);
  }

  onChunk(chunk: Chunk, out: Output): void {
    const { rows, count } = this.#predicate(chunk);
    this.losses.filtered += chunk.rowCount - count;
    if (count === chunk.rowCount) out.chunk(chunk);
    else if (count > 0) throughRows(rows, () => out.chunk(takeRows(chunk, rows, count)));
  }
}
