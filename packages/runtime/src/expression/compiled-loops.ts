import type { Chunk } from '@millrace/data';
import type { PlanExpression } from '@millrace/planner';
import type { Loop, NullLanes } from './loop-writer.ts';

/**
 * One loop for each pattern of NULL lanes that occurs among the columns in use: where a chunk has no NULL, the loop does not look for any.
 */
export class CompiledLoops {
  readonly #columns: readonly number[];
  readonly #compile: (nullLanes: NullLanes) => Loop;
  readonly #loops = new Map<string, Loop>();
  #lastPattern: string | undefined;
  #last: Loop | undefined;

  constructor(expressions: readonly PlanExpression[], compile: (nullLanes: NullLanes) => Loop) {
    this.#columns = [...new Set(expressions.flatMap((expression) => [...columnsOf(expression)]))];
    this.#compile = compile;
  }

  run(chunk: Chunk): unknown {
    return this.#loopFor(chunk)(chunk.columns, chunk.rowCount);
  }

  #loopFor(chunk: Chunk): Loop {
    let pattern = '';
    for (const index of this.#columns) {
      const column = chunk.columns[index]!;
      pattern += column.kind !== 'value' && column.nulls !== null ? '1' : '0';
    }
    if (pattern === this.#lastPattern) return this.#last!;
    let loop = this.#loops.get(pattern);
    if (loop === undefined) {
      const present = new Set(this.#columns.filter((_, i) => pattern[i] === '1'));
      this.#loops.set(pattern, (loop = this.#compile((index) => present.has(index))));
    }
    this.#lastPattern = pattern;
    this.#last = loop;
    return loop;
  }
}

/** The indexes of the columns that an expression reads. */
export function columnsOf(expression: PlanExpression, into = new Set<number>()): Set<number> {
  if (expression.kind === 'column') into.add(expression.index);
  else if (expression.kind === 'cast') columnsOf(expression.operand, into);
  else if (expression.kind === 'lambda') columnsOf(expression.body, into);
  else if (expression.kind === 'call') for (const argument of expression.arguments) columnsOf(argument, into);
  return into;
}
