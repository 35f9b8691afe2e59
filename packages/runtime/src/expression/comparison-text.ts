import type { DataType } from '@millrace/data';
import type { ResolvedFunction } from '@millrace/functions';
import type { PlanExpression } from '@millrace/planner';
import { compareSpans, equalSpans } from './byte-compare.ts';
import type { LoopWriter, NullLanes } from './loop-writer.ts';
import type { Written } from './written.ts';

const orders: Readonly<Record<string, string>> = { less: '<', less_or_equals: '<=', greater: '>', greater_or_equals: '>=' };

/** A comparison of string columns and constants, written over their bytes: no string is made. Null for every other call. */
export function comparisonText(
  call: Extract<PlanExpression, { kind: 'call' }>,
  resolved: ResolvedFunction,
  loop: LoopWriter,
  nullLanes: NullLanes,
): Written | null {
  const isEquality = call.function === 'equals' || call.function === 'not_equals';
  if ((!isEquality && orders[call.function] === undefined) || resolved.kernel.kind !== 'code') return null;
  if (!resolved.argumentTypes.every(isText)) return null;
  const spans = call.arguments.map((argument) => spanText(argument, loop));
  if (spans.includes(null)) return null;
  const compare = loop.capture(isEquality ? equalSpans : compareSpans);
  const applied = `${compare}(${spans.join(', ')})`;
  const text = isEquality ? `${call.function === 'equals' ? '' : '!'}${applied}` : `(${applied} ${orders[call.function]} 0)`;
  const guards = call.arguments.flatMap((argument) =>
    argument.kind === 'column' && nullLanes(argument.index) ? [`nulls${argument.index}[row] === 1`] : [],
  );
  return { text: guards.length === 0 ? text : `(${guards.join(' || ')} ? null : ${text})`, nullable: guards.length > 0, atomic: false };
}

function isText(type: DataType): boolean {
  return type.kind === 'string' || type.kind === 'fixed_string';
}

function spanText(argument: PlanExpression, loop: LoopWriter): string | null {
  if (argument.kind === 'constant' && typeof argument.value === 'string') {
    const bytes = Buffer.from(argument.value, 'latin1');
    return `${loop.capture(bytes)}, 0, ${bytes.length}`;
  }
  if (argument.kind !== 'column') return null;
  const { index } = argument;
  loop.useColumn(index, 'string');
  return `bytes${index}, starts${index}[row], ends${index}[row]`;
}
