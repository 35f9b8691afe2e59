import type { Catalog, MaterializedViewDefinition } from '@millrace/catalog';
import { type Clock, delay } from '@millrace/core';
import { type KafkaClient, listOffsets, type PartitionOffset } from '@millrace/kafka-client';
import { untilVisible } from './until-visible.ts';
import { committedBy } from './view-group.ts';
import { hasExchange, layoutOf, sharedNames } from './view-layout.ts';
import { keepsDeadLetters, viewNames } from './view-names.ts';
import { notRunning, type ViewRegistry } from './view-registry.ts';

const pollMs = 10;

export interface FlushOptions {
  readonly catalog: Catalog;
  readonly kafka: KafkaClient;
  readonly views: ViewRegistry;
  readonly clock: Clock;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/**
 * Waits until each of the views has committed, for all to see, what its sources held when it came to be looked at: those that others read first, so
 * that what is in the first sources has come through whole chains of views.
 * @throws {MillraceError} PLAN_QUERY_INCORRECT if one of them does not run, or ceases to
 */
export async function flushViews(views: readonly MaterializedViewDefinition[], options: FlushOptions): Promise<void> {
  for (const view of inOrderOfFlow(views, options.catalog)) {
    const ends = await endsOf(view, options);
    await untilCommitted(view, ends, options);
    if (hasExchange(view)) {
      const { exchangeTopic } = sharedNames(view);
      await untilVisible(exchangeTopic, options.kafka, options.clock, options.signal);
      await untilCommitted(view, await endsOfTopics([exchangeTopic], options), options);
    }
    for (const topic of topicsWrittenBy(view, options.catalog)) await untilVisible(topic, options.kafka, options.clock, options.signal);
  }
}

/** Views behind those that they read, through whatever plain views. */
function inOrderOfFlow(views: readonly MaterializedViewDefinition[], catalog: Catalog): MaterializedViewDefinition[] {
  const ordered: MaterializedViewDefinition[] = [];
  const visit = (view: MaterializedViewDefinition, path: ReadonlySet<string>): void => {
    if (ordered.includes(view) || path.has(view.name)) return;
    const streams = streamsReadBy(view, catalog);
    for (const other of views) if (streams.has(other.into ?? other.name)) visit(other, new Set([...path, view.name]));
    ordered.push(view);
  };
  for (const view of views) visit(view, new Set());
  return ordered;
}

/** The streams, those of materialized views too, that a view comes to read, by name. */
export function streamsReadBy(view: { readonly dependsOn: readonly string[] }, catalog: Catalog): Set<string> {
  const streams = new Set<string>();
  const visit = (name: string): void => {
    const plain = catalog.view(name);
    if (plain === undefined) streams.add(catalog.stream(name)?.name ?? name);
    else plain.dependsOn.forEach(visit);
  };
  view.dependsOn.forEach(visit);
  return streams;
}

function topicsWrittenBy(view: MaterializedViewDefinition, catalog: Catalog): string[] {
  const { topic } = catalog.stream(view.name)!;
  return keepsDeadLetters(view) ? [topic, viewNames(view.name, view.id).deadLetterTopic] : [topic];
}

function endsOf(view: MaterializedViewDefinition, options: FlushOptions): Promise<PartitionOffset[]> {
  const { catalog } = options;
  const topics = [...streamsReadBy(view, catalog)].map((name) => catalog.stream(name)!.topic);
  if (keepsDeadLetters(view)) topics.push(viewNames(view.name, view.id).replayTopic);
  return endsOfTopics(topics, options);
}

async function endsOfTopics(topics: readonly string[], { kafka }: FlushOptions): Promise<PartitionOffset[]> {
  const ends: PartitionOffset[] = [];
  for (const topic of topics) {
    const [metadata] = await kafka.metadata([topic]);
    const partitions = metadata!.partitions.map(({ partition }) => partition);
    const offsets = await listOffsets(kafka, topic, partitions, 'latest', 'read_committed');
    ends.push(...partitions.map((partition, i) => ({ topic, partition, offset: offsets[i]! })));
  }
  return ends;
}

async function untilCommitted(
  view: MaterializedViewDefinition,
  ends: readonly PartitionOffset[],
  { views, kafka, clock, signal }: FlushOptions,
): Promise<void> {
  for (;;) {
    const record = await views.record(view);
    if (record.state === 'error' || record.state === 'paused' || record.state === 'stopped') throw notRunning(record);
    // Of what runs elsewhere the groups tell.
    const committed =
      record.state === 'standby' || layoutOf(view) !== null ? await committedBy(view, kafka) : (record.statistics?.view?.committed ?? []);
    const isDone = ends.every(({ topic, partition, offset }) =>
      committed.some((done) => done.topic === topic && done.partition === partition && done.offset >= offset),
    );
    if (isDone) return;
    await delay(clock, pollMs, signal);
  }
}
