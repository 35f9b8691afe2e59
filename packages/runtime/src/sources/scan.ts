import { asMillraceError, MillraceError } from '@millrace/core';
import type { FetchedPartition, RecordReader } from '@millrace/kafka-client';
import { batchHeader } from '@millrace/kafka-protocol';
import type { ScanNode } from '@millrace/planner';
import type { Output } from '../operators/operator.ts';
import type { OperatorState } from '../state/operator-state.ts';
import { SavedWatermarks } from '../state/saved-watermarks.ts';
import { WatermarkTracker } from '../watermark/watermark-tracker.ts';
import { Arrivals } from './arrivals.ts';
import { Drift } from './drift.ts';
import { RecordFeed } from './record-feed.ts';
import { Replay } from './replay.ts';
import type { UndecodableRecords } from './samples.ts';
import { type PartitionProgress, ScanPartition } from './scan-partition.ts';
import type { ScanRecovery } from './scan-recovery.ts';
import { sourceGone } from './source-gone.ts';
import type { Pace, SourceContext } from './source-ports.ts';
import { type PartitionStart, resumePositions, startPositions } from './start-positions.ts';
import { TopicWatch } from './topic-watch.ts';

/** So long a scan lets partitions wait that run ahead, when nothing comes of the others. */
const heldTooLongMs = 1000;

/**
 * Reads a topic: record batches become chunks, and event time and the end of the history become marks among them.
 *
 * Order: the records of a partition in the order of their offsets.
 */
export class Scan {
  readonly #node: ScanNode;
  readonly #context: SourceContext;
  readonly #out: Output;
  readonly #reader: RecordReader;
  readonly #arrivals: Arrivals;
  readonly #drift: Drift;
  readonly #feed: RecordFeed;
  readonly #tracker: WatermarkTracker | null;
  readonly #state: SavedWatermarks | null;
  readonly #recovery: ScanRecovery | null;
  readonly #partitions: ScanPartition[] = [];
  #replay: Replay | null = null;
  #watch: TopicWatch | undefined;
  #partitionCount = 0;
  #gone: MillraceError | undefined;
  #isLive = false;
  #isClosed = false;
  bytesIn = 0;

  /** @param recovery where an earlier scan has stopped; null: the plan says where to begin, and bad records are passed over. */
  constructor(node: ScanNode, context: SourceContext, out: Output, recovery: ScanRecovery | null = null) {
    this.#node = node;
    this.#recovery = recovery;
    this.#context = context;
    this.#out = out;
    this.#reader = context.kafka.openReader();
    this.#arrivals = new Arrivals(this.#reader, context.clock);
    this.#drift = new Drift(this.#reader, node.topic);
    this.#tracker = node.watermark && new WatermarkTracker(node.watermark);
    this.#state = this.#tracker && new SavedWatermarks(this.#tracker);
    this.#feed = new RecordFeed(node, context, out, this.#tracker, recovery);
  }

  /** Records taken from the log. */
  get recordsIn(): number {
    return this.#feed.recordsIn;
  }

  /** Rows handed to the operators. */
  get rowsOut(): number {
    return this.#feed.rowsOut;
  }

  get undecodable(): UndecodableRecords {
    return this.#feed.undecodable;
  }

  get stream(): string {
    return this.#node.stream;
  }

  get topic(): string {
    return this.#node.topic;
  }

  /** False while no broker answers. */
  get isAnswering(): boolean {
    return this.#watch?.isAnswering ?? true;
  }

  /** What of it must survive a restart beside the positions: the event times of the partitions. */
  get state(): OperatorState | null {
    return this.#state;
  }

  /** Grows with every step forward and every partition: shows cheaply whether the positions have changed. */
  get positionSum(): number {
    let sum = this.#partitions.length + (this.#replay?.partition.nextOffset ?? 0);
    for (const { nextOffset } of this.#partitions) sum += nextOffset;
    return sum;
  }

  get progress(): PartitionProgress[] {
    const progress = this.#partitions.map((partition) => partition.progress(this.#tracker));
    return this.#replay === null ? progress : [...progress, this.#replay.partition.progress(null)];
  }

  /** Fixes the positions. @throws {MillraceError} PLAN_STREAM_UNKNOWN if the topic does not exist, and what Kafka refuses. */
  async open(): Promise<void> {
    const { kafka, clock } = this.#context;
    const { topic, start } = this.#node;
    const metadata = await kafka.topic(topic).catch((error: unknown) => {
      throw this.#asGone(asMillraceError(error));
    });
    const partitions = metadata.partitions.map(({ partition }) => partition);
    const offsets = this.#recovery?.offsetsOf(topic);
    const starts =
      offsets === undefined || offsets.size === 0
        ? await startPositions(kafka, topic, partitions, start)
        : await this.#resume(this.#recovery!, partitions);
    for (const from of starts) {
      this.#partitions.push(new ScanPartition(topic, from));
      this.#tracker?.add(from.partition, { isEmpty: from.isEmpty, isAtEnd: from.startOffset >= from.endOffset }, clock.monotonic());
    }
    this.#partitionCount = starts.length;
    this.#replay = await Replay.open(kafka, this.#recovery, this.#feed);
    if (this.#isClosed) return;
    this.#assign();
    this.#watch = new TopicWatch(kafka, metadata, this.stream, this.#context, {
      onPartitionCount: (count) => {
        if (count <= this.#partitionCount || this.#node.bounded) return;
        this.#partitionCount = count;
        this.#arrivals.wake();
      },
      onGone: (error) => {
        this.#gone = error;
        this.#arrivals.wake();
      },
    });
  }

  async #resume(recovery: ScanRecovery, partitions: readonly number[]): Promise<readonly PartitionStart[]> {
    const starts = await resumePositions(this.#context.kafka, this.topic, partitions, recovery);
    for (const { lost } of starts)
      if (lost !== null) this.#context.logger.warn({ ...lost.details }, `${lost.message}; going on behind them`);
    return starts;
  }

  /** Reads until the input ends (bounded), what it feeds takes no more, or the signal is aborted. @throws what ends the query. */
  async run(pace: Pace): Promise<void> {
    const onAbort = () => this.#arrivals.wake();
    pace.signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#checkHistory();
      while (!pace.hasEnded && !this.#isFinished) {
        await this.#waitForRoom(pace);
        if (pace.isStopping) return;
        const fetched = await this.#arrivals.take(this.#wakeAt(pace));
        pace.signal.throwIfAborted();
        if (this.#gone !== undefined) throw this.#gone;
        if (fetched === undefined) this.#drift.release();
        else await this.#takeAll(fetched, pace);
        if (this.#partitionCount !== this.#partitions.length && !pace.hasEnded && !pace.isStopping) await this.#tryAddPartitions();
        if (!pace.hasEnded) this.#tick(pace);
      }
      if (!pace.hasEnded) this.#out.mark({ kind: 'end' });
    } catch (error) {
      throw this.#asGone(asMillraceError(error));
    } finally {
      pace.signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends a wait for records: something else is to be done. */
  wake(): void {
    this.#arrivals.wake();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch?.close();
    await this.#reader.close();
  }

  get #isFinished(): boolean {
    return this.#node.bounded && this.#partitions.every(({ isRead }) => isRead);
  }

  /** Waiting for the sink is no silence of the source: idle times stand still. */
  async #waitForRoom(pace: Pace): Promise<void> {
    const room = pace.ready();
    if (room === undefined) return;
    const { clock } = this.#context;
    const startMs = clock.monotonic();
    await room;
    pace.signal.throwIfAborted();
    this.#tracker?.extendIdleTimes(clock.monotonic() - startMs);
  }

  #wakeAt(pace: Pace): number {
    const heldUntil = this.#drift.isHolding ? this.#context.clock.monotonic() + heldTooLongMs : Number.POSITIVE_INFINITY;
    return Math.min(pace.wakeAtMs, this.#tracker?.nextIdleMs ?? Number.POSITIVE_INFINITY, heldUntil);
  }

  async #tryAddPartitions(): Promise<void> {
    try {
      await this.#addPartitions();
    } catch (error) {
      if (!asMillraceError(error).retryable) throw error;
      // The watch will tell of them again.
      this.#partitionCount = this.#partitions.length;
    }
  }

  async #addPartitions(): Promise<void> {
    const { kafka, clock } = this.#context;
    const added = Array.from({ length: this.#partitionCount - this.#partitions.length }, (_, i) => this.#partitions.length + i);
    const offsets = await kafka.listOffsets(this.topic, added, 'earliest');
    for (const [i, partition] of added.entries()) {
      const from = { partition, startOffset: offsets[i]!, endOffset: offsets[i]!, isEmpty: true };
      this.#partitions.push(new ScanPartition(this.topic, from));
      this.#tracker?.add(partition, { isEmpty: true, isAtEnd: true }, clock.monotonic());
    }
    this.#assign();
  }

  #assign(): void {
    const unread = this.#partitions.filter(({ isRead }) => !(this.#node.bounded && isRead));
    if (this.#replay !== null) unread.push(this.#replay.partition);
    this.#reader.assign(unread.map(({ topic, partition, nextOffset }) => ({ topic, partition, offset: nextOffset })));
  }

  /** Chunks point into the fetched bytes: operators are through with them, or have copied what they keep, when this is done. */
  async #takeAll(fetched: readonly FetchedPartition[], pace: Pace): Promise<void> {
    for (const partition of fetched) {
      await this.#take(partition, pace);
      this.#reader.release(partition);
    }
  }

  async #takeReplayed(replay: Replay, fetched: FetchedPartition, pace: Pace): Promise<void> {
    for (const _ of replay.take(fetched)) {
      pace.check();
      await this.#waitForRoom(pace);
      if (pace.isStopping || pace.hasEnded) return;
    }
    replay.partition.take(fetched);
  }

  async #take(fetched: FetchedPartition, pace: Pace): Promise<void> {
    if (this.#replay !== null && fetched.topic === this.#replay.partition.topic) return this.#takeReplayed(this.#replay, fetched, pace);
    const state = this.#partitions.find(({ partition }) => partition === fetched.partition);
    if (state === undefined || pace.hasEnded || pace.isStopping || (this.#node.bounded && state.isRead)) return;
    this.bytesIn += fetched.bytes.length;
    const { batches, bytes } = fetched;
    for (let i = 0; i < batches.length && !pace.hasEnded && !pace.isStopping; i += 2) {
      if (this.#feed.isFull) await this.#flush(state, pace);
      const fromOffset = Math.max(fetched.fromOffset, state.nextOffset);
      const [start, end] = [batches[i]!, batches[i + 1]!];
      if (this.#collect(state, bytes, start, end, fromOffset)) continue;
      await this.#flush(state, pace);
      this.#collect(state, bytes, start, end, fromOffset);
    }
    const isCutShort = pace.isStopping;
    await this.#flush(state, pace);
    // What was not taken of it is read again when the task goes on.
    if (isCutShort) return;
    state.take(fetched);
    this.#tracker?.setAtEnd(state.partition, state.isAtEnd);
    this.#checkHistory();
    if (this.#tracker !== null && !this.#isLive) this.#balance(this.#tracker);
  }

  /** As {@link RecordFeed.add}; a batch that is damaged inside is told with its place. */
  #collect({ partition }: ScanPartition, bytes: Buffer, start: number, end: number, fromOffset: number): boolean {
    try {
      return this.#feed.add(bytes, start, end, fromOffset);
    } catch (error) {
      const cause = asMillraceError(error);
      const offset = batchHeader.baseOffset(bytes, start);
      throw new MillraceError(cause.code, `${this.topic}, partition ${partition}, batch at offset ${offset}: ${cause.message}`, {
        cause,
        details: { ...cause.details, topic: this.topic, partition, offset },
      });
    }
  }

  /** Hands the collected records on. */
  async #flush(state: ScanPartition, pace: Pace): Promise<void> {
    const nextOffset = this.#feed.flush(state.partition, this.#node.bounded ? state.endOffset : Number.POSITIVE_INFINITY);
    if (nextOffset === undefined) return;
    state.nextOffset = nextOffset;
    pace.check();
    await this.#waitForRoom(pace);
  }

  #checkHistory(): void {
    if (this.#isLive || !this.#partitions.every(({ isRead }) => isRead)) return;
    this.#isLive = true;
    this.#drift.release();
    if (!this.#node.bounded) this.#out.mark({ kind: 'live' });
  }

  #balance(tracker: WatermarkTracker): void {
    const reading = this.#partitions.filter(({ isRead }) => !isRead);
    this.#drift.balance(new Map(reading.map(({ partition }) => [partition, tracker.maxOf(partition)])));
  }

  #tick(pace: Pace): void {
    const nowMs = this.#context.clock.monotonic();
    if (this.#tracker !== null) {
      if (!this.isAnswering) this.#tracker.restartIdleTimes(nowMs);
      for (const timeMs of this.#tracker.tick(nowMs)) this.#out.mark({ kind: 'watermark', timeMs });
    }
    if (nowMs >= pace.wakeAtMs) {
      this.#out.mark({ kind: 'tick', nowMs });
      pace.check();
    }
  }

  #asGone(error: MillraceError): MillraceError {
    // It may be another topic: what the rows are written to.
    const { topic = this.topic } = error.details;
    if (error.code !== 'KAFKA_TOPIC_UNKNOWN' || topic !== this.topic) return error;
    return sourceGone(this.stream, this.topic, error);
  }
}
