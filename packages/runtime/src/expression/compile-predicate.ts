import type { Chunk } from '@millrace/data';
import type { KernelContext } from '@millrace/functions';
import type { PlanExpression } from '@millrace/planner';
import { CompiledLoops } from './compiled-loops.ts';
import { ExpressionWriter, Kernels } from './expression-writer.ts';
import { LoopWriter } from './loop-writer.ts';

/** The rows of a chunk for which a predicate is true: `rows[0 … count)`. Valid until the predicate is asked again. */
export interface SelectedRows {
  rows: Int32Array;
  count: number;
}

export type Predicate = (chunk: Chunk) => SelectedRows;

/** Compiles a condition; false and NULL leave a row out. @throws {RowFailure} what the expression throws, with its row. */
export function compilePredicate(expression: PlanExpression, context: KernelContext): Predicate {
  const kernels = new Kernels(context);
  const selected: SelectedRows = { rows: new Int32Array(0), count: 0 };
  const loops = new CompiledLoops([expression], (nullLanes) => {
    const loop = new LoopWriter();
    const { text } = new ExpressionWriter(loop, kernels, nullLanes).write(expression);
    loop.before(`const rows = ${loop.capture(selected)}.rows; let count = 0;`);
    return loop.compile([`if (${text}) rows[count++] = row;`], 'count');
  });
  return (chunk) => {
    if (selected.rows.length < chunk.rowCount) selected.rows = new Int32Array(chunk.rowCount);
    selected.count = loops.run(chunk) as number;
    return selected;
  };
}
