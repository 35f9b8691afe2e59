import { createAdmin } from '@millrace/kafka-client';
import { planView } from '@millrace/planner';
import type { ViewRequest } from '@millrace/runtime';
import { parseQuery } from '@millrace/sql';
import { planContext, streamOn } from './devices-stream.ts';

/** A view over the benchmarks' stream. */
export interface BenchedView {
  readonly name: string;
  readonly brokers: readonly string[];
  readonly query: string;
  readonly source: string;
  /** The topic that it writes, which must exist, and its columns. */
  readonly target: string;
  readonly columns: string;
}

/** What the views of the benchmarks give. */
export const viewColumns = {
  w1: 'device string, cpu_usage float32, timestamp datetime64(3)',
  w2: 'window_start datetime64(3), device string, n uint64, average float64, max float32',
  all: 'seq int64, timestamp datetime64(3)',
  keys: 'seq int64, n uint64, max float32',
};

function changelogOf({ name }: BenchedView): string {
  return `millrace.changelog.${name}`;
}

/** As a server asks for a view, with the defaults of its settings. @param snapshot where its state is kept locally; null = nowhere */
export function viewRequest(view: BenchedView, snapshot: string | null): ViewRequest {
  const { name, brokers, query, source, target } = view;
  const stream = streamOn(name, target, view.columns, null);
  const plan = planView(stream, parseQuery(query), planContext(source, query));
  const timeIndex = stream.columns.length;
  return {
    brokers,
    view: name,
    plan,
    memoryBytes: 1 << 30,
    sink: {
      kind: 'stream',
      format: 'JSONEachRow',
      options: { timezone: 'UTC', quote64BitIntegers: false, quoteDenormals: true },
      schema: stream.columns,
      target: {
        topic: target,
        valueColumns: [...stream.columns.keys()],
        time: { kind: 'column', type: plan.schema[timeIndex]!.type, index: timeIndex },
        key: null,
        sharding: null,
      },
    },
    groupId: `millrace.view.${name}`,
    tasks: null,
    instanceId: 'bench',
    transactionalId: `millrace.${name}.0`,
    changelogTopic: changelogOf(view),
    deadLetterTopic: null,
    replayTopic: null,
    snapshots: snapshot === null ? null : { path: snapshot, growthBytes: 16 << 20, pauseMs: 10_000 },
    onLostData: 'stop',
    commitIntervalMs: 100,
    transactionTimeoutMs: 10_000,
    sessionTimeoutMs: 10_000,
  };
}

/** Makes the changelog of a view, as a server does. */
export async function createChangelog(view: BenchedView): Promise<void> {
  const admin = createAdmin({ brokers: view.brokers, clientId: 'bench' });
  const configs = { 'cleanup.policy': 'compact', 'segment.bytes': String(16 << 20), 'min.cleanable.dirty.ratio': '0.3' };
  await admin.createTopic({ topic: changelogOf(view), partitions: 1, configs });
  await admin.close();
}
