import {
  type Chunk,
  type Column,
  castColumn,
  columnKind,
  constantColumn,
  type DataType,
  isBool,
  removeNullable,
  StringColumnBuilder,
} from '@millrace/data';
import type { KernelContext } from '@millrace/functions';
import type { PlanExpression } from '@millrace/planner';
import { CompiledLoops } from './compiled-loops.ts';
import { ExpressionWriter, Kernels } from './expression-writer.ts';
import { LoopWriter } from './loop-writer.ts';
import type { Written } from './written.ts';

export type Projection = (chunk: Chunk) => Column[];

/** How an output column comes about without the loop, or null if it takes the loop. */
type Shortcut = ((chunk: Chunk) => Column) | null;

/**
 * Compiles expressions into one loop over the rows that fills all output columns at once. Columns passed on as they are get
 * shared, and conversions between number lanes run lane by lane.
 * @throws {RowFailure} what an expression throws, with its row.
 */
export function compileProjection(expressions: readonly PlanExpression[], context: KernelContext): Projection {
  const shortcuts = expressions.map((expression) => shortcutOf(expression, context));
  const computed = expressions.filter((_, i) => shortcuts[i] === null);
  if (computed.length === 0) return (chunk) => shortcuts.map((shortcut) => shortcut!(chunk));
  const kernels = new Kernels(context);
  const loops = new CompiledLoops(computed, (nullLanes) => {
    const loop = new LoopWriter();
    const writer = new ExpressionWriter(loop, kernels, nullLanes);
    const outputs = computed.map((expression, i) => writeOutput(loop, writer.write(expression), expression.type, i));
    return loop.compile(
      outputs.map(({ statement }) => statement),
      `[${outputs.map(({ column }) => column).join(', ')}]`,
    );
  });
  return (chunk) => {
    const columns = loops.run(chunk) as Column[];
    let next = 0;
    return shortcuts.map((shortcut) => (shortcut === null ? columns[next++]! : shortcut(chunk)));
  };
}

function shortcutOf(expression: PlanExpression, context: KernelContext): Shortcut {
  if (expression.kind === 'column') return ({ columns }) => columns[expression.index]!;
  if (expression.kind === 'constant') return ({ rowCount }) => constantColumn(expression.type, expression.value, rowCount);
  if (expression.kind !== 'cast' || expression.operand.kind !== 'column') return null;
  const { operand, type } = expression;
  const numeric = (of: DataType) => /^(?:u?int\d+|float\d+|bool)$/.test(removeNullable(of).kind);
  const toFloat = removeNullable(type).kind.startsWith('float');
  const widens = toFloat || (columnKind(type) === 'bigint' && columnKind(operand.type) === 'number');
  const keepsNulls = type.kind === 'nullable' || operand.type.kind !== 'nullable';
  // Only what cannot fail: a failure must name its row.
  if (
    !numeric(type) ||
    !numeric(operand.type) ||
    !widens ||
    !keepsNulls ||
    removeNullable(operand.type).kind.startsWith('float') !== toFloat
  )
    return null;
  return ({ columns, rowCount }) => castColumn(columns[operand.index]!, operand.type, type, rowCount, context);
}

interface Output {
  /** What fills a row. */
  readonly statement: string;
  /** The finished column. */
  readonly column: string;
}

function writeOutput(loop: LoopWriter, value: Written, type: DataType, index: number): Output {
  const [lane, nulls] = [`out${index}`, `outNulls${index}`];
  switch (columnKind(type)) {
    case 'value':
      loop.before(`const ${lane} = new Array(rowCount);`);
      return { statement: `${lane}[row] = ${value.text};`, column: `{ kind: 'value', values: ${lane} }` };
    case 'string': {
      loop.before(`const ${lane} = new ${loop.capture(StringColumnBuilder)}(${loop.capture(type)}, rowCount);`);
      return { statement: `${lane}.${value.nullable ? 'append' : 'appendString'}(${value.text});`, column: `${lane}.finish()` };
    }
    case 'bigint':
      loop.before(`const ${lane} = new ${removeNullable(type).kind === 'uint64' ? 'BigUint64Array' : 'BigInt64Array'}(rowCount);`);
      return laneOutput(loop, value, lane, nulls, 'bigint', (text) => text);
    case 'number':
      loop.before(`const ${lane} = new Float64Array(rowCount);`);
      return laneOutput(loop, value, lane, nulls, 'number', isBool(type) ? (text) => `(${text}) ? 1 : 0` : (text) => text);
  }
}

function laneOutput(
  loop: LoopWriter,
  value: Written,
  lane: string,
  nulls: string,
  kind: 'number' | 'bigint',
  store: (text: string) => string,
): Output {
  if (!value.nullable)
    return { statement: `${lane}[row] = ${store(value.text)};`, column: `{ kind: '${kind}', values: ${lane}, nulls: null }` };
  loop.before(`let ${nulls} = null;`);
  const temp = loop.temp();
  return {
    statement: `if ((${temp} = ${value.text}) === null) (${nulls} ??= new Uint8Array(rowCount))[row] = 1; else ${lane}[row] = ${store(temp)};`,
    column: `{ kind: '${kind}', values: ${lane}, nulls: ${nulls} }`,
  };
}
