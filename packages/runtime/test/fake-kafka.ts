import { MillraceError, type SeededRandom } from '@millrace/core';
import type { FetchedPartition, GroupMember, OffsetSpec, PartitionOffset, RecordReader, TopicMetadata } from '@millrace/kafka-client';
import { encodeBatch, type RecordInput } from '@millrace/kafka-protocol';
import type { KafkaSource } from '../src/sources/source-ports.ts';

interface FakeBatch {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly maxTimestampMs: number;
  readonly bytes: Buffer;
}

interface FakePartition {
  readonly batches: FakeBatch[];
  endOffset: number;
}

/** A record to append: its value as text (null is a tombstone). */
export interface FakeRecord extends Omit<RecordInput, 'value' | 'key' | 'timestampMs'> {
  readonly value: string | null;
  readonly key?: string;
  readonly timestampMs?: number;
}

/** A cluster in memory: topics are logs of batches; readers wait for batches and take them in random cuts. */
export class FakeKafka implements KafkaSource {
  readonly #topics = new Map<string, { readonly id: string; readonly partitions: FakePartition[] }>();
  readonly #readers = new Set<FakeReader>();
  readonly #random: SeededRandom | undefined;
  readonly committed: PartitionOffset[] = [];
  readonly deletedGroups: string[] = [];
  isAway = false;
  #nextId = 1;

  /** @param random cuts fetches at random; without it each brings all there is */
  constructor(random?: SeededRandom) {
    this.#random = random;
  }

  createTopic(name: string, partitions = 1): void {
    const id = `topic-${this.#nextId++}`;
    this.#topics.set(name, { id, partitions: Array.from({ length: partitions }, () => ({ batches: [], endOffset: 0 })) });
  }

  deleteTopic(name: string): void {
    this.#topics.delete(name);
  }

  addPartition(name: string): void {
    this.#topics.get(name)!.partitions.push({ batches: [], endOffset: 0 });
  }

  /** Appends one record batch. */
  append(topic: string, partition: number, records: readonly FakeRecord[]): void {
    const log = this.partition(topic, partition)!;
    const inputs = records.map(({ value, key, timestampMs = 0, headers = [] }) => ({
      timestampMs,
      key: key === undefined ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers,
    }));
    const bytes = encodeBatch(inputs, { baseOffset: log.endOffset });
    const endOffset = log.endOffset + records.length;
    log.batches.push({
      baseOffset: log.endOffset,
      endOffset,
      maxTimestampMs: Math.max(...inputs.map(({ timestampMs }) => timestampMs)),
      bytes,
    });
    log.endOffset = endOffset;
    for (const reader of this.#readers) reader.notify();
  }

  /** Overwrites a byte of the last batch of a partition, counted from its end. */
  damage(topic: string, partition: number, fromEnd: number): void {
    const { bytes } = this.partition(topic, partition)!.batches.at(-1)!;
    bytes[bytes.length - fromEnd] = 0xff;
  }

  partition(topic: string, partition: number): FakePartition | undefined {
    return this.#topics.get(topic)?.partitions[partition];
  }

  async topic(name: string): Promise<TopicMetadata> {
    return this.topicOnce(name);
  }

  async topicOnce(name: string): Promise<TopicMetadata> {
    if (this.isAway) throw new MillraceError('KAFKA_BROKER_UNAVAILABLE', 'no broker answers');
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new MillraceError('KAFKA_TOPIC_UNKNOWN', `there is no topic "${name}"`);
    const partitions = topic.partitions.map((_, partition) => ({ partition, leader: 0, leaderEpoch: 0 }));
    return { name, topicId: topic.id, partitions };
  }

  async listOffsets(topic: string, partitions: readonly number[], spec: OffsetSpec): Promise<number[]> {
    return partitions.map((partition) => {
      const log = this.partition(topic, partition)!;
      if (spec === 'earliest') return 0;
      if (spec === 'latest') return log.endOffset;
      return log.batches.find(({ maxTimestampMs }) => maxTimestampMs >= spec)?.baseOffset ?? log.endOffset;
    });
  }

  openReader(): RecordReader {
    const reader = new FakeReader(this, this.#random);
    this.#readers.add(reader);
    return reader;
  }

  joinGroup({ groupId, onAssigned, onRevoked }: Parameters<KafkaSource['joinGroup']>[0]): GroupMember {
    const committed = this.committed;
    queueMicrotask(() => void onAssigned([]));
    return {
      groupId,
      memberId: 'member',
      generation: 1,
      assignment: [],
      async commit(offsets) {
        committed.push(...offsets);
      },
      async committed() {
        return committed;
      },
      async leave() {
        await onRevoked([], false);
      },
    };
  }

  async deleteGroup(groupId: string): Promise<void> {
    this.deletedGroups.push(groupId);
  }
}

class FakeReader implements RecordReader {
  readonly #kafka: FakeKafka;
  readonly #random: SeededRandom | undefined;
  #positions: { readonly topic: string; readonly partition: number; offset: number; reported: boolean }[] = [];
  readonly #paused = new Set<string>();
  #wake: () => void = () => {};
  #isClosed = false;

  constructor(kafka: FakeKafka, random: SeededRandom | undefined) {
    this.#kafka = kafka;
    this.#random = random;
  }

  assign(partitions: readonly PartitionOffset[]): void {
    this.#positions = partitions.map((partition) => ({ ...partition, reported: false }));
    this.notify();
  }

  async next(): Promise<FetchedPartition[]> {
    for (;;) {
      if (this.#isClosed) return [];
      const taken = this.#take();
      if (taken.length > 0) return taken;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  notify(): void {
    this.#wake();
  }

  /** Spoils the bytes, so that whoever looks at them afterwards finds nonsense. */
  release({ bytes }: FetchedPartition): void {
    bytes.fill(0xdb);
  }

  pause(topic: string, partition: number): void {
    this.#paused.add(`${topic}/${partition}`);
  }

  resume(topic: string, partition: number): void {
    if (this.#paused.delete(`${topic}/${partition}`)) this.notify();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.notify();
  }

  #take(): FetchedPartition[] {
    const taken: FetchedPartition[] = [];
    const order = [...this.#positions];
    if (this.#random !== undefined) order.sort(() => this.#random!.float() - 0.5);
    for (const position of order) {
      if (this.#paused.has(`${position.topic}/${position.partition}`)) continue;
      const log = this.#kafka.partition(position.topic, position.partition);
      if (log === undefined) continue;
      const ready = log.batches.filter(({ endOffset }) => endOffset > position.offset);
      if (ready.length === 0 && position.reported) continue;
      position.reported = true;
      const count = this.#random === undefined ? ready.length : Math.min(ready.length, 1 + this.#random.below(4));
      const cut = ready.slice(0, count);
      const batches: number[] = [];
      let at = 0;
      for (const { bytes } of cut) batches.push(at, (at += bytes.length));
      const fromOffset = position.offset;
      position.offset = cut.at(-1)?.endOffset ?? position.offset;
      taken.push({
        topic: position.topic,
        partition: position.partition,
        bytes: Buffer.concat(cut.map(({ bytes }) => bytes)),
        batches,
        fromOffset,
        nextOffset: position.offset,
        highWatermark: log.endOffset,
        lastStableOffset: log.endOffset,
        logStartOffset: 0,
      });
      // One partition at a time, so that partitions interleave at random.
      if (this.#random !== undefined) break;
    }
    return taken;
  }
}
