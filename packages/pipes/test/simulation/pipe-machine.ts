import { MillraceError } from '@millrace/core';
import type {
  GroupMember,
  GroupOptions,
  PartitionOffset,
  Producer,
  TopicMetadata,
  TopicPartition,
  TopicSpec,
} from '@millrace/kafka-client';
import type { RecordHeader, RecordInput } from '@millrace/kafka-protocol';
import { Machine } from '../../../runtime/test/view/simulation/machine.ts';
import { MachineMember } from '../../../runtime/test/view/simulation/machine-member.ts';
import type { PipeKafka } from '../../src/progress/pipe-kafka.ts';

/** A process with a connection to the cluster, as pipes see it. */
export class PipeMachine extends Machine implements PipeKafka {
  /** Called when a member leaves its group. */
  onLeave: () => void = () => {};
  /** What topics take that plain producers write to. */
  mostBytes = Number.POSITIVE_INFINITY;
  #fail: (error: Error) => void = () => {};
  #transactionsRefused: Error | undefined;

  /** Ends the member at hand as a group does that refuses it. */
  failMember(error: Error): void {
    this.#fail(error);
  }

  /** The next time that it wants to begin transactions nobody answers. */
  refuseTransactionsOnce(error: Error): void {
    this.#transactionsRefused = error;
  }

  override async openTransactionalProducer(...given: Parameters<Machine['openTransactionalProducer']>) {
    const error = this.#transactionsRefused;
    this.#transactionsRefused = undefined;
    if (error !== undefined) throw error;
    return super.openTransactionalProducer(...given);
  }

  override joinGroup(options: GroupOptions): GroupMember {
    this.#fail = (error) => options.onFailed?.(error);
    // All members share the partitions of a group that shares them.
    return new CommittingMember(this, { ...options, tasks: Number.MAX_SAFE_INTEGER });
  }

  topicToWrite(name: string): Promise<TopicMetadata> {
    return this.topic(name);
  }

  openProducer(): Producer {
    return new PlainProducer(this);
  }

  createTopic({ topic, partitions }: TopicSpec): Promise<boolean> {
    return this.request(() => {
      try {
        this.cluster.topic(topic);
        return false;
      } catch {
        this.cluster.createTopic(topic, partitions);
        return true;
      }
    });
  }
}

/** What is committed beside offsets, of the one group of a cluster. */
const metadataOfClusters = new WeakMap<object, Map<string, string>>();

function metadataOf({ cluster }: PipeMachine): Map<string, string> {
  const kept = metadataOfClusters.get(cluster) ?? new Map<string, string>();
  metadataOfClusters.set(cluster, kept);
  return kept;
}

/** A member that also commits outside of transactions. */
class CommittingMember extends MachineMember {
  readonly #owner: PipeMachine;

  constructor(machine: PipeMachine, options: GroupOptions) {
    super(machine, options);
    this.#owner = machine;
  }

  override async committed(partitions: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    const found = await super.committed(partitions);
    const kept = metadataOf(this.#owner);
    return found.map((of) => {
      const metadata = kept.get(`${of.partition}@${of.topic}`);
      return metadata === undefined ? of : { ...of, metadata };
    });
  }

  override leave(): Promise<void> {
    this.#owner.onLeave();
    return super.leave();
  }

  override commit(offsets: readonly PartitionOffset[] = []): Promise<void> {
    const { memberId, generation, groupId } = this;
    return this.#owner.request(() => {
      const kept = metadataOf(this.#owner);
      const group = this.#owner.cluster.group(groupId);
      group.check({ memberId, generation });
      group.commit(offsets);
      for (const { topic, partition, metadata } of offsets) if (metadata !== undefined) kept.set(`${partition}@${topic}`, metadata);
    });
  }
}

/** An idempotent producer: what it is not told of it has not written. */
class PlainProducer implements Producer {
  readonly #machine: PipeMachine;
  #pending: { readonly topic: string; readonly partition: number; readonly record: RecordInput }[] = [];

  constructor(machine: PipeMachine) {
    this.#machine = machine;
  }

  append(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = [],
  ): void {
    const record = { timestampMs, key: key && Buffer.from(key), value: value && Buffer.from(value), headers };
    this.#pending.push({ topic, partition, record });
  }

  appendSpans(): void {
    throw new Error('pipes append whole records');
  }

  async flush(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    if (pending.some(({ record }) => (record.value?.length ?? 0) > this.#machine.mostBytes))
      throw new MillraceError('KAFKA_RECORD_TOO_LARGE', 'the record is too large');
    for (const { topic, partition, record } of pending)
      await this.#machine.request(() => this.#machine.cluster.append(topic, partition, [record]));
  }

  sendBatch(): never {
    throw new Error('pipes append whole records');
  }

  async close(): Promise<void> {}
}
