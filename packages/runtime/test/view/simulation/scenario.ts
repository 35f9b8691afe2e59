import type { SeededRandom } from '@millrace/core';
import { type AggregateNode, type PlanNode, type ProjectNode, type ScanNode, splitView } from '@millrace/planner';
import type { StreamTarget } from '../../../src/sinks/stream-sink.ts';
import type { ViewRequest } from '../../../src/view/view-request.ts';
import { aggregate, call, column, constant, fields, int32, int64, planOf, scan, string, time, windowOf } from '../../harness.ts';
import type { Windows } from '../../window-oracle.ts';
import { sharedSuffix } from './fake-cluster.ts';

const kinds = ['rows', 'tumble', 'hop', 'totals', 'chain', 'nested'] as const;

/** What one view computes. */
export type Computation = { readonly kind: 'rows' } | { readonly kind: 'totals' } | { readonly kind: 'windows'; readonly windows: Windows };

/** A view to be simulated. */
export interface SimulatedView {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly names: Names;
  readonly computation: Computation;
  /** Into so many parts the groups of a shared view are divided; null = one task has the view. */
  readonly parts: number | null;
  /** It reads what tasks of another view write, which has so many parts. */
  readonly readsParts?: number;
  /** Records whose `v` is 0 make an operator fail. */
  readonly divides: boolean;
  readonly request: ViewRequest;
}

/** The columns of a source: key, value, event time. */
export type Names = readonly [k: string, v: string, t: string];

const rowNames: Names = ['k', 'v', 't'];
/** Of what a windowed view gives. */
const windowNames: Names = ['k', 'sum', 'window_end'];

/** What a seed makes: a chain of views, the first of which reads the topic `s`. */
export interface Scenario {
  readonly kind: (typeof kinds)[number];
  readonly views: readonly SimulatedView[];
  readonly sourcePartitions: number;
  readonly targetPartitions: number;
  readonly hasPoison: boolean;
}

const encoding = { timezone: 'UTC', quote64BitIntegers: false, quoteDenormals: false };
export const transactionTimeoutMs = 1000;
export const sessionTimeoutMs = 800;

/** @param isShared several tasks share each view */
export function scenarioOf(seed: number, random: SeededRandom, isShared = false): Scenario {
  const kind = kinds[seed % kinds.length]!;
  const pick = <T>(...of: T[]): T => of[random.below(of.length)]!;
  const hasPoison = random.below(3) === 0;
  const sizeMs = pick(10, 12);
  const windows: Windows = { sizeMs, slideMs: kind === 'hop' ? pick(3, 4, 5) : sizeMs, delayMs: pick(0, 3, 10) };
  const commitIntervalMs = pick(10, 50, 100);
  const isStrict = random.below(2) === 0;
  const create = (name: string, source: string, computation: Computation, divides: boolean, names = rowNames): SimulatedView => {
    const target = `out-${name}`;
    const request: ViewRequest = {
      view: name,
      brokers: [],
      memoryBytes: 64 * 1024 * 1024,
      plan: { ...planOf(rootOf(computation, source, divides, names)), ...(computation.kind === 'windows' && { givesWatermarks: true }) },
      sink: {
        kind: 'stream',
        format: 'JSONEachRow',
        options: encoding,
        schema: schemaOf(computation),
        target: targetOf(target, computation),
      },
      tasks: null,
      groupId: `millrace.view.${name}`,
      instanceId: '',
      transactionalId: `millrace.${name}.0`,
      changelogTopic: `changelog-${name}`,
      replayTopic: null,
      deadLetterTopic: isStrict ? null : `dead-${name}`,
      snapshots: null,
      onLostData: 'stop',
      commitIntervalMs,
      transactionTimeoutMs,
      sessionTimeoutMs,
    };
    const parts = isShared ? 1 + random.below(5) : null;
    return { name, source, target, names, parts, computation, divides, request };
  };
  const nest = (inner: SimulatedView, outer: SimulatedView): SimulatedView[] => {
    const { request } = outer;
    if (inner.parts === null) return [inner, outer];
    const plan = { ...request.plan, root: withParts(request.plan.root, inner.parts) };
    return [inner, { ...outer, readsParts: inner.parts, request: { ...request, plan } }];
  };
  const windowed: Computation = { kind: 'windows', windows };
  const plain: Computation = { kind: 'rows' };
  const divides = hasPoison && random.below(2) === 0;
  // The watermark that the first tells must do: a larger delay would let the second wait for rows.
  const wider: Computation = { kind: 'windows', windows: { sizeMs: 2 * sizeMs, slideMs: 2 * sizeMs, delayMs: 0 } };
  const chains: Partial<Record<typeof kind, readonly SimulatedView[]>> = {
    chain: [create('rows', 's', plain, divides), create('windows', 'out-rows', windowed, false)],
    nested: nest(create('inner', 's', windowed, divides), create('outer', 'out-inner', wider, false, windowNames)),
  };
  const own: Computation = kind === 'rows' ? plain : kind === 'totals' ? { kind } : windowed;
  const views = chains[kind] ?? [create(kind, 's', own, divides)];
  return { kind, views, hasPoison, sourcePartitions: pick(1, 2, 3), targetPartitions: kind === 'totals' ? 1 : pick(1, 2) };
}

function rootOf(computation: Computation, topic: string, divides: boolean, names: Names): PlanNode {
  const watermark = computation.kind === 'windows' ? { delayMs: computation.windows.delayMs, idleTimeoutMs: 0 } : null;
  const from = sourceOf(scan(watermark === null ? {} : { watermark }), topic, names);
  const quotient = call('int_div', constant(int32, 60), column(1, int32));
  // Always true, or a failure.
  const predicate = call('greater', quotient, constant(int32, -1));
  const input: PlanNode = divides ? { node: 'filter', schema: fields, input: from, predicate } : from;
  switch (computation.kind) {
    case 'rows':
      return projectOf(input);
    case 'totals':
      return aggregateOf(input, null);
    case 'windows':
      return aggregateOf(input, computation.windows);
  }
}

function sourceOf(node: ScanNode, topic: string, names: Names): ScanNode {
  const columns = node.columns.map((of, i) => ({ ...of, name: names[i]! }));
  return { ...node, topic, stream: topic, columns, ...(names === windowNames && { readsWatermarks: true as const }) };
}

function withParts(node: PlanNode, watermarkParts: number): PlanNode {
  if (node.node === 'scan') return { ...node, watermarkParts };
  return 'input' in node ? { ...node, input: withParts(node.input, watermarkParts) } : node;
}

/** The view as its tasks have it, step by step. */
export function stagesOf({ name, parts }: SimulatedView, request: ViewRequest, tasks: number): ViewRequest[] {
  if (parts === null) return [request];
  const exchangeTopic = `exchange-${name}`;
  const stages = splitView(request.plan, exchangeTopic);
  const rows = {
    ...request,
    tasks,
    snapshots: null,
    groupId: `${request.groupId}${sharedSuffix}`,
    transactionalId: `millrace.${name}.rows`,
  };
  if (stages.kind === 'rows') return [rows];
  const sink = {
    kind: 'exchange',
    topic: exchangeTopic,
    partitions: parts,
    keys: stages.keys,
    schema: stages.rows.schema,
    timeColumn: stages.timeColumn,
    replayTopic: null,
  } as const;
  const groups = {
    ...request,
    tasks,
    snapshots: null,
    plan: stages.groups,
    deadLetterTopic: null,
    groupId: `${request.groupId}${sharedSuffix}.groups`,
    transactionalId: `millrace.${name}.groups`,
    changelogTopic: `${request.changelogTopic}-groups`,
  };
  return [{ ...rows, plan: stages.rows, sink }, groups];
}

function projectOf(input: PlanNode): ProjectNode {
  return { node: 'project', schema: fields, input, expressions: [column(0, string), column(1, int32), column(2, time)] };
}

const totals = [
  { name: 'k', type: string },
  { name: 'count', type: { kind: 'uint64' } },
  { name: 'sum', type: int64 },
] as const;
const bounds = [
  { name: 'window_start', type: time },
  { name: 'window_end', type: time },
] as const;

function aggregateOf(input: PlanNode, windows: Windows | null): AggregateNode {
  const kind = windows !== null && windows.slideMs < windows.sizeMs ? 'hop' : 'tumble';
  return {
    node: 'aggregate',
    schema: windows === null ? totals : [...bounds, ...totals],
    input,
    window: windows && windowOf(kind, windows.slideMs, windows.sizeMs),
    keys: [column(0, string)],
    aggregates: [aggregate('count'), aggregate('sum', column(1, int32))],
    emit: windows === null ? { when: 'periodic', intervalMs: 60, repeat: false } : { when: 'watermark', timeoutMs: null },
  };
}

function schemaOf({ kind }: Computation) {
  if (kind === 'rows') return fields;
  return kind === 'totals' ? totals : [...bounds, ...totals];
}

/** Rows of one key lie in one partition. */
function targetOf(topic: string, { kind }: Computation): StreamTarget {
  const timeColumn = kind === 'rows' ? column(2, time) : kind === 'windows' ? column(1, time) : null;
  return { topic, valueColumns: null, time: timeColumn, key: column(kind === 'windows' ? 2 : 0, string), sharding: null };
}
