import { type apis, apis as definitions, type EncodableRequest } from '@millrace/kafka-protocol';
import { committedIn, recordsIn } from '../../packages/broker/test/topic-client.ts';
import { errorName, fresh, type Subject, until } from './subject.ts';

interface FetchOptions {
  readonly partition?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly isolationLevel?: number;
}

export const readCommitted = 1;

/** A topic of the test's own, with a word for what tests ask most. All words are about partition 0 unless told otherwise. */
export class Topic {
  readonly name: string;
  readonly #subject: Subject;

  constructor(subject: Subject, name: string) {
    this.#subject = subject;
    this.name = name;
  }

  /** Made, and ready to be written to. */
  static async make(subject: Subject, configs: Readonly<Record<string, string>> = {}, numPartitions = 1, name = fresh('topic')) {
    const topic = new Topic(subject, name);
    const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
    const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: pairs }];
    const made = await subject.request(definitions.createTopics, 7, { topics, timeoutMs: 10_000, validateOnly: false });
    if (made.topics[0]!.errorCode !== 0) throw new Error(`${name}: ${made.topics[0]!.errorMessage}`);
    await topic.untilReady(numPartitions);
    return topic;
  }

  async untilReady(partitions: number): Promise<void> {
    for (let partition = 0; partition < partitions; partition++) {
      await until(
        () => this.offsetOf(-2, { partition }),
        ({ error }) => error === 'NONE',
      );
    }
  }

  async produce(records: Buffer | null, { index = 0, version = 9, transactionalId = null as string | null, acks = -1 } = {}) {
    const topicData = [{ name: this.name, partitionData: [{ index, records }] }];
    const body = { acks, timeoutMs: 10_000, transactionalId, topicData };
    const { responses } = await this.#subject.request(definitions.produce, version, body);
    const { errorCode, ...answer } = responses[0]!.partitionResponses[0]!;
    return { error: errorName(errorCode), ...answer };
  }

  fetchBody(fetchOffset: number, options: FetchOptions = {}): EncodableRequest<typeof apis.fetch> {
    const { partition = 0, maxWaitMs = 0, minBytes = 1, partitionMaxBytes = 1 << 20, maxBytes = 1 << 20, isolationLevel = 0 } = options;
    const topics = [{ topic: this.name, partitions: [{ partition, fetchOffset, partitionMaxBytes }] }];
    return { maxWaitMs, minBytes, maxBytes, isolationLevel, topics };
  }

  async fetch(fetchOffset: number, options: FetchOptions = {}) {
    const { responses } = await this.#subject.request(definitions.fetch, 12, this.fetchBody(fetchOffset, options));
    const { errorCode, records, ...answer } = responses[0]!.partitions[0]!;
    return { error: errorName(errorCode), records: records ?? Buffer.alloc(0), ...answer };
  }

  /** The values of the records from the start on. */
  async values(fetchOffset = 0, options: FetchOptions = {}): Promise<(string | null)[]> {
    return recordsIn((await this.fetch(fetchOffset, options)).records).map(({ value }) => value);
  }

  /** The values that a consumer of committed records keeps. */
  async committedValues(): Promise<(string | null)[]> {
    const { records, abortedTransactions } = await this.fetch(0, { isolationLevel: readCommitted });
    return committedIn(records, abortedTransactions ?? []).kept.map(({ value }) => value);
  }

  async offsetOf(timestamp: number, { partition = 0, isolationLevel = 0, version = 8 } = {}) {
    const topics = [{ name: this.name, partitions: [{ partitionIndex: partition, timestamp }] }];
    const { topics: answers } = await this.#subject.request(definitions.listOffsets, version, { replicaId: -1, isolationLevel, topics });
    const { errorCode, offset, timestamp: found, leaderEpoch } = answers[0]!.partitions[0]!;
    return { error: errorName(errorCode), offset, timestamp: found, leaderEpoch };
  }

  async deleteRecords(offset: number) {
    const topics = [{ name: this.name, partitions: [{ partitionIndex: 0, offset }] }];
    const { topics: answers } = await this.#subject.request(definitions.deleteRecords, 2, { topics, timeoutMs: 10_000 });
    const { errorCode, lowWatermark } = answers[0]!.partitions[0]!;
    return { error: errorName(errorCode), lowWatermark };
  }
}
