import type { Timer } from '@millrace/core';
import type { KafkaErrorName } from '@millrace/kafka-protocol';
import type { OffsetToCommit } from '../group/group-coordinator.ts';
import { KeyedLog } from '../log/keyed-log.ts';
import type { LogSettings, PartitionLogPorts } from '../log/partition-log.ts';
import type { ProducerIds } from '../producer/producer-ids.ts';
import { isStorageFailure } from '../topic/partition.ts';
import {
  completed,
  decodeTransaction,
  type EpochChange,
  encodeTransaction,
  includes,
  isCurrent,
  isExhausted,
  isOf,
  isOpen,
  isPreparing,
  isRepeated,
  newTransaction,
  type Outcome,
  type ProducerIdentity,
  prepared,
  type Transaction,
  upcoming,
  withNextProducer,
  withOffsets,
  withPartitions,
} from './transaction.ts';
import { TransactionCompletion, type TransactionTargets } from './transaction-completion.ts';

export interface TransactionCoordinatorOptions {
  readonly directory: string;
  readonly logSettings: LogSettings;
  /** Longest time that a producer may ask for. */
  readonly timeoutMaxMs: number;
  /** How long an id is remembered that is not used. */
  readonly idExpirationMs: number;
  /** Size from which the log is compacted; default 16 MiB. */
  readonly compactionBytesMin?: number;
}

/** What the coordinator works on. */
export interface TransactionParts extends TransactionTargets {
  readonly producerIds: ProducerIds;
}

/** A producer as it names itself in a request. */
export interface TransactionalProducer extends ProducerIdentity {
  readonly transactionalId: string;
}

type Key = readonly ['transaction', id: string];

const compactionBytesMin = 16 * 1024 * 1024;
const expiryCheckMs = 60 * 60_000;
/** How long to wait after the disk refused to take the end of a transaction. */
const retryMs = 500;

/**
 * All transactions of the broker.
 *
 * Promise: once {@link end} has answered NONE the outcome stands, through any end of the process: what was decided is written to a
 * log of its own before the first marker, and an unfinished end is finished at the next start, before anybody is served.
 * A transaction that is not ended in time is aborted under another epoch: its producer writes no more until it has asked for it.
 * Everything here throws {MillraceError} DISK_FULL or DISK_IO; then nothing has changed, or the change is only not yet on stable storage.
 * @see KIP-98, KIP-360, KIP-447, KIP-890
 */
export class TransactionCoordinator {
  readonly #ports: PartitionLogPorts;
  readonly #options: TransactionCoordinatorOptions;
  readonly #parts: TransactionParts;
  readonly #log: KeyedLog<Key>;
  readonly #byId = new Map<string, Transaction>();
  readonly #idByProducer = new Map<number, string>();
  readonly #open = new Set<string>();
  readonly #completions = new Map<string, TransactionCompletion>();
  /** Per id: until it times out, or until its end is tried again. */
  readonly #timers = new Map<string, Timer>();
  #expiryTimer: Timer | undefined;
  #isClosed = false;

  constructor(ports: PartitionLogPorts, options: TransactionCoordinatorOptions, parts: TransactionParts) {
    this.#ports = ports;
    this.#options = options;
    this.#parts = parts;
    this.#log = new KeyedLog<Key>(
      options.directory,
      ports,
      options.logSettings,
      () =>
        [...this.#byId.values()].map((transaction) => ({ key: ['transaction', transaction.id], value: encodeTransaction(transaction) })),
      options.compactionBytesMin ?? compactionBytesMin,
    );
  }

  /** Loads what was written down and finishes what was decided; topics and groups must be open. */
  async open(): Promise<void> {
    for (const { key, value } of this.#log.entries()) {
      if (value === null) this.#forget(key[1]);
      else this.#keep(decodeTransaction(value));
    }
    for (const id of this.#open) {
      const transaction = this.#byId.get(id)!;
      if (isPreparing(transaction)) await this.#complete(transaction, true);
      else this.#armTimeout(transaction);
    }
    this.#abortOrphans();
    this.#armExpiry();
  }

  /**
   * Gives a transactional id its next producer. Whoever had it before is fenced, and what that left open is aborted first.
   * @param named the producer that asks for its next epoch, if it says who it is (KIP-360).
   */
  async initProducer(id: string, timeoutMs: number, named: ProducerIdentity | undefined): Promise<ProducerIdentity | KafkaErrorName> {
    if (id === '') return 'INVALID_REQUEST';
    if (timeoutMs <= 0 || timeoutMs > this.#options.timeoutMaxMs) return 'INVALID_TRANSACTION_TIMEOUT';
    const known = this.#byId.get(id);
    if (known === undefined) {
      return this.#save(newTransaction(id, this.#parts.producerIds.allocate(), timeoutMs, this.#nowMs));
    }
    if (isPreparing(known)) return 'CONCURRENT_TRANSACTIONS';
    if (named !== undefined && !isCurrent(known, named)) {
      return isRepeated(known, named) && known.state !== 'Ongoing' ? known : 'PRODUCER_FENCED';
    }
    if (known.state === 'Ongoing') await this.#decide(known, 'abort', 'own');
    const current = this.#byId.get(id)!;
    if (isOpen(current)) return 'CONCURRENT_TRANSACTIONS';
    const newProducerId = isExhausted(current) ? this.#parts.producerIds.allocate() : undefined;
    return this.#save(withNextProducer(current, newProducerId, timeoutMs, named, this.#nowMs));
  }

  /** Takes partitions into the transaction, beginning it if need be. */
  async addPartitions(
    producer: TransactionalProducer,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<KafkaErrorName> {
    const transaction = this.#ready(producer);
    if (typeof transaction === 'string') return transaction;
    if (partitions.every(({ topic, partition }) => includes(transaction, topic, partition))) return 'NONE';
    await this.#save(withPartitions(transaction, partitions, this.#nowMs));
    return 'NONE';
  }

  /** Announces that offsets of a group will be committed with the transaction, beginning it if need be. */
  async addGroup(producer: TransactionalProducer, group: string): Promise<KafkaErrorName> {
    const transaction = this.#ready(producer);
    if (typeof transaction === 'string') return transaction;
    if (transaction.state === 'Ongoing' && transaction.offsets.has(group)) return 'NONE';
    await this.#save(withOffsets(transaction, group, [], this.#nowMs));
    return 'NONE';
  }

  /**
   * Why a producer may not commit offsets of a group within its transaction, or undefined.
   * @param isAdding the group need not have been announced: its offsets make it a part of the transaction.
   */
  refuseOffsets(producer: TransactionalProducer, group: string, isAdding: boolean): KafkaErrorName | undefined {
    const transaction = isAdding ? this.#ready(producer) : this.#known(producer);
    if (typeof transaction === 'string') return transaction;
    return isAdding || (transaction.state === 'Ongoing' && transaction.offsets.has(group)) ? undefined : 'INVALID_TXN_STATE';
  }

  /** Keeps offsets until the transaction ends; {@link refuseOffsets} had nothing against it. */
  async commitOffsets(transactionalId: string, group: string, offsets: readonly OffsetToCommit[]): Promise<void> {
    if (offsets.length > 0) await this.#save(withOffsets(this.#byId.get(transactionalId)!, group, offsets, this.#nowMs));
  }

  /**
   * Ends a transaction; asking again for the same is answered as the first time.
   * @param epoch with `own` nothing that is late can come into the next transaction.
   * @returns who the producer is from now on.
   */
  async end(producer: TransactionalProducer, outcome: Outcome, epoch: EpochChange): Promise<ProducerIdentity | KafkaErrorName> {
    const known = this.#byId.get(producer.transactionalId);
    if (known?.hasOwnEpoch && isRepeated(known, producer)) return this.#endAgain(known, outcome, epoch);
    const transaction = this.#known(producer);
    if (typeof transaction === 'string') return transaction;
    const isOwn = epoch === 'own';
    switch (transaction.state) {
      case 'Ongoing':
        return this.#decide(transaction, outcome, epoch);
      case 'PrepareCommit':
      case 'PrepareAbort':
        // With epochs of their own this would be the end of the next transaction.
        if (isOwn) return 'CONCURRENT_TRANSACTIONS';
        return outcomeOf(transaction) === outcome ? 'CONCURRENT_TRANSACTIONS' : 'INVALID_TXN_STATE';
      default:
        // A producer that does not know whether anything of its transaction has arrived ends it all the same.
        if (isOwn) return outcome === 'abort' ? this.#decide(transaction, 'abort', 'own') : 'INVALID_TXN_STATE';
        return transaction.state !== 'Empty' && outcomeOf(transaction) === outcome ? transaction : 'INVALID_TXN_STATE';
    }
  }

  #endAgain(transaction: Transaction, outcome: Outcome, epoch: EpochChange): ProducerIdentity | KafkaErrorName {
    if (epoch !== 'own') return 'PRODUCER_FENCED';
    if (outcomeOf(transaction) !== outcome) return 'INVALID_TXN_STATE';
    return isPreparing(transaction) ? 'CONCURRENT_TRANSACTIONS' : upcoming(transaction);
  }

  /**
   * Why a batch of a transaction may not be appended, or undefined. What is added stands in the transaction at once; before the batch is
   * acknowledged it must be flushed where {@link needsFlush} says so.
   * @param transactionalId as the request names it.
   * @param isAdding the batch makes its partition a part of the transaction, beginning it if need be; else it must be one already.
   * @throws {MillraceError} DISK_FULL, DISK_IO
   * @see KIP-890
   */
  admitBatch(
    transactionalId: string | null,
    { producerId, producerEpoch }: ProducerIdentity,
    topic: string,
    partition: number,
    isAdding: boolean,
  ): KafkaErrorName | undefined {
    if (transactionalId === null) return 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED';
    const producer = { transactionalId, producerId, producerEpoch };
    const transaction = isAdding ? this.#ready(producer) : this.#known(producer);
    if (typeof transaction === 'string') return transaction === 'PRODUCER_FENCED' ? 'INVALID_PRODUCER_EPOCH' : transaction;
    if (includes(transaction, topic, partition)) return undefined;
    if (!isAdding) return 'INVALID_TXN_STATE';
    this.#write(withPartitions(transaction, [{ topic, partition }], this.#nowMs));
    return undefined;
  }

  /** True if the flush settings ask for stable storage before what was written is acknowledged. */
  get needsFlush(): boolean {
    return this.#log.needsFlush;
  }

  /** @throws {MillraceError} DISK_IO */
  flush(): Promise<void> {
    return this.#log.flush();
  }

  /** True while a transaction that is not wholly ended is to commit this offset. */
  hasPendingOffset(group: string, topic: string, partition: number): boolean {
    for (const id of this.#open) {
      const offsets = this.#byId.get(id)!.offsets.get(group) ?? [];
      if (offsets.some((pending) => pending.topic === topic && pending.partition === partition)) return true;
    }
    return false;
  }

  get(id: string): Transaction | undefined {
    return this.#byId.get(id);
  }

  list(): Transaction[] {
    return [...this.#byId.values()];
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#log.close();
  }

  /** Lets go of everything without writing, as the end of the process would. */
  abandon(): void {
    this.#stop();
    this.#log.abandon();
  }

  #stop(): void {
    this.#isClosed = true;
    this.#expiryTimer?.cancel();
    for (const timer of this.#timers.values()) timer.cancel();
  }

  get #nowMs(): number {
    return this.#ports.clock.now();
  }

  #known(producer: TransactionalProducer): Transaction | KafkaErrorName {
    const { transactionalId } = producer;
    if (transactionalId === '') return 'INVALID_REQUEST';
    const transaction = this.#byId.get(transactionalId);
    if (transaction === undefined || upcoming(transaction).producerId !== producer.producerId) return 'INVALID_PRODUCER_ID_MAPPING';
    return isCurrent(transaction, producer) ? transaction : 'PRODUCER_FENCED';
  }

  /** The producer's transaction if something can be added to it. */
  #ready(producer: TransactionalProducer): Transaction | KafkaErrorName {
    const transaction = this.#known(producer);
    return typeof transaction !== 'string' && isPreparing(transaction) ? 'CONCURRENT_TRANSACTIONS' : transaction;
  }

  /** Writes down what an id is now, and then lets it be so. */
  async #save(transaction: Transaction): Promise<Transaction> {
    this.#write(transaction);
    if (this.#log.needsFlush) await this.#log.flush();
    return transaction;
  }

  #write(transaction: Transaction): void {
    this.#log.append([{ key: ['transaction', transaction.id], value: encodeTransaction(transaction) }]);
    const wasOngoing = this.#byId.get(transaction.id)?.state === 'Ongoing';
    this.#keep(transaction);
    if (transaction.state === 'Ongoing' && !wasOngoing) this.#armTimeout(transaction);
  }

  #keep(transaction: Transaction): void {
    const { id, producerId } = transaction;
    const before = this.#byId.get(id);
    if (before !== undefined && before.producerId !== producerId) this.#idByProducer.delete(before.producerId);
    this.#byId.set(id, transaction);
    this.#idByProducer.set(producerId, id);
    if (isOpen(transaction)) this.#open.add(id);
    else this.#open.delete(id);
  }

  #forget(id: string): void {
    const known = this.#byId.get(id);
    if (known === undefined) return;
    this.#byId.delete(id);
    this.#idByProducer.delete(known.producerId);
    this.#open.delete(id);
  }

  /** Once this returns the outcome stands, though a disk that refuses may delay that it is seen everywhere. */
  async #decide(transaction: Transaction, outcome: Outcome, epoch: EpochChange): Promise<ProducerIdentity> {
    const nextProducerId = epoch === 'own' && isExhausted(transaction) ? this.#parts.producerIds.allocate() : undefined;
    const decided = await this.#save(prepared(transaction, outcome, epoch, nextProducerId, this.#nowMs));
    this.#cancelTimer(transaction.id);
    await this.#complete(decided, false);
    return upcoming(decided);
  }

  async #complete(transaction: Transaction, isResumed: boolean): Promise<void> {
    const { id } = transaction;
    const completion = this.#completions.get(id) ?? new TransactionCompletion(transaction, this.#parts, isResumed);
    this.#completions.set(id, completion);
    try {
      await completion.run();
      await this.#save(completed(transaction, this.#nowMs));
      this.#completions.delete(id);
    } catch (failure) {
      if (!isStorageFailure(failure)) throw failure;
      if (this.#isClosed) return;
      this.#ports.logger.warn({ transactionalId: id, error: failure.message }, 'transaction decided, but not everywhere ended yet');
      this.#setTimer(id, retryMs, () => this.#complete(transaction, isResumed));
    }
  }

  #armTimeout(transaction: Transaction): void {
    const { id, timeoutMs, startedAtMs } = transaction;
    const leftMs = Math.min(timeoutMs, Math.max(0, startedAtMs + timeoutMs - this.#nowMs));
    this.#setTimer(id, leftMs, () => this.#timeOut(id));
  }

  async #timeOut(id: string): Promise<void> {
    const transaction = this.#byId.get(id);
    if (transaction?.state !== 'Ongoing') return;
    this.#ports.logger.info({ transactionalId: id, timeoutMs: transaction.timeoutMs }, 'transaction timed out and is aborted');
    try {
      await this.#decide(transaction, 'abort', 'own');
    } catch (failure) {
      if (!isStorageFailure(failure)) throw failure;
      this.#setTimer(id, retryMs, () => this.#timeOut(id));
    }
  }

  #setTimer(id: string, delayMs: number, action: () => Promise<void>): void {
    this.#cancelTimer(id);
    if (this.#isClosed) return;
    const onDue = () => {
      action().catch((failure) => this.#ports.logger.error({ transactionalId: id, error: String(failure) }, 'transaction not ended'));
    };
    this.#timers.set(id, this.#ports.clock.setTimer(delayMs, onDue, { unref: true }));
  }

  #cancelTimer(id: string): void {
    this.#timers.get(id)?.cancel();
    this.#timers.delete(id);
  }

  /** After a loss of power a partition may have records of a transaction that is not known here any more: nobody else would end it. */
  #abortOrphans(): void {
    for (const topic of this.#parts.topics.list()) {
      for (const partition of topic.partitions) {
        for (const open of partition.openTransactions()) {
          const { producerId, producerEpoch } = open;
          const transaction = this.#byId.get(this.#idByProducer.get(producerId) ?? '');
          const isKnown = transaction !== undefined && isOpen(transaction) && isOf(transaction, open);
          if (isKnown && transaction.partitions.get(topic.name)?.includes(partition.index)) continue;
          this.#ports.logger.warn({ topic: topic.name, partition: partition.index, producerId }, 'aborted a transaction that nobody knows');
          partition.appendMarker(producerId, producerEpoch, 'abort');
        }
      }
    }
  }

  #armExpiry(): void {
    this.#expiryTimer = this.#ports.clock.setTimer(
      expiryCheckMs,
      () => {
        try {
          this.#expire();
        } catch (failure) {
          this.#ports.logger.warn({ error: String(failure) }, 'expired transactional ids not removed');
        }
        this.#armExpiry();
      },
      { unref: true },
    );
  }

  #expire(): void {
    const oldestMs = this.#nowMs - this.#options.idExpirationMs;
    const expired = this.list().filter((transaction) => !isOpen(transaction) && transaction.changedAtMs < oldestMs);
    if (expired.length === 0) return;
    this.#log.append(expired.map(({ id }) => ({ key: ['transaction', id], value: null })));
    for (const { id } of expired) this.#forget(id);
  }
}

function outcomeOf({ state }: Transaction): Outcome {
  return state === 'PrepareCommit' || state === 'CompleteCommit' ? 'commit' : 'abort';
}
