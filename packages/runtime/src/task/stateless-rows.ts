import { MillraceError } from '@millrace/core';
import { type Chunk, columnOf, concatColumns } from '@millrace/data';
import type { KernelContext } from '@millrace/functions';
import type { PlanNode, ScanNode } from '@millrace/planner';
import { MemoryBudget } from '../state/memory-budget.ts';
import { buildPipeline } from './pipeline.ts';

/** A plan that keeps nothing from row to row. */
export interface StatelessRows {
  /** What it reads: chunks given to {@link StatelessRows.run} have its schema. */
  readonly scan: ScanNode;
  /** The rows that it gives for those of a chunk. @throws {RowFailure} what an expression throws, with its row in the chunk */
  run(chunk: Chunk): Chunk;
}

/** Compiles a plan of filters, projections and unnestings over one scan. @throws {MillraceError} NOT_SUPPORTED for any other */
export function compileStatelessRows(root: PlanNode, kernels: KernelContext): StatelessRows {
  const scan = scanBelow(root);
  const given: Chunk[] = [];
  const out = { chunk: (chunk: Chunk) => void given.push(chunk), mark: () => {} };
  const memory = new MemoryBudget(Number.POSITIVE_INFINITY);
  const { inputs } = buildPipeline(root, out, () => false, { kernels, clock: kernels.clock, memory, keepsState: false });
  return {
    scan,
    run(chunk) {
      given.length = 0;
      inputs[0]!.out.chunk(chunk);
      return joined(root, given);
    },
  };
}

function scanBelow(node: PlanNode): ScanNode {
  switch (node.node) {
    case 'scan':
      return node;
    case 'filter':
    case 'project':
    case 'unnest':
      return scanBelow(node.input);
    default:
      throw new MillraceError('NOT_SUPPORTED', `${node.node} keeps rows, or needs them all: rows can only be taken one by one here`);
  }
}

function joined({ schema }: PlanNode, chunks: readonly Chunk[]): Chunk {
  if (chunks.length === 1) return chunks[0]!;
  if (chunks.length === 0) return { rowCount: 0, columns: schema.map(({ type }) => columnOf(type, [])) };
  const columns = schema.map((_, i) => concatColumns(chunks.map(({ columns: of, rowCount }) => ({ column: of[i]!, rowCount }))));
  return { rowCount: chunks.reduce((sum, { rowCount }) => sum + rowCount, 0), columns };
}
