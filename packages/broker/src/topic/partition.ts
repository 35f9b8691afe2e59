import { type Clock, MillraceError } from '@millrace/core';
import { stampLogAppendTime } from '@millrace/kafka-protocol';
import type { BatchHeader } from '../log/batch-header.ts';
import { PartitionLog, type PartitionLogPorts } from '../log/partition-log.ts';
import type { Allocate } from '../log/segment.ts';
import { ProducerStates } from '../producer/producer-states.ts';
import { checkProduced, isRefusal, type Refusal } from './check-produced.ts';
import type { EffectiveTopicConfig } from './topic-config.ts';

/** Where a produced batch came to stand. A repeated batch of an idempotent producer gets the place of the first. */
export interface Appended {
  readonly baseOffset: number;
  /** Time in ms given by the broker, −1 where the producer's own counts. */
  readonly logAppendTimeMs: number;
}

/** Told about each append, with its size, and with 0 when the start of the log moved or the partition is gone. */
export type AppendListener = (bytes: number) => void;

/** One partition: its log, what it knows of its producers, and who waits for more. */
export class Partition {
  readonly topic: string;
  readonly index: number;
  readonly #clock: Clock;
  readonly #config: () => EffectiveTopicConfig;
  readonly #producers: ProducerStates;
  readonly #log: PartitionLog;
  readonly #listeners = new Set<AppendListener>();
  #isGone = false;

  constructor(
    place: { readonly topic: string; readonly index: number; readonly directory: string },
    ports: PartitionLogPorts,
    config: () => EffectiveTopicConfig,
    producerExpirationMs: number,
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
    return this.highWatermark;
  }

  get sizeBytes(): number {
    return this.#log.sizeBytes;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /**
   * Appends one batch that a client produced; its bytes are changed in place. Nothing is written if it is refused.
   * @throws {MillraceError} DISK_FULL, DISK_IO; then nothing was appended.
   */
  append(records: Buffer | null, acks: number): Appended | Refusal {
    const config = this.#config();
    if (acks === -1 && config.minInsyncReplicas > 1) {
      return { error: 'NOT_ENOUGH_REPLICAS', message: `min.insync.replicas is ${config.minInsyncReplicas}, there is one replica` };
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
    const stamped = config.usesLogAppendTime ? this.#stamp(records!, header) : header;
    const [placed] = this.#log.append(records!, [stamped]);
    for (const listener of this.#listeners) listener(placed!.sizeBytes);
    return { baseOffset: placed!.baseOffset, logAppendTimeMs: config.usesLogAppendTime ? placed!.maxTimestamp : -1 };
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

  sizeFrom(offset: number): number {
    return this.#log.sizeFrom(offset);
  }

  batchAtTimestamp(timestamp: number): Buffer | undefined {
    return this.#log.batchAtTimestamp(timestamp);
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
    for (const listener of this.#listeners) listener(0);
  }

  /** Deletes the segments that the configuration does not keep. @throws {MillraceError} DISK_FULL, DISK_IO */
  applyRetention(): void {
    const { isDeleted, retention } = this.#config();
    if (!isDeleted) return;
    const before = this.startOffset;
    this.#log.applyRetention(retention);
    if (this.startOffset > before) for (const listener of this.#listeners) listener(0);
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

/** True for failures of the disk, which are answered and never end the process. */
export function isStorageFailure(failure: unknown): failure is MillraceError {
  return failure instanceof MillraceError && ['DISK_FULL', 'DISK_IO', 'BROKER_LOG_CORRUPT'].includes(failure.code);
}
