import type { Chunk, DataType, Value, ValueColumn } from '@millrace/data';
import { columnOf } from '@millrace/data';
import type { UnnestNode } from '@millrace/planner';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';
import { throughRows } from '../expression/row-failure.ts';
import { type OperatorContext, type Output, StatelessOperator } from './operator.ts';
import { takeRows } from './take-rows.ts';

/** A chunk that unfolds into more rows than this is handed on in parts: two arrays of a thousand elements make a million rows of one. */
const mostRows = 65_536;

/** Unfolds each row into one for each element of an array. Shape: the input's columns, each value repeated, and the elements. */
export class Unnest extends StatelessOperator {
  readonly name = 'unnest';
  readonly #arrays: Projection;
  readonly #element: DataType;

  constructor({ array, schema }: UnnestNode, { kernels }: OperatorContext) {
    super();
    this.#arrays = compileProjection([array], kernels);
    this.#element = schema.at(-1)!.type;
  }

  onChunk(chunk: Chunk, out: Output): void {
    const arrays = (this.#arrays(chunk)[0] as ValueColumn).values as readonly (readonly Value[] | null)[];
    let rows: number[] = [];
    let elements: Value[] = [];
    for (let row = 0; row < chunk.rowCount; row++) {
      const array = arrays[row] ?? [];
      if (array.length === 0) this.losses.filtered++;
      for (const element of array) {
        rows.push(row);
        elements.push(element);
        if (rows.length < mostRows) continue;
        this.#handOn(chunk, rows, elements, out);
        [rows, elements] = [[], []];
      }
    }
    if (rows.length > 0) this.#handOn(chunk, rows, elements, out);
  }

  #handOn(chunk: Chunk, rows: readonly number[], elements: readonly Value[], out: Output): void {
    const taken = takeRows(chunk, Int32Array.from(rows), rows.length);
    throughRows(rows, () => out.chunk({ ...taken, columns: [...taken.columns, columnOf(this.#element, elements)] }));
  }
}
