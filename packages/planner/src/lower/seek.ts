import { isTemporal, maxDays, minDays, msPerDay, removeNullable, temporalToMs } from '@millrace/data';
import { scalarFunction } from '@millrace/functions';
import { kernelContext } from '../context.ts';
import { callFunction } from '../expression/build.ts';
import { canEvaluate, evaluatePlanExpression } from '../expression/evaluate.ts';
import { walkPlanExpression } from '../expression/map-plan-expression.ts';
import type { FilterNode, PlanExpression, PlanNode, StartPosition } from '../plan.ts';
import type { Planning, StreamSource } from './planning.ts';

/** What a conjunct of WHERE says about where to begin. */
interface Bound {
  readonly source: PlanNode;
  readonly start: StartPosition;
  /** True if every row fulfils the conjunct: `_tp_time > earliest_ts()`. */
  readonly always: boolean;
}

/**
 * Turns lower bounds on event time and `_tp_sn` into the positions where scans begin. The predicate stays, but for
 * `_tp_time > earliest_ts()`, which is true of every row. A position that `seek_to` names goes before them.
 */
export function seekByPredicate(filter: FilterNode, planning: Planning): PlanNode {
  const conjuncts = conjunctsOf(filter.predicate);
  const bounds = conjuncts.map((conjunct) => boundOf(conjunct, filter.input, planning));
  let { input } = filter;
  if (planning.settings.seekTo === '') {
    for (const source of new Set(bounds.flatMap((bound) => (bound === undefined ? [] : [bound.source])))) {
      const starts = bounds.filter((bound) => bound?.source === source).map((bound) => bound!.start);
      input = withStart(input, source, starts.reduce(later), planning);
    }
  }
  const rest = conjuncts.filter((_, index) => bounds[index]?.always !== true);
  if (rest.length === 0) return input;
  const predicate = rest.length === conjuncts.length ? filter.predicate : joined(rest, planning);
  return { ...filter, input, predicate };
}

/** The parts that AND joins, however they are nested. */
function conjunctsOf(predicate: PlanExpression): PlanExpression[] {
  if (predicate.kind === 'call' && predicate.function === 'and') return predicate.arguments.flatMap(conjunctsOf);
  return [predicate];
}

function joined(conjuncts: readonly PlanExpression[], { context }: Planning): PlanExpression {
  return conjuncts.length === 1 ? conjuncts[0]! : callFunction('and', conjuncts, context);
}

const mirrored: Readonly<Record<string, string>> = { less: 'greater', less_or_equals: 'greater_or_equals', equals: 'equals' };
const lowerBounds: ReadonlySet<string> = new Set(['greater', 'greater_or_equals', 'equals']);

function boundOf(conjunct: PlanExpression, input: PlanNode, planning: Planning): Bound | undefined {
  if (conjunct.kind !== 'call' || conjunct.arguments.length !== 2) return undefined;
  const [left, right] = conjunct.arguments as [PlanExpression, PlanExpression];
  return (
    compared(conjunct.function, left, right, input, planning) ?? compared(mirrored[conjunct.function] ?? '', right, left, input, planning)
  );
}

function compared(
  operator: string,
  subject: PlanExpression,
  limit: PlanExpression,
  input: PlanNode,
  planning: Planning,
): Bound | undefined {
  if (!lowerBounds.has(operator) || !isKnownNow(limit)) return undefined;
  const column = withoutTimeCasts(subject);
  const traced = column.kind === 'column' ? trace(input, column.index, planning) : undefined;
  if (traced === undefined) return undefined;
  const value = evaluatePlanExpression(limit, kernelContext(planning.context));
  if (value === null || typeof value === 'boolean' || typeof value === 'object' || typeof value === 'string') return undefined;
  const { stream, source, index } = traced;
  if (index === stream.offsetColumn) return offsetBound(source, operator, Number(value));
  if (!stream.timeColumns.has(index) || !isTemporal(limit.type)) return undefined;
  return timeBound(source, temporalToMs(value, limit.type, planning.context.timezone), operator, subject, planning);
}

function offsetBound(source: PlanNode, operator: string, value: number): Bound {
  const first = Math.max(0, operator === 'greater' ? Math.floor(value) + 1 : Math.ceil(value));
  return { source, start: { at: 'offsets', offsets: [first] }, always: false };
}

function timeBound(source: PlanNode, timeMs: number, operator: string, subject: PlanExpression, planning: Planning): Bound {
  if (timeMs <= minDays * msPerDay) {
    return { source, start: { at: 'earliest' }, always: operator !== 'equals' && subject.type.kind !== 'nullable' };
  }
  const start: StartPosition =
    planning.settings.seekByTime && timeMs < (maxDays + 1) * msPerDay ? { at: 'time', timeMs } : { at: 'earliest' };
  return { source, start, always: false };
}

const clockFunctions: ReadonlySet<string> = new Set(['now', 'now64', 'today']);

/** True if the value at planning time is a lower bound of its value later: constants and the clock. */
function isKnownNow(expression: PlanExpression): boolean {
  if (!canEvaluate(expression)) return false;
  let known = true;
  walkPlanExpression(expression, (node) => {
    if (node.kind !== 'call') return;
    const definition = scalarFunction(node.function);
    if (definition?.deterministic !== true && !clockFunctions.has(node.function)) known = false;
  });
  return known;
}

/** Casts between date-times move a time at most towards the past, so that a lower bound stays one. */
function withoutTimeCasts(expression: PlanExpression): PlanExpression {
  if (expression.kind !== 'cast') return expression;
  const isTime = isTemporal(expression.type) && isTemporal(expression.operand.type);
  const isWider = removeNullable(expression.type).kind === 'int64' && /^u?int/.test(removeNullable(expression.operand.type).kind);
  return isTime || isWider ? withoutTimeCasts(expression.operand) : expression;
}

/** The stream source whose column this is, through projections and filters. */
function trace(node: PlanNode, index: number, planning: Planning): { stream: StreamSource; source: PlanNode; index: number } | undefined {
  const stream = planning.findings.sources.get(node);
  if (stream !== undefined) return { stream, source: node, index };
  if (node.node === 'filter' || (node.node === 'unnest' && index < node.schema.length - 1)) return trace(node.input, index, planning);
  if (node.node !== 'project') return undefined;
  const inner = withoutTimeCasts(node.expressions[index]!);
  return inner.kind === 'column' ? trace(node.input, inner.index, planning) : undefined;
}

/** Offsets are exact, so they go before times; of two times the later. */
function later(a: StartPosition, b: StartPosition): StartPosition {
  const rank = (start: StartPosition) => (start.at === 'offsets' ? 3 : start.at === 'time' ? 2 : start.at === 'earliest' ? 1 : 0);
  if (rank(a) !== rank(b)) return rank(a) > rank(b) ? a : b;
  if (a.at === 'time' && b.at === 'time') return a.timeMs >= b.timeMs ? a : b;
  if (a.at === 'offsets' && b.at === 'offsets') return a.offsets[0]! >= b.offsets[0]! ? a : b;
  return a;
}

/** The tree with another start in the scan of one source. */
function withStart(node: PlanNode, source: PlanNode, start: StartPosition, planning: Planning): PlanNode {
  if (node === source) {
    const { sources } = planning.findings;
    const moved = startScan(node, start);
    sources.set(moved, sources.get(node)!);
    return moved;
  }
  if (node.node !== 'filter' && node.node !== 'project' && node.node !== 'unnest') return node;
  const input = withStart(node.input, source, start, planning);
  return input === node.input ? node : { ...node, input };
}

function startScan(node: PlanNode, start: StartPosition): PlanNode {
  if (node.node === 'scan') return { ...node, start: later(start, node.start.at === 'latest' ? start : node.start) };
  return node.node === 'project' ? { ...node, input: startScan(node.input, start) } : node;
}
