import { MillraceError } from '@millrace/core';
import type {
  GroupMember,
  OffsetSpec,
  RecordReader,
  TopicMetadata,
  TransactionalProducer,
  TransactionalProducerOptions,
} from '@millrace/kafka-client';
import type { KafkaSource } from '../../../src/sources/source-ports.ts';
import type { ViewKafka } from '../../../src/view/view-kafka.ts';
import type { FakeCluster } from './fake-cluster.ts';
import { MachineMember } from './machine-member.ts';
import { MachineProducer } from './machine-producer.ts';
import { MachineReader } from './machine-reader.ts';
import { ProcessClock } from './timeline.ts';

/** How long a client tries before it says that no broker answers. */
const giveUpMs = 1500;
const retryMs = 40;

/** A process with a connection to the cluster: what it asks takes time on the way there and back, and may be lost on either. */
export class Machine implements ViewKafka {
  readonly cluster: FakeCluster;
  readonly clock: ProcessClock;
  /** Of so many requests one is lost, or its answer; 0 = none. */
  faultsIn = 0;

  constructor(cluster: FakeCluster, startMs: number) {
    this.cluster = cluster;
    this.clock = new ProcessClock(cluster.timeline, startMs);
  }

  /** Asks the cluster something. What is on its way when the process is killed may still arrive. */
  request<T>(apply: () => T | Promise<T>): Promise<T> {
    const { timeline, random } = this.cluster;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const deadlineMs = timeline.nowMs + giveUpMs;
    const answer = (settle: () => void) => void this.clock.setTimer(random.below(3), settle);
    const fail = () => answer(() => reject(new MillraceError('KAFKA_TIMED_OUT', 'no answer came in time')));
    const arrive = () => {
      if (this.cluster.isAway) {
        if (this.clock.isDead) return;
        if (timeline.nowMs < deadlineMs) timeline.after(retryMs, arrive);
        else answer(() => reject(new MillraceError('KAFKA_BROKER_UNAVAILABLE', 'no broker answers')));
        return;
      }
      const fault = this.faultsIn > 0 && random.below(this.faultsIn) === 0 ? random.below(2) : -1;
      if (fault === 0) return void fail();
      let applied: Promise<T>;
      try {
        applied = Promise.resolve(apply());
      } catch (error) {
        answer(() => reject(error as Error));
        return;
      }
      applied.then(
        (value) => (fault === 1 ? fail() : answer(() => resolve(value))),
        (error: Error) => answer(() => reject(error)),
      );
    };
    timeline.after(random.below(3), () => {
      if (!this.clock.isDead || random.below(2) === 0) arrive();
    });
    return promise;
  }

  topic(name: string): Promise<TopicMetadata> {
    return this.request(() => {
      const { id, logs } = this.cluster.topic(name);
      return { name, topicId: id, partitions: logs.map(({ partition }) => ({ partition, leader: 0, leaderEpoch: 0 })) };
    });
  }

  topicOnce(name: string): Promise<TopicMetadata> {
    return this.topic(name);
  }

  listOffsets(topic: string, partitions: readonly number[], spec: OffsetSpec): Promise<number[]> {
    return this.request(() =>
      partitions.map((partition) => {
        const log = this.cluster.log(topic, partition);
        if (spec === 'earliest') return log.startOffset;
        return spec === 'latest' ? log.stableOffset : log.offsetAt(spec);
      }),
    );
  }

  writtenEnds(topic: string, partitions: readonly number[]): Promise<number[]> {
    return this.request(() => partitions.map((partition) => this.cluster.log(topic, partition).endOffset));
  }

  openReader(): RecordReader {
    return new MachineReader(this);
  }

  joinGroup(options: Parameters<KafkaSource['joinGroup']>[0]): GroupMember {
    return new MachineMember(this, options);
  }

  async deleteGroup(): Promise<void> {}

  async openTransactionalProducer({ transactionalId, transactionTimeoutMs }: TransactionalProducerOptions): Promise<TransactionalProducer> {
    const epoch = await this.request(() => this.cluster.initProducer(transactionalId, transactionTimeoutMs!));
    return new MachineProducer(this, epoch);
  }
}
