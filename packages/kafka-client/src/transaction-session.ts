import { apis } from '@millrace/kafka-protocol';
import type { Connection } from './connection.ts';
import { Coordinator } from './group-offsets.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { GroupIdentity, PartitionOffset, TopicPartition } from './ports.ts';
import type { ProducerIdentity } from './producer-queue.ts';
import { checkCode } from './refused.ts';
import { byTopic } from './topic-partitions.ts';
import type { VersionLimits } from './version-limits.ts';

/** The finalized level of this feature says which protocol of transactions the cluster speaks. */
const feature = 'transaction.version';
/** From this level on each transaction has an epoch of its own, and what is sent adds itself to it (KIP-890). */
const ownEpochLevel = 2;

interface Limits {
  readonly produce: VersionLimits;
  readonly txnOffsetCommit: VersionLimits;
  readonly endTxn: VersionLimits;
}

/** With the newer versions a broker would add partitions by itself and raise epochs: they belong to the newer protocol only. */
const olderLimits: Limits = { produce: { min: 3, max: 11 }, txnOffsetCommit: { min: 3, max: 4 }, endTxn: { max: 4 } };
const newerLimits: Limits = { produce: { min: 12 }, txnOffsetCommit: { min: 5 }, endTxn: { min: 5 } };

export interface TransactionSessionOptions {
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
  /** How long each call tries. */
  readonly timeoutMs: number;
}

/**
 * The requests of transactions, each one call that tries again until its time-out.
 * Errors of all: KAFKA_FENCED if another producer has the transactional id or the transaction timed out,
 * KAFKA_REQUEST_REFUSED, KAFKA_TIMED_OUT, KAFKA_BROKER_UNAVAILABLE, NOT_SUPPORTED.
 */
export class TransactionSession {
  readonly #client: KafkaClient;
  readonly #options: TransactionSessionOptions;
  readonly #coordinator: Coordinator;
  readonly #groups = new Map<string, Coordinator>();
  #hasOwnEpochs = false;

  constructor(client: KafkaClient, options: TransactionSessionOptions) {
    this.#client = client;
    this.#options = options;
    this.#coordinator = new Coordinator(client, options.transactionalId, { kind: 'transaction' });
  }

  /** True if every transaction ends with a new identity, and nothing needs to be added to it beforehand. */
  get hasOwnEpochs(): boolean {
    return this.#hasOwnEpochs;
  }

  get produceVersions(): VersionLimits {
    return this.#limits.produce;
  }

  get #limits(): Limits {
    return this.#hasOwnEpochs ? newerLimits : olderLimits;
  }

  /**
   * Takes the transactional id over, which fences whoever had it and aborts what it left open; or, given the current
   * identity, goes on under a new epoch if nobody else has taken over (KIP-360).
   */
  identify(current?: ProducerIdentity): Promise<ProducerIdentity> {
    const { transactionalId, transactionTimeoutMs } = this.#options;
    return this.#call(async (connection) => {
      const body = {
        transactionalId,
        transactionTimeoutMs,
        producerId: current?.producerId ?? -1,
        producerEpoch: current?.epoch ?? -1,
      };
      const response = await connection.request(apis.initProducerId, body, undefined, { min: 3 });
      checkCode(response.errorCode, this.#what('InitProducerId'), { transactionalId });
      this.#hasOwnEpochs = connection.featureLevel(feature) >= ownEpochLevel;
      return identityOf(response);
    });
  }

  async addPartitions(identity: ProducerIdentity, partitions: readonly TopicPartition[]): Promise<void> {
    const topics = byTopic(partitions).map(([name, of]) => ({ name, partitions: of.map(({ partition }) => partition) }));
    await this.#call(async (connection) => {
      const response = await connection.request(apis.addPartitionsToTxn, { ...this.#identified(identity), topics });
      for (const { name, resultsByPartition } of response.resultsByTopic) {
        for (const { partitionIndex: partition, partitionErrorCode } of resultsByPartition) {
          checkCode(partitionErrorCode, this.#what(`AddPartitionsToTxn of ${name}[${partition}]`), { topic: name, partition });
        }
      }
    });
  }

  async addGroup(identity: ProducerIdentity, groupId: string): Promise<void> {
    await this.#call(async (connection) => {
      const response = await connection.request(apis.addOffsetsToTxn, { ...this.#identified(identity), groupId });
      checkCode(response.errorCode, this.#what(`AddOffsetsToTxn of group "${groupId}"`), { groupId });
    });
  }

  /** Also KAFKA_FENCED if the member is not of the group's current generation (details: kafkaError). */
  async commitOffsets(
    identity: ProducerIdentity,
    groupId: string,
    offsets: readonly PartitionOffset[],
    member: GroupIdentity,
  ): Promise<void> {
    const body = {
      ...this.#identified(identity),
      groupId,
      generationId: member.generation,
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId ?? null,
      topics: byTopic(offsets).map(([name, of]) => ({
        name,
        partitions: of.map(({ partition, offset, metadata = '' }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedMetadata: metadata,
        })),
      })),
    };
    await this.#groupCoordinator(groupId).call(async (connection) => {
      const response = await connection.request(apis.txnOffsetCommit, body, undefined, this.#limits.txnOffsetCommit);
      for (const { name, partitions } of response.topics) {
        for (const { partitionIndex: partition, errorCode } of partitions) {
          const what = this.#what(`TxnOffsetCommit of group "${groupId}" for ${name}[${partition}]`);
          checkCode(errorCode, what, { groupId, topic: name, partition });
        }
      }
    }, this.#options.timeoutMs);
  }

  /** @returns the identity of the next transaction. */
  end(identity: ProducerIdentity, committed: boolean): Promise<ProducerIdentity> {
    return this.#call(async (connection) => {
      const body = { ...this.#identified(identity), committed };
      const response = await connection.request(apis.endTxn, body, undefined, this.#limits.endTxn);
      checkCode(response.errorCode, this.#what(committed ? 'EndTxn (commit)' : 'EndTxn (abort)'));
      return this.#hasOwnEpochs ? identityOf(response) : identity;
    });
  }

  #call<T>(action: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#coordinator.call(action, this.#options.timeoutMs);
  }

  #groupCoordinator(groupId: string): Coordinator {
    let coordinator = this.#groups.get(groupId);
    if (coordinator === undefined) this.#groups.set(groupId, (coordinator = new Coordinator(this.#client, groupId)));
    return coordinator;
  }

  #identified({ producerId, epoch }: ProducerIdentity) {
    return { transactionalId: this.#options.transactionalId, producerId, producerEpoch: epoch };
  }

  #what(request: string): string {
    return `${request} by "${this.#options.transactionalId}"`;
  }
}

function identityOf({ producerId, producerEpoch }: { readonly producerId: number; readonly producerEpoch: number }): ProducerIdentity {
  return { producerId, epoch: producerEpoch, transactional: true };
}
