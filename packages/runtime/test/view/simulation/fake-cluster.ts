import { MillraceError, type SeededRandom } from '@millrace/core';
import type { GroupIdentity, PartitionOffset, TopicPartition } from '@millrace/kafka-client';
import type { RecordInput } from '@millrace/kafka-protocol';
import { FakeGroup } from './fake-group.ts';
import { FakeLog, type LogBatch } from './fake-log.ts';
import { FakeSharedGroup } from './fake-shared-group.ts';
import type { Timeline } from './timeline.ts';

/** What a cluster may be made to do wrong, to see whether anybody notices. */
export type Sabotage = 'unstable-offsets' | 'no-fencing' | 'visible-aborts' | 'lost-states' | 'lost-positions' | 'doubled-commits';

/** Who produces, as the coordinator has told. */
export interface ProducerEpoch {
  readonly transactionalId: string;
  readonly epoch: number;
}

interface Offsets {
  readonly group: FakeGroup;
  readonly offsets: readonly PartitionOffset[];
}

/** One transactional id at its coordinator. */
interface Coordinated {
  epoch: number;
  timeoutMs: number;
  open: { readonly batches: Map<FakeLog, LogBatch[]>; readonly offsets: Offsets[] } | null;
  /** Of the transaction that ends. */
  endingOffsets: readonly Offsets[];
  /** Resolves when the markers of the last transaction are written, which may be after its end was answered. */
  ending: Promise<void> | null;
  lastEnd: 'committed' | 'aborted' | null;
}

interface Topic {
  readonly id: string;
  readonly logs: FakeLog[];
}

const slowestMarkerMs = 12;
/** In the names of groups whose partitions are shared. */
export const sharedSuffix = '.shared';

/**
 * A Kafka cluster as far as views see it: logs with transactions, coordinators of transactions and of groups. What is asked
 * of it takes no time; that is the matter of who asks.
 */
export class FakeCluster {
  readonly timeline: Timeline;
  readonly random: SeededRandom;
  readonly sabotage: Sabotage | null;
  readonly violations: string[] = [];
  readonly #topics = new Map<string, Topic>();
  readonly #groups = new Map<string, FakeGroup>();
  readonly #transactions = new Map<string, Coordinated>();
  readonly #waiting = new Set<() => void>();
  isAway = false;
  /** What stands before the keys of changelogs. */
  lanePrefixBytes = 0;
  #nextId = 1;

  constructor(timeline: Timeline, random: SeededRandom, sabotage: Sabotage | null = null) {
    this.timeline = timeline;
    this.random = random;
    this.sabotage = sabotage;
  }

  createTopic(name: string, partitions: number): void {
    this.#topics.set(name, { id: `id-${this.#nextId++}`, logs: [] });
    for (let i = 0; i < partitions; i++) this.addPartition(name);
  }

  deleteTopic(name: string): void {
    this.#topics.delete(name);
  }

  addPartition(name: string): void {
    const { logs } = this.topic(name);
    logs.push(new FakeLog(name, logs.length));
  }

  /** @throws KAFKA_TOPIC_UNKNOWN */
  topic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new MillraceError('KAFKA_TOPIC_UNKNOWN', `there is no topic "${name}"`, { details: { topic: name } });
    return topic;
  }

  log(topic: string, partition: number): FakeLog {
    return this.topic(topic).logs[partition]!;
  }

  group(groupId: string): FakeGroup {
    let group = this.#groups.get(groupId);
    if (group === undefined) {
      group = groupId.includes(sharedSuffix) ? new FakeSharedGroup(this, groupId) : new FakeGroup(this, groupId);
      this.#groups.set(groupId, group);
    }
    return group;
  }

  /** Tells once when there may be something new to read. */
  onChange(tell: () => void): void {
    this.#waiting.add(tell);
  }

  changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const tell of waiting) tell();
  }

  append(topic: string, partition: number, records: readonly RecordInput[]): void {
    this.log(topic, partition).append(records);
    this.changed();
  }

  /** As InitProducerId: aborts what is open, and waits until what has ended is to be seen. */
  async initProducer(transactionalId: string, timeoutMs: number): Promise<ProducerEpoch> {
    const known = this.#coordinated(transactionalId);
    known.epoch++;
    const { epoch } = known;
    known.timeoutMs = timeoutMs;
    await known.ending;
    if (known.open !== null) await this.#end(known, 'aborted');
    return { transactionalId, epoch };
  }

  async produce(producer: ProducerEpoch, topic: string, partition: number, records: readonly RecordInput[]): Promise<void> {
    const open = await this.#inTransaction(producer);
    const log = this.log(topic, partition);
    const kept = records.filter(({ key }) => !this.#isLost(topic, key ?? null));
    if (kept.length === 0) return;
    const batch = log.append(kept, 'open');
    open.batches.set(log, [...(open.batches.get(log) ?? []), batch]);
    this.changed();
  }

  async sendOffsets(producer: ProducerEpoch, groupId: string, offsets: readonly PartitionOffset[], member: GroupIdentity): Promise<void> {
    const open = await this.#inTransaction(producer);
    const group = this.group(groupId);
    if (this.sabotage !== 'no-fencing') group.check(member);
    open.offsets.push({ group, offsets });
  }

  /** Of a group; when no transaction is under way that is to change them. */
  async committedOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    const group = this.group(groupId);
    const isOf = (of: Offsets) =>
      of.group === group &&
      of.offsets.some((one) => partitions.some(({ topic, partition }) => one.topic === topic && one.partition === partition));
    const isPending = () =>
      [...this.#transactions.values()].some(({ open, endingOffsets }) => [...(open?.offsets ?? []), ...endingOffsets].some(isOf));
    while (this.sabotage !== 'unstable-offsets' && isPending()) await new Promise<void>((resolve) => void this.timeline.after(5, resolve));
    return group.committed(partitions);
  }

  /** Answered before the markers are written. */
  async endTransaction(producer: ProducerEpoch, outcome: 'committed' | 'aborted'): Promise<void> {
    const known = this.#coordinated(producer.transactionalId);
    this.#checkEpoch(producer, known);
    if (known.open === null) {
      if (known.lastEnd === outcome) return;
      throw fenced(producer.transactionalId, 'INVALID_TXN_STATE');
    }
    void this.#end(known, outcome);
  }

  #coordinated(transactionalId: string): Coordinated {
    let known = this.#transactions.get(transactionalId);
    if (known === undefined) {
      known = { epoch: -1, timeoutMs: 0, open: null, endingOffsets: [], ending: null, lastEnd: null };
      this.#transactions.set(transactionalId, known);
    }
    return known;
  }

  #checkEpoch({ transactionalId, epoch }: ProducerEpoch, known: Coordinated): void {
    if (epoch !== known.epoch && this.sabotage !== 'no-fencing') throw fenced(transactionalId, 'INVALID_PRODUCER_EPOCH');
  }

  async #inTransaction(producer: ProducerEpoch) {
    const known = this.#coordinated(producer.transactionalId);
    this.#checkEpoch(producer, known);
    while (known.ending !== null) await known.ending;
    this.#checkEpoch(producer, known);
    if (known.open !== null) return known.open;
    const open = { batches: new Map<FakeLog, LogBatch[]>(), offsets: [] };
    known.open = open;
    known.lastEnd = null;
    this.timeline.after(known.timeoutMs, () => {
      if (known.open !== open) return;
      known.epoch++;
      void this.#end(known, 'aborted');
    });
    return open;
  }

  /** The markers of the partitions come at different times, the offsets of the groups last. */
  async #end(known: Coordinated, outcome: 'committed' | 'aborted'): Promise<void> {
    const { batches, offsets } = known.open!;
    known.open = null;
    known.endingOffsets = offsets;
    known.lastEnd = outcome;
    const ended = Promise.withResolvers<void>();
    known.ending = ended.promise;
    await Promise.all([...batches].map(([log, of]) => this.#writeMarker(log, of, outcome)));
    if (outcome === 'committed') for (const { group, offsets: of } of offsets) group.commit(of);
    known.ending = null;
    known.endingOffsets = [];
    ended.resolve();
  }

  #writeMarker(log: FakeLog, batches: readonly LogBatch[], outcome: 'committed' | 'aborted'): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.timeline.after(this.random.below(slowestMarkerMs), () => {
      log.end(batches, this.sabotage === 'visible-aborts' ? 'committed' : outcome);
      if (this.sabotage === 'doubled-commits' && outcome === 'committed' && this.random.below(10) === 0)
        for (const batch of batches) log.repeat(batch);
      this.changed();
      resolve();
    });
    return promise;
  }

  /** Entries of the changelog that sabotage drops: what groups hold, or where the sources stand. */
  #isLost(topic: string, key: Uint8Array | null): boolean {
    if (key === null || !topic.startsWith('changelog') || this.random.below(4) > 0) return false;
    const kind = key[this.lanePrefixBytes];
    if (this.sabotage === 'lost-positions') return kind === 1;
    return this.sabotage === 'lost-states' && kind === 2;
  }
}

export function fenced(who: string, kafkaError: string): MillraceError {
  return new MillraceError('KAFKA_FENCED', `"${who}" is fenced: ${kafkaError}`, { details: { kafkaError }, retryable: false });
}
