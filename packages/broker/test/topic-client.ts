import {
  type apis,
  batchHeader,
  controlTypeOf,
  decodeRecords,
  apis as definitions,
  type EncodableRequest,
  encodeBatch,
  iterateBatches,
  RecordSpans,
} from '@millrace/kafka-protocol';
import { expect, onTestFinished } from 'vitest';
import { RawClient } from './raw-client.ts';

/** One record batch of text values, a millisecond apart. */
export const batchOf = (values: readonly string[], traits: Parameters<typeof encodeBatch>[1] = {}, timestampMs = 1000) =>
  encodeBatch(
    values.map((value, i) => ({ timestampMs: timestampMs + i, value: Buffer.from(value) })),
    traits,
  );

type FetchOptions = {
  partition?: number;
  maxWaitMs?: number;
  minBytes?: number;
  partitionMaxBytes?: number;
  maxBytes?: number;
  isolationLevel?: number;
};

/** A connection with a word for what tests send most. All words are about partition 0 of the topic unless told otherwise. */
export class TopicClient {
  readonly raw: RawClient;
  readonly topic: string;

  private constructor(raw: RawClient, topic: string) {
    this.raw = raw;
    this.topic = topic;
  }

  static async open(port: number, topic = 't'): Promise<TopicClient> {
    const raw = await RawClient.open(port);
    onTestFinished(() => raw.close());
    return new TopicClient(raw, topic);
  }

  /** The same connection, about another topic. */
  about(topic: string): TopicClient {
    return new TopicClient(this.raw, topic);
  }

  async make(configs: Record<string, string> = {}, numPartitions = 1): Promise<this> {
    const pairs = Object.entries(configs).map(([name, value]) => ({ name, value }));
    const topics = [{ name: this.topic, numPartitions, replicationFactor: 1, assignments: [], configs: pairs }];
    const made = await this.raw.request(definitions.createTopics, 7, { topics, validateOnly: false });
    expect(made.topics[0]!.errorMessage).toBeNull();
    return this;
  }

  async produce(records: Buffer, { index = 0, version = 9, transactionalId = null as string | null } = {}) {
    const body = { acks: -1, timeoutMs: 1000, transactionalId, topicData: [{ name: this.topic, partitionData: [{ index, records }] }] };
    const { responses } = await this.raw.request(definitions.produce, version, body);
    return responses[0]!.partitionResponses[0]!;
  }

  fetchBody(fetchOffset: number, options: FetchOptions = {}): EncodableRequest<typeof apis.fetch> {
    const { partition = 0, maxWaitMs = 0, minBytes = 1, partitionMaxBytes = 1 << 20, maxBytes = 1 << 20, isolationLevel = 0 } = options;
    const topics = [{ topic: this.topic, partitions: [{ partition, fetchOffset, partitionMaxBytes }] }];
    return { maxWaitMs, minBytes, maxBytes, isolationLevel, topics };
  }

  async fetch(fetchOffset: number, options: FetchOptions = {}) {
    const { responses } = await this.raw.request(definitions.fetch, 12, this.fetchBody(fetchOffset, options));
    return responses[0]!.partitions[0]!;
  }

  async listOffset(timestamp: number, isolationLevel = 0, partitionIndex = 0) {
    const topics = [{ name: this.topic, partitions: [{ partitionIndex, timestamp }] }];
    const answer = await this.raw.request(definitions.listOffsets, 7, { replicaId: -1, isolationLevel, topics });
    return answer.topics[0]!.partitions[0]!;
  }

  async deleteRecords(offset: number) {
    const topics = [{ name: this.topic, partitions: [{ partitionIndex: 0, offset }] }];
    return (await this.raw.request(definitions.deleteRecords, 2, { topics, timeoutMs: 1000 })).topics[0]!.partitions[0]!;
  }
}

/** Offsets and values of the records in fetched bytes; control batches have none. */
export function recordsIn(bytes: Buffer): { offset: number; key: string | null; value: string | null }[] {
  const found = [];
  for (const at of iterateBatches(bytes)) {
    const spans = new RecordSpans();
    decodeRecords(bytes, at, at + batchHeader.sizeBytes(bytes, at), spans);
    for (let i = 0; i < spans.count; i++) {
      found.push({ offset: spans.offsets[i]!, key: spans.key(i)?.toString() ?? null, value: spans.value(i)?.toString() ?? null });
    }
  }
  return found;
}

/**
 * What a consumer of committed records keeps of one answer: aborted transactions are left out by producer, from their first offset to
 * their marker.
 */
export function committedIn(bytes: Buffer, aborted: readonly { producerId: number; firstOffset: number }[]) {
  const waiting = [...aborted];
  const skipped = new Set<number>();
  const kept: ReturnType<typeof recordsIn> = [];
  let nextOffset = -1;
  for (const at of iterateBatches(bytes)) {
    const producerId = batchHeader.producerId(bytes, at);
    nextOffset = batchHeader.lastOffset(bytes, at) + 1;
    while (waiting.length > 0 && waiting[0]!.firstOffset < nextOffset) skipped.add(waiting.shift()!.producerId);
    if (batchHeader.isControl(bytes, at)) {
      if (controlTypeOf(bytes, at) === 'abort') skipped.delete(producerId);
    } else if (!(batchHeader.isTransactional(bytes, at) && skipped.has(producerId))) {
      kept.push(...recordsIn(bytes.subarray(at, at + batchHeader.sizeBytes(bytes, at))));
    }
  }
  return { kept, nextOffset };
}
