import { asMillraceError, MillraceError } from '@millrace/core';
import type { FetchedPartition, RecordReader, TopicPartition } from '@millrace/kafka-client';
import { batchHeader } from '@millrace/kafka-protocol';
import type { ScanNode } from '@millrace/planner';
import type { SourceMark } from '../exchange/exchange-format.ts';
import type { Mark } from '../operators/operator.ts';
import { Arrivals } from './arrivals.ts';
import { Drift } from './drift.ts';
import { Replay } from './replay.ts';
import { UndecodableRecords } from './samples.ts';
import { type LaneOutput, ScanLane } from './scan-lane.ts';
import { type PartitionProgress, ScanPartition } from './scan-partition.ts';
import type { ScanRecovery } from './scan-recovery.ts';
import { sourceGone, sourceMadeAnew } from './source-gone.ts';
import type { Pace, SourceContext } from './source-ports.ts';
import { type PartitionStart, resumePositions, startPositions } from './start-positions.ts';
import { TopicWatch } from './topic-watch.ts';

/** So long a scan lets partitions wait that run ahead, when nothing comes of the others. */
const heldTooLongMs = 1000;

/**
 * Reads a topic, or some of its partitions: record batches become chunks, and event time and the end of the history become marks among
 * them. All go one way, or each partition a way of its own.
 *
 * Order: the records of a partition in the order of their offsets.
 */
export class Scan {
  readonly #node: ScanNode;
  readonly #context: SourceContext;
  readonly #reader: RecordReader;
  readonly #arrivals: Arrivals;
  readonly #drift: Drift;
  readonly lanes: readonly ScanLane[];
  readonly #recovery: ScanRecovery | null;
  readonly #partitions: ScanPartition[] = [];
  #replay: Replay | null = null;
  #watch: TopicWatch | undefined;
  #partitionCount = 0;
  #topicPartitions = 0;
  #gone: MillraceError | undefined;
  #isLive = false;
  #isClosed = false;
  bytesIn = 0;

  /**
   * @param outputs one for all partitions, or one for each that it is to read
   * @param recovery where an earlier scan has stopped; null: the plan says where to begin, and bad records are passed over.
   */
  constructor(node: ScanNode, context: SourceContext, outputs: readonly LaneOutput[], recovery: ScanRecovery | null = null) {
    this.#node = node;
    this.#recovery = recovery;
    this.#context = context;
    this.#reader = context.kafka.openReader();
    this.#arrivals = new Arrivals(this.#reader, context.clock);
    this.#drift = new Drift(this.#reader, node.topic);
    this.lanes = outputs.map((output) => new ScanLane(node, context, output, recovery));
  }

  /** Records taken from the log. */
  get recordsIn(): number {
    return this.lanes.reduce((sum, { feed }) => sum + feed.recordsIn, 0);
  }

  /** Rows handed to the operators. */
  get rowsOut(): number {
    return this.lanes.reduce((sum, { feed }) => sum + feed.rowsOut, 0);
  }

  get undecodable(): UndecodableRecords {
    return UndecodableRecords.together(this.lanes.map(({ feed }) => feed.undecodable));
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

  /** Grows with every step forward and every partition: shows cheaply whether the positions have changed. */
  get positionSum(): number {
    let sum = this.#partitions.length + (this.#replay?.partition.nextOffset ?? 0);
    for (const { nextOffset } of this.#partitions) sum += nextOffset;
    return sum;
  }

  get progress(): PartitionProgress[] {
    const progress = this.#partitions.map((partition) => partition.progress(this.#laneOf(partition).tracker));
    return this.#replay === null ? progress : [...progress, this.#replay.partition.progress(null)];
  }

  /** How far each partition that it reads has come in event time. */
  get sourceMarks(): SourceMark[] {
    return this.#partitions.flatMap((of) => {
      const { tracker } = this.#laneOf(of);
      if (tracker === null) return [];
      const { partition } = of;
      return [{ partition, watermarkMs: tracker.watermarkOf(partition), isIdle: tracker.saved(partition).isIdle }];
    });
  }

  /** Of the topic, also those that it does not read. 0 before it is open. */
  get topicPartitions(): number {
    return this.#topicPartitions;
  }

  /** True if each partition goes a way of its own, and others may read the rest. */
  get #isShared(): boolean {
    return this.lanes[0]!.of !== null;
  }

  #laneOf({ topic, partition }: TopicPartition): ScanLane {
    if (!this.#isShared) return this.lanes[0]!;
    return this.lanes.find(({ of }) => of!.topic === topic && of!.partition === partition)!;
  }

  #markAll(mark: Mark): void {
    for (const { out } of this.lanes) out.mark(mark);
  }

  /** Fixes the positions. @throws {MillraceError} PLAN_STREAM_UNKNOWN if the topic does not exist, and what Kafka refuses. */
  async open(): Promise<void> {
    const { kafka, clock } = this.#context;
    const { topic, start } = this.#node;
    const metadata = await kafka.topic(topic).catch((error: unknown) => {
      throw this.#asGone(asMillraceError(error));
    });
    if (this.#recovery !== null && isAnother(metadata.topicId, this.#node.topicId)) throw sourceMadeAnew(this.stream, topic);
    this.#topicPartitions = metadata.partitions.length;
    const all = metadata.partitions.map(({ partition }) => partition);
    const isMine = (partition: number) => this.lanes.some(({ of }) => of!.topic === topic && of!.partition === partition);
    const partitions = this.#isShared ? all.filter(isMine) : all;
    const offsets = this.#recovery?.offsetsOf(topic);
    const starts =
      offsets === undefined || (offsets.size === 0 && !this.#isShared)
        ? await startPositions(kafka, topic, partitions, start)
        : await this.#resume(this.#recovery!, partitions);
    for (const from of starts) {
      const opened = new ScanPartition(topic, from);
      this.#partitions.push(opened);
      const isAtEnd = from.startOffset >= from.endOffset;
      this.#laneOf(opened).tracker?.add(from.partition, { isEmpty: from.isEmpty, isAtEnd }, clock.monotonic());
    }
    this.#partitionCount = starts.length;
    this.#replay = await this.#openReplay();
    if (this.#isClosed) return;
    this.#assign();
    this.#watch = new TopicWatch(kafka, metadata, this.stream, this.#context, {
      onPartitionCount: (count) => {
        // Where they are shared the group gives new ones to somebody.
        if (count <= this.#partitionCount || this.#node.bounded || this.#isShared) return;
        this.#partitionCount = count;
        this.#arrivals.wake();
      },
      onGone: (error) => {
        this.#gone = error;
        this.#arrivals.wake();
      },
    });
  }

  #openReplay(): Promise<Replay | null> {
    const topic = this.#recovery?.replayTopic ?? null;
    const lane = this.#isShared ? this.lanes.find(({ of }) => of!.topic === topic) : this.lanes[0];
    return lane === undefined ? Promise.resolve(null) : Replay.open(this.#context.kafka, this.#recovery, lane.feed);
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
      if (!pace.hasEnded) this.#markAll({ kind: 'end' });
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
    for (const { tracker } of this.lanes) tracker?.extendIdleTimes(clock.monotonic() - startMs);
  }

  #wakeAt(pace: Pace): number {
    const heldUntil = this.#drift.isHolding ? this.#context.clock.monotonic() + heldTooLongMs : Number.POSITIVE_INFINITY;
    return this.lanes.reduce((next, { tracker }) => Math.min(next, tracker?.nextIdleMs ?? next), Math.min(pace.wakeAtMs, heldUntil));
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
      this.lanes[0]!.tracker?.add(partition, { isEmpty: true, isAtEnd: true }, clock.monotonic());
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
    const lane = this.#laneOf(state);
    for (let i = 0; i < batches.length && !pace.hasEnded && !pace.isStopping; i += 2) {
      if (lane.feed.isFull) await this.#flush(state, lane, pace);
      const fromOffset = Math.max(fetched.fromOffset, state.nextOffset);
      const [start, end] = [batches[i]!, batches[i + 1]!];
      if (this.#collect(state, lane, bytes, start, end, fromOffset)) continue;
      await this.#flush(state, lane, pace);
      this.#collect(state, lane, bytes, start, end, fromOffset);
    }
    const isCutShort = pace.isStopping;
    await this.#flush(state, lane, pace);
    // What was not taken of it is read again when the task goes on.
    if (isCutShort) return;
    state.take(fetched);
    lane.tracker?.setAtEnd(state.partition, state.isAtEnd);
    this.#checkHistory();
    if (lane.tracker !== null && !this.#isLive) this.#balance();
  }

  /** As {@link Feed.add}; a batch that is damaged inside is told with its place. */
  #collect({ partition }: ScanPartition, { feed }: ScanLane, bytes: Buffer, start: number, end: number, fromOffset: number): boolean {
    try {
      return feed.add(bytes, start, end, fromOffset);
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
  async #flush(state: ScanPartition, { feed }: ScanLane, pace: Pace): Promise<void> {
    const nextOffset = feed.flush(state.partition, this.#node.bounded ? state.endOffset : Number.POSITIVE_INFINITY);
    if (nextOffset === undefined) return;
    state.nextOffset = nextOffset;
    pace.check();
    await this.#waitForRoom(pace);
  }

  #checkHistory(): void {
    if (this.#isLive || !this.#partitions.every(({ isRead }) => isRead)) return;
    this.#isLive = true;
    this.#drift.release();
    if (!this.#node.bounded) this.#markAll({ kind: 'live' });
  }

  #balance(): void {
    const reading = this.#partitions.filter(({ isRead }) => !isRead);
    this.#drift.balance(new Map(reading.map((of) => [of.partition, this.#laneOf(of).tracker!.maxOf(of.partition)])));
  }

  #tick(pace: Pace): void {
    const nowMs = this.#context.clock.monotonic();
    for (const { tracker, out } of this.lanes) {
      if (tracker === null) continue;
      if (!this.isAnswering) tracker.restartIdleTimes(nowMs);
      for (const timeMs of tracker.tick(nowMs)) out.mark({ kind: 'watermark', timeMs });
    }
    if (nowMs >= pace.wakeAtMs) {
      this.#markAll({ kind: 'tick', nowMs });
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

/** Brokers before Kafka 2.8 give topics no ids: all have this one. */
const noTopicId = '00000000-0000-0000-0000-000000000000';

function isAnother(found: string, expected: string | undefined): boolean {
  return expected !== undefined && found !== expected && found !== noTopicId;
}
