import { type Clock, MillraceError } from '@millrace/core';
import { batchHeader, encodeBatch, iterateBatches, type KafkaErrorName, stampLogAppendTime } from '@millrace/kafka-protocol';
import { type BatchHeader, readBatchHeader } from '../log/batch-header.ts';
import { compactLog } from '../log/compact-log.ts';
import { CompactionHistory } from '../log/compaction-history.ts';
import { type EpochEnd, LeaderEpochs } from '../log/leader-epochs.ts';
import { PartitionLog, type PartitionLogPorts } from '../log/partition-log.ts';
import type { Allocate } from '../log/segment.ts';
import type { AbortedTransaction } from '../producer/aborted-transactions.ts';
import { type ActiveProducer, type OpenTransaction, ProducerStates } from '../producer/producer-states.ts';
import { checkProduced, isRefusal, type Refusal } from './check-produced.ts';
import { recompressBatch } from './recompress-batch.ts';
import type { EffectiveTopicConfig } from './topic-config.ts';

/** Where a produced batch came to stand. A repeated batch of an idempotent producer gets the place of the first. */
export interface Appended {
  readonly baseOffset: number;
  /** Time in ms given by the broker, −1 where the producer's own counts. */
  readonly logAppendTimeMs: number;
}

/** Told about each append, with its size, and with 0 when the start of the log or the leader moved or the partition is gone. */
export type AppendListener = (bytes: number) => void;

/** Tells why a batch does not belong to an open transaction, or undefined if it does. */
export type RefuseTransactional = (batch: BatchHeader) => KafkaErrorName | undefined;

/** What a reader of committed records gets. */
export interface CommittedRead {
  readonly records: Buffer;
  /** Whose records among them do not count, in order of their first offsets. */
  readonly aborted: readonly AbortedTransaction[];
}

const noBytes = Buffer.alloc(0);
/** Kafka's types of markers; keys and values begin with a version, which is 0. */
const markerTypes = { abort: 0, commit: 1 } as const;
/** One node: no coordinator was ever another. */
const coordinatorEpoch = 0;

/** One partition: its log, what it knows of its producers, and who waits for more. */
export class Partition {
  readonly topic: string;
  readonly index: number;
  readonly #clock: Clock;
  readonly #config: () => EffectiveTopicConfig;
  readonly #producers: ProducerStates;
  readonly #log: PartitionLog;
  readonly #compactions: CompactionHistory;
  readonly #leaders: LeaderEpochs;
  readonly #listeners = new Set<AppendListener>();
  readonly #lacksReplicas: (partition: Partition) => boolean;
  #isGone = false;

  constructor(
    place: { readonly topic: string; readonly index: number; readonly directory: string },
    ports: PartitionLogPorts,
    config: () => EffectiveTopicConfig,
    producerExpirationMs: number,
    lacksReplicas: (partition: Partition) => boolean,
  ) {
    this.topic = place.topic;
    this.index = place.index;
    this.#clock = ports.clock;
    this.#config = config;
    this.#producers = new ProducerStates(ports.clock, producerExpirationMs);
    const settings = {
      get segmentBytes() {
        return config().segmentBytes;
      },
      get segmentMs() {
        return config().segmentMs;
      },
      get flushMessages() {
        return config().flushMessages;
      },
      get flushMs() {
        return config().flushMs;
      },
    };
    this.#log = PartitionLog.open(place.directory, ports, settings, this.#producers);
    this.#compactions = new CompactionHistory(ports.disk, place.directory);
    this.#leaders = new LeaderEpochs(ports.disk, place.directory, this.#log.endOffset);
    this.#lacksReplicas = lacksReplicas;
  }

  /** The node that was made the leader, −1 for none; undefined if nobody ever was. */
  get leaderId(): number | undefined {
    return this.#leaders.leader;
  }

  get leaderEpoch(): number {
    return this.#leaders.current;
  }

  /**
   * Begins an epoch with another leader; whoever waits at the old one is told.
   * @param nodeId −1 for none.
   * @throws {MillraceError} DISK_FULL, DISK_IO; then nothing has changed.
   */
  lead(nodeId: number): void {
    this.#leaders.begin(nodeId, this.#log.endOffset);
    this.#tell(0);
  }

  /** Where the records of an epoch end, or of the last one before it that is known. */
  endOfEpoch(epoch: number): EpochEnd {
    return this.#leaders.endOf(epoch, this.#log.endOffset);
  }

  /** The leader epoch in which an offset was written. */
  epochAt(offset: number): number {
    return this.#leaders.at(offset);
  }

  get startOffset(): number {
    return this.#log.startOffset;
  }

  /** One node: what is appended is replicated everywhere. */
  get highWatermark(): number {
    return this.#log.endOffset;
  }

  /** Up to here no transaction is open. */
  get lastStableOffset(): number {
    const open = this.#producers.firstOpenOffset;
    return open === undefined ? this.highWatermark : Math.max(open, this.startOffset);
  }

  get sizeBytes(): number {
    return this.#log.sizeBytes;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /**
   * Appends one batch that a client produced, compressed as the topic wants it; its bytes are changed in place. Nothing is written if it is refused.
   * @param refuseTransactional is asked about a batch of a transaction that is not a repeated one.
   * @throws {MillraceError} DISK_FULL, DISK_IO; then nothing was appended.
   */
  append(records: Buffer | null, acks: number, refuseTransactional: RefuseTransactional): Appended | Refusal {
    const config = this.#config();
    if (acks === -1 && this.#lacksReplicas(this)) {
      return { error: 'NOT_ENOUGH_REPLICAS', message: `min.insync.replicas is ${config.minInsyncReplicas}; fewer are in sync` };
    }
    const header = checkProduced(records, config, this.#clock.now());
    if (isRefusal(header)) return header;
    const verdict = header.producerId < 0 ? { kind: 'append' as const } : this.#producers.judge(header);
    if (verdict.kind === 'refuse') {
      return {
        error: verdict.error,
        message: `producer ${header.producerId} epoch ${header.producerEpoch} sequence ${header.baseSequence}`,
      };
    }
    if (verdict.kind === 'duplicate') return { baseOffset: verdict.baseOffset, logAppendTimeMs: -1 };
    const stored = recompressed(records!, config);
    if (isRefusal(stored)) return stored;
    const error = header.isTransactional ? refuseTransactional(header) : undefined;
    if (error !== undefined) return { error, message: `producer ${header.producerId} epoch ${header.producerEpoch} in a transaction` };
    const sized = { ...header, sizeBytes: stored.length };
    const stamped = config.usesLogAppendTime ? this.#stamp(stored, sized) : sized;
    const [placed] = this.#log.append(stored, [stamped], this.leaderEpoch);
    this.#tell(placed!.sizeBytes);
    return { baseOffset: placed!.baseOffset, logAppendTimeMs: config.usesLogAppendTime ? placed!.maxTimestamp : -1 };
  }

  /** Ends the transaction of a producer here, or only fences older epochs where none is open. @throws {MillraceError} DISK_FULL, DISK_IO */
  appendMarker(producerId: number, producerEpoch: number, outcome: 'commit' | 'abort'): void {
    const key = Buffer.alloc(4);
    key.writeInt16BE(markerTypes[outcome], 2);
    const value = Buffer.alloc(6);
    value.writeInt32BE(coordinatorEpoch, 2);
    const traits = { producerId, producerEpoch, transactional: true, control: true };
    const batch = encodeBatch([{ timestampMs: this.#clock.now(), key, value }], traits);
    this.#log.append(batch, [readBatchHeader(batch, 0)], this.leaderEpoch);
    this.#tell(batch.length);
  }

  /** The transactions that are open here. */
  openTransactions(): OpenTransaction[] {
    return this.#producers.openTransactions();
  }

  /** What is known of the producers that write here. */
  producers(): ActiveProducer[] {
    return this.#producers.list();
  }

  #tell(bytes: number): void {
    for (const listener of this.#listeners) listener(bytes);
  }

  #stamp(records: Buffer, header: BatchHeader): BatchHeader {
    const nowMs = this.#clock.now();
    stampLogAppendTime(records, 0, nowMs);
    return { ...header, maxTimestamp: nowMs };
  }

  /** True if the flush settings ask for stable storage before what was appended is acknowledged. */
  get needsFlush(): boolean {
    return this.#log.needsFlush;
  }

  /** @throws {MillraceError} DISK_IO */
  flush(): Promise<void> {
    return this.#log.flush();
  }

  /** @see PartitionLog.read */
  read(offset: number, maxBytes: number, atLeastOne: boolean, allocate?: Allocate): Buffer {
    return this.#log.read(offset, maxBytes, atLeastOne, allocate);
  }

  /** As {@link read}, but only up to where the first open transaction begins, with the aborted transactions among it. */
  readCommitted(offset: number, maxBytes: number, atLeastOne: boolean, allocate?: Allocate): CommittedRead {
    const end = this.lastStableOffset;
    if (offset >= end) return { records: noBytes, aborted: [] };
    const bytes = this.#log.read(offset, maxBytes, atLeastOne, allocate);
    let size = 0;
    let nextOffset = offset;
    for (const at of iterateBatches(bytes)) {
      if (batchHeader.baseOffset(bytes, at) >= end) break;
      size = at + batchHeader.sizeBytes(bytes, at);
      nextOffset = batchHeader.lastOffset(bytes, at) + 1;
    }
    return { records: bytes.subarray(0, size), aborted: this.#producers.abortedBetween(offset, nextOffset) };
  }

  sizeFrom(offset: number): number {
    return this.#log.sizeFrom(offset);
  }

  /** About how many bytes there are for a reader of committed records; never 0 if there is something. */
  committedSizeFrom(offset: number): number {
    const end = this.lastStableOffset;
    if (offset >= end) return 0;
    return Math.max(1, this.#log.sizeFrom(offset) - this.#log.sizeFrom(end));
  }

  batchAtTimestamp(timestamp: number, fromOffset: number): Buffer | undefined {
    return this.#log.batchAtTimestamp(timestamp, fromOffset);
  }

  batchOfMaxTimestamp(): Buffer | undefined {
    return this.#log.batchOfMaxTimestamp();
  }

  /**
   * Forgets everything before an offset.
   * @throws {MillraceError} DISK_FULL, DISK_IO
   */
  deleteBefore(offset: number): void {
    this.#log.deleteBefore(offset);
    this.#tell(0);
  }

  /** Deletes the segments that the configuration does not keep. @throws {MillraceError} DISK_FULL, DISK_IO */
  applyRetention(): void {
    const { isDeleted, retention } = this.#config();
    if (!isDeleted) return;
    const before = this.startOffset;
    this.#log.applyRetention(retention);
    if (this.startOffset > before) this.#tell(0);
  }

  /**
   * Compacts the log if its topic wants it and a pass is due; must not be called again before it has ended.
   * @returns true if a pass was made.
   * @throws {MillraceError} DISK_FULL, DISK_IO, BROKER_LOG_CORRUPT, KAFKA_PROTOCOL_INVALID
   */
  async compact(): Promise<boolean> {
    const { isCompacted, compaction } = this.#config();
    if (!isCompacted) return false;
    const view = {
      stableOffset: this.lastStableOffset,
      isAborted: (batch: BatchHeader) => this.#producers.isAborted(batch),
      isLastOfProducer: (batch: BatchHeader) => this.#producers.isLastOfProducer(batch),
    };
    return compactLog(this.#log, this.#compactions, compaction, view, this.#clock.now());
  }

  /** Calls the listener at each append until the returned function is called. */
  onAppend(listener: AppendListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  /** The topic is deleted: whoever waits is told, and the files are let go. */
  abandon(): void {
    this.#isGone = true;
    for (const listener of [...this.#listeners]) listener(0);
    this.#log.abandon();
  }
}

/** The batch as the topic wants it compressed. */
function recompressed(batch: Buffer, { compression, maxMessageBytes }: EffectiveTopicConfig): Buffer | Refusal {
  if (compression === undefined) return batch;
  try {
    const stored = recompressBatch(batch, compression);
    if (stored.length <= maxMessageBytes) return stored;
    const message = `compressed as ${compression.codec} the batch has ${stored.length} bytes, max.message.bytes is ${maxMessageBytes}`;
    return { error: 'MESSAGE_TOO_LARGE', message };
  } catch (failure) {
    return { error: 'INVALID_RECORD', message: (failure as Error).message };
  }
}

/** True for failures of the disk, which are answered and never end the process. */
export function isStorageFailure(failure: unknown): failure is MillraceError {
  return failure instanceof MillraceError && ['DISK_FULL', 'DISK_IO', 'BROKER_LOG_CORRUPT'].includes(failure.code);
}
