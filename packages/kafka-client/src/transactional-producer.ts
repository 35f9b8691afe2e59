import { asMillraceError, MillraceError } from '@millrace/core';
import type { RecordHeader } from '@millrace/kafka-protocol';
import { isRetryable } from './back-off.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { GroupIdentity, PartitionOffset, TopicPartition, TransactionalProducer, TransactionalProducerOptions } from './ports.ts';
import type { ProducerIdentity } from './producer-queue.ts';
import { RecordSender } from './record-sender.ts';
import { kafkaErrorOf } from './refused.ts';
import { TransactionSession } from './transaction-session.ts';

/** Nobody of the group: legal while it has no members. */
const nobody: GroupIdentity = { memberId: '', generation: -1 };
/** The producer itself is fenced, not the group's member. */
const fencings: ReadonlySet<string | undefined> = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING']);

/**
 * Takes a transactional id over: fences the producer that had it, and waits until what that one left open is aborted.
 * @throws {MillraceError} KAFKA_REQUEST_REFUSED (e.g. a time-out larger than the broker allows), KAFKA_TIMED_OUT,
 *   KAFKA_BROKER_UNAVAILABLE, NOT_SUPPORTED (brokers before 2.5).
 */
export async function openTransactionalProducer(
  client: KafkaClient,
  options: TransactionalProducerOptions,
): Promise<TransactionalProducer> {
  const { transactionalId, transactionTimeoutMs = 60_000, operationTimeoutMs = 60_000 } = options;
  const session = new TransactionSession(client, { transactionalId, transactionTimeoutMs, timeoutMs: operationTimeoutMs });
  const identity = await session.identify();
  return new KafkaTransactionalProducer(client, session, identity, { deliveryTimeoutMs: transactionTimeoutMs, ...options });
}

/**
 * `idle`: between transactions. `open`: in one. `ending`: its end is under way. `unsettled`: whether it has ended is not known.
 * `dead`: fenced, or in a state that only a new producer can leave.
 */
type State = 'idle' | 'open' | 'ending' | 'unsettled' | 'dead' | 'closed';

class KafkaTransactionalProducer implements TransactionalProducer {
  readonly transactionalId: string;
  readonly #session: TransactionSession;
  readonly #sender: RecordSender;
  readonly #offsetsUnderWay = new Set<Promise<void>>();
  readonly #groups = new Set<string>();
  #identity: ProducerIdentity;
  #state: State = 'idle';
  /** What led to `dead`, or to `unsettled`. */
  #cause: MillraceError | undefined;
  #isCommitting = false;
  /** True once the brokers may know of the transaction. */
  #isStarted = false;

  constructor(client: KafkaClient, session: TransactionSession, identity: ProducerIdentity, options: TransactionalProducerOptions) {
    const { transactionalId } = options;
    this.transactionalId = transactionalId;
    this.#session = session;
    this.#identity = identity;
    const enroll = (partitions: readonly TopicPartition[]) => this.#enroll(partitions);
    const transaction = {
      transactionalId,
      enroll,
      get produceVersions() {
        return session.produceVersions;
      },
    };
    this.#sender = new RecordSender(client, { identify: () => Promise.resolve(this.#identity), transaction }, options);
    this.#sender.restart(identity);
  }

  get inTransaction(): boolean {
    return this.#state === 'open' || this.#state === 'ending' || this.#state === 'unsettled';
  }

  begin(): void {
    if (this.#state !== 'idle') throw this.#illegal('begin');
    this.#state = 'open';
  }

  append(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: readonly RecordHeader[],
  ): void | Promise<void> {
    if (this.#state !== 'open') throw this.#illegal('append');
    return this.#sender.append(topic, partition, timestampMs, key, value, headers);
  }

  appendSpans(
    topic: string,
    partition: number,
    timestampMs: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers?: readonly RecordHeader[],
  ): void | Promise<void> {
    if (this.#state !== 'open') throw this.#illegal('append');
    return this.#sender.appendSpans(topic, partition, timestampMs, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers);
  }

  async sendOffsets(groupId: string, offsets: readonly PartitionOffset[], member: GroupIdentity = nobody): Promise<void> {
    if (this.#state !== 'open') throw this.#illegal('sendOffsets');
    if (this.#sender.failure !== undefined) throw this.#sender.failure;
    if (offsets.length === 0) return;
    const sending = this.#sendOffsets(groupId, offsets, member).catch((error: unknown) => {
      this.#sender.fail(asMillraceError(error));
      throw error;
    });
    this.#offsetsUnderWay.add(sending);
    try {
      await sending;
    } finally {
      this.#offsetsUnderWay.delete(sending);
    }
  }

  async commit(): Promise<void> {
    if (this.#state !== 'open' && !(this.#state === 'unsettled' && this.#isCommitting)) throw this.#illegal('commit');
    if (this.#state === 'open') {
      this.#state = 'ending';
      try {
        await Promise.all([this.#sender.flush(), ...this.#offsetsUnderWay]);
      } catch (error) {
        this.#state = 'open';
        this.#buryIfFenced(error);
        throw error;
      }
    }
    await this.#end(true);
  }

  async abort(): Promise<void> {
    if (this.#state === 'idle') return;
    if (this.#state !== 'open' && !(this.#state === 'unsettled' && !this.#isCommitting)) throw this.#illegal('abort');
    this.#state = 'ending';
    await this.#discard();
    await Promise.allSettled(this.#offsetsUnderWay);
    await this.#end(false);
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') await this.abort().catch(() => {});
    this.#state = 'closed';
    await this.#discard();
  }

  /** Lets go of what has not been sent, and waits for the answers to the rest. */
  #discard(): Promise<void> {
    return this.#sender.discard(new MillraceError('KAFKA_REQUEST_REFUSED', 'the transaction is aborted', { retryable: false }));
  }

  async #enroll(partitions: readonly TopicPartition[]): Promise<void> {
    this.#isStarted = true;
    if (!this.#session.hasOwnEpochs) await this.#session.addPartitions(this.#identity, partitions);
  }

  async #sendOffsets(groupId: string, offsets: readonly PartitionOffset[], member: GroupIdentity): Promise<void> {
    // Copied at once: the member may be in another generation when its turn comes.
    const { memberId, generation, groupInstanceId = null } = member;
    this.#isStarted = true;
    if (!this.#session.hasOwnEpochs && !this.#groups.has(groupId)) {
      await this.#session.addGroup(this.#identity, groupId);
      this.#groups.add(groupId);
    }
    await this.#session.commitOffsets(this.#identity, groupId, offsets, { memberId, generation, groupInstanceId });
  }

  async #end(committed: boolean): Promise<void> {
    this.#state = 'ending';
    this.#isCommitting = committed;
    try {
      if (this.#isStarted) this.#identity = committed ? await this.#session.end(this.#identity, true) : await this.#abort();
    } catch (error) {
      throw this.#endFailed(asMillraceError(error));
    }
    this.#isStarted = false;
    this.#groups.clear();
    this.#sender.restart(this.#identity);
    this.#state = 'idle';
  }

  async #abort(): Promise<ProducerIdentity> {
    let identity = this.#identity;
    let isKnown = true;
    try {
      identity = await this.#session.end(identity, false);
    } catch (error) {
      // Nothing had come to the coordinator, so that there is nothing to abort.
      if (kafkaErrorOf(error) !== 'INVALID_TXN_STATE') throw error;
      isKnown = false;
    }
    const goesOn = isKnown && (this.#session.hasOwnEpochs || !this.#sender.hasGaps);
    return goesOn ? identity : this.#session.identify(identity);
  }

  /** @returns what the caller is to see. */
  #endFailed(error: MillraceError): MillraceError {
    const kafkaError = kafkaErrorOf(error);
    if (kafkaError === 'TRANSACTION_ABORTABLE' && this.#isCommitting) {
      this.#sender.fail(error);
      this.#state = 'open';
      return error;
    }
    this.#cause = kafkaError === 'INVALID_TXN_STATE' && this.#isCommitting ? this.#endedByBroker(error) : error;
    this.#state = isRetryable(error) ? 'unsettled' : 'dead';
    return this.#cause;
  }

  /** Brokers that raise the epoch with each transaction say it like this when they have aborted one for its time-out. */
  #endedByBroker(cause: MillraceError): MillraceError {
    return new MillraceError('KAFKA_FENCED', `the transaction of "${this.transactionalId}" is not open any more: the broker has ended it`, {
      cause,
      details: cause.details,
      hint: 'a transaction that is open for longer than its time-out is aborted',
      retryable: false,
    });
  }

  #buryIfFenced(error: unknown): void {
    if (!fencings.has(kafkaErrorOf(error))) return;
    this.#state = 'dead';
    this.#cause = asMillraceError(error);
  }

  #illegal(call: string): MillraceError {
    if (this.#cause !== undefined && (this.#state === 'dead' || this.#state === 'unsettled')) return this.#cause;
    const states = {
      idle: 'no transaction is open',
      open: 'a transaction is open',
      ending: 'a transaction is ending',
      closed: 'the producer is closed',
    };
    const state = states[this.#state as keyof typeof states];
    return new MillraceError('INTERNAL_INVARIANT', `${call} is not legal now: ${state} (transactional id "${this.transactionalId}")`);
  }
}
