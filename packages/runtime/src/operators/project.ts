import type { Chunk } from '@millrace/data';
import type { ProjectNode } from '@millrace/planner';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';
import { type OperatorContext, type Output, StatelessOperator } from './operator.ts';

/** Computes columns. Shape: n rows → n rows; columns passed on as they are get shared. */
export class Project extends StatelessOperator {
  readonly name = 'project';
  readonly #project: Projection;

  constructor({ expressions }: ProjectNode, { kernels }: OperatorContext) {
    super();
    this.#project = compileProjection(expressions, kernels);
  }

  onChunk(chunk: Chunk, out: Output): void {
    out.chunk({ ...chunk, columns: this.#project(chunk) });
  }
}
