import { asMillraceError, MillraceError, unlessAborted } from '@millrace/core';
import { errorOf } from '@millrace/kafka-protocol';
import { BackOff, type RetryContext } from './back-off.ts';
import { scanBatches } from './batch-positions.ts';
import { FrameMemory } from './frame-memory.ts';
import type { KafkaClient } from './kafka-client.ts';
import { type FetchResponse, type FetchSource, LeaderFetcher } from './leader-fetcher.ts';
import { listOffsets } from './list-offsets.ts';
import type { FetchedPartition, PartitionOffset, ReaderOptions, RecordReader } from './ports.ts';
import { ReaderPartition } from './reader-partition.ts';
import { refused } from './refused.ts';
import { ChangeSignal } from './signal.ts';

type PartitionResponse = FetchResponse['responses'][number]['partitions'][number];

interface Ready {
  readonly state: ReaderPartition;
  readonly fetched: FetchedPartition;
}

/** Opens a reader; it reads nothing until partitions are assigned to it. */
export function openReader(client: KafkaClient, options: ReaderOptions = {}): RecordReader {
  return new FetchReader(client, options);
}

/** {@link RecordReader} with one {@link LeaderFetcher} for each node that leads something assigned. */
class FetchReader implements RecordReader, FetchSource {
  readonly client: KafkaClient;
  readonly memory = new FrameMemory();
  readonly signal: AbortSignal;
  readonly fetchOptions: FetchSource['fetchOptions'];
  readonly retryContext: RetryContext;
  readonly #closing = new AbortController();
  readonly #checkCrc: boolean;
  readonly #maxBufferedBytes: number;
  readonly #missingTimeoutMs: number;
  readonly #change = new ChangeSignal();
  readonly #fetchers = new Map<number, LeaderFetcher>();
  readonly #running = new Set<Promise<void>>();
  #partitions = new Map<string, ReaderPartition>();
  #ready: Ready[] = [];
  #bufferedBytes = 0;
  #failure: unknown;
  #closed = false;
  #isRouting = false;
  #isWarned = false;

  constructor(client: KafkaClient, options: ReaderOptions) {
    this.client = client;
    this.fetchOptions = {
      isolationLevel: options.isolation === 'read_committed' ? 1 : 0,
      maxFetchBytes: options.maxFetchBytes ?? 2 * 1024 * 1024,
      maxPartitionBytes: options.maxPartitionBytes ?? 512 * 1024,
      maxWaitMs: options.maxWaitMs ?? 500,
    };
    this.#checkCrc = options.checkCrc ?? true;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? 2 * 1024 * 1024;
    this.#missingTimeoutMs = options.missingTimeoutMs ?? 30_000;
    this.signal = AbortSignal.any([client.signal, this.#closing.signal]);
    this.retryContext = { clock: client.clock, random: client.random, signal: this.signal };
    const onClientClosed = () => this.fail(client.signal.reason);
    client.signal.addEventListener('abort', onClientClosed, { once: true, signal: this.#closing.signal });
  }

  assign(partitions: readonly PartitionOffset[]): void {
    // After a failure nothing can be taken over: fetchers may have ended with it.
    const known = this.#failure === undefined ? this.#partitions : new Map<string, ReaderPartition>();
    this.#failure = undefined;
    const next = new Map<string, ReaderPartition>();
    for (const wanted of partitions) {
      const key = keyOf(wanted.topic, wanted.partition);
      const state = known.get(key);
      next.set(key, state?.takenOffset === wanted.offset ? state : new ReaderPartition(wanted));
    }
    this.#partitions = next;
    const dropped = this.#ready.filter(({ state }) => !this.#isCurrent(state));
    this.#ready = this.#ready.filter(({ state }) => this.#isCurrent(state));
    for (const { fetched } of dropped) this.memory.release(fetched);
    this.#bufferedBytes = this.#ready.reduce((sum, { fetched }) => sum + fetched.bytes.length, 0);
    this.#route();
    this.#change.notify();
  }

  async next(): Promise<FetchedPartition[]> {
    for (;;) {
      if (this.#closed) return [];
      if (this.#failure !== undefined) throw this.#failure;
      const taken = this.#take();
      if (taken.length > 0) return taken;
      await this.#change.wait();
    }
  }

  release(fetched: FetchedPartition): void {
    this.memory.release(fetched);
  }

  pause(topic: string, partition: number): void {
    this.#setPaused(topic, partition, true);
  }

  resume(topic: string, partition: number): void {
    this.#setPaused(topic, partition, false);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.abort(new MillraceError('KAFKA_BROKER_UNAVAILABLE', 'the reader was closed', { retryable: false }));
    this.#partitions.clear();
    this.#ready = [];
    for (const fetcher of this.#fetchers.values()) fetcher.interrupt();
    this.#change.notify();
    await Promise.all(this.#running);
  }

  fetchable(nodeId: number): ReaderPartition[] {
    if (this.#bufferedBytes >= this.#maxBufferedBytes || this.#failure !== undefined) return [];
    return [...this.#partitions.values()].filter(({ leader, paused, halted }) => leader === nodeId && !paused && !halted);
  }

  isNeeded(nodeId: number): boolean {
    return [...this.#partitions.values()].some(({ leader }) => leader === nodeId);
  }

  changed(): Promise<void> {
    return this.#change.wait();
  }

  fail(error: unknown): void {
    if (this.#closed) return;
    this.#failure ??= error;
    this.#change.notify();
  }

  unavailable(asked: readonly ReaderPartition[], error: MillraceError): void {
    this.#warn(error);
    for (const state of asked) {
      state.leader = undefined;
      this.client.forgetTopic(state.topic);
    }
    this.#route();
  }

  accept(asked: readonly ReaderPartition[], response: FetchResponse): void {
    if (response.errorCode !== 0) throw refused(response.errorCode, 'Fetch');
    this.#isWarned = false;
    const states = new Map(asked.map((state) => [keyOf(state.topic, state.partition), state]));
    const beforeBytes = this.#bufferedBytes;
    for (const { topic, partitions } of response.responses) {
      for (const answer of partitions) {
        const state = states.get(keyOf(topic, answer.partitionIndex));
        // What was assigned anew while the request was under way is asked for again.
        if (state !== undefined && this.#isCurrent(state)) this.#acceptPartition(state, answer);
      }
    }
    // Caught up: a reader that waits for what is written next holds no memory for a history.
    if (this.#bufferedBytes === beforeBytes) this.memory.clear();
    this.#change.notify();
  }

  #acceptPartition(state: ReaderPartition, answer: PartitionResponse): void {
    if (answer.errorCode === 0) this.#acceptBytes(state, answer);
    else this.#refuse(state, answer.errorCode);
  }

  #acceptBytes(state: ReaderPartition, answer: PartitionResponse): void {
    state.missingSinceMs = undefined;
    const bytes = answer.records ?? noBytes;
    const fromOffset = state.fetchOffset;
    const aborted = this.fetchOptions.isolationLevel === 1 ? (answer.abortedTransactions ?? []) : null;
    try {
      const { batches, nextOffset } = scanBatches(bytes, { fromOffset, checkCrc: this.#checkCrc, aborted });
      if (bytes.length > 0 && nextOffset === fromOffset) throw stuck(bytes.length, fromOffset);
      state.wasCorrupt = false;
      if (nextOffset === fromOffset && answer.highWatermark === state.reportedHighWatermark) return;
      state.fetchOffset = nextOffset;
      state.reportedHighWatermark = answer.highWatermark;
      const { topic, partition } = state;
      const { highWatermark, logStartOffset } = answer;
      const lastStableOffset = answer.lastStableOffset === -1 ? highWatermark : answer.lastStableOffset;
      this.#push(state, { topic, partition, bytes, batches, fromOffset, nextOffset, highWatermark, lastStableOffset, logStartOffset });
    } catch (error) {
      this.#refuseBytes(state, asMillraceError(error));
    }
  }

  #push(state: ReaderPartition, fetched: FetchedPartition): void {
    this.memory.retain(fetched);
    this.#ready.push({ state, fetched });
    this.#bufferedBytes += fetched.bytes.length;
  }

  /** Damage on the way is mended by fetching again; damage in the log is not. */
  #refuseBytes(state: ReaderPartition, error: MillraceError): void {
    if (error.code === 'KAFKA_RECORD_CORRUPT' && !state.wasCorrupt) {
      state.wasCorrupt = true;
      return;
    }
    const { topic, partition } = state;
    this.fail(
      new MillraceError(error.code, `${topic}[${partition}]: ${error.message}`, {
        cause: error,
        details: { ...error.details, topic, partition, offset: state.fetchOffset },
      }),
    );
  }

  #refuse(state: ReaderPartition, code: number): void {
    const { topic, partition } = state;
    const { name, retriable } = errorOf(code);
    if (name === 'OFFSET_OUT_OF_RANGE') {
      state.halted = true;
      this.#track(this.#refuseOffset(state));
    } else if (retriable) {
      state.loseLeader(this.client.clock.monotonic());
      this.client.forgetTopic(topic);
      this.#checkMissing(state, refused(code, `Fetch of ${topic}[${partition}]`, { topic, partition }));
      this.#route();
    } else {
      this.fail(refused(code, `Fetch of ${topic}[${partition}]`, { topic, partition }));
    }
  }

  async #refuseOffset(state: ReaderPartition): Promise<void> {
    const { topic, partition, fetchOffset: offset } = state;
    try {
      const [earliest] = await unlessAborted(listOffsets(this.client, topic, [partition], 'earliest'), this.signal);
      const [latest] = await unlessAborted(listOffsets(this.client, topic, [partition], 'latest'), this.signal);
      if (!this.#isCurrent(state)) return;
      const kept = `the log of ${topic}[${partition}] holds ${earliest} to ${latest}`;
      this.fail(
        new MillraceError('KAFKA_OFFSET_OUT_OF_RANGE', `${kept}, and offset ${offset} is asked for`, {
          details: { topic, partition, offset, earliest, latest },
          hint: offset < earliest! ? `${earliest! - offset} records before ${earliest} are gone` : 'the topic may have been made anew',
        }),
      );
    } catch (error) {
      if (this.#isCurrent(state)) this.fail(error);
    }
  }

  /** Finds the leaders of partitions that have none, until all have one. */
  #route(): void {
    if (this.#isRouting || this.#closed) return;
    this.#isRouting = true;
    const ended = (error: unknown) => {
      this.#isRouting = false;
      this.fail(error);
    };
    this.#track(this.#routeAll().catch(ended));
  }

  async #routeAll(): Promise<void> {
    const backOff = new BackOff(this.retryContext);
    for (;;) {
      const homeless = [...this.#partitions.values()].filter(({ leader }) => leader === undefined);
      // A partition whose topic was missing waits a little: its metadata may be on the way.
      if (homeless.some(({ missingSinceMs }) => missingSinceMs !== undefined)) await backOff.wait();
      const nodes = new Set<number>();
      for (const state of homeless) if (this.#isCurrent(state)) await this.#routeOne(state, nodes);
      for (const nodeId of nodes) this.#startFetcher(nodeId);
      if (this.#failure !== undefined || ![...this.#partitions.values()].some(({ leader }) => leader === undefined)) {
        this.#isRouting = false;
        return;
      }
      if (nodes.size === 0) await backOff.wait();
    }
  }

  async #routeOne(state: ReaderPartition, nodes: Set<number>): Promise<void> {
    try {
      state.leader = await unlessAborted(this.client.leaderOf(state.topic, state.partition), this.signal);
      nodes.add(state.leader);
    } catch (error) {
      this.signal.throwIfAborted();
      const failure = asMillraceError(error);
      if (failure.code === 'KAFKA_BROKER_UNAVAILABLE' || failure.code === 'KAFKA_TIMED_OUT') return this.#warn(failure);
      if (!failure.retryable) throw failure;
      state.loseLeader(this.client.clock.monotonic());
      this.#checkMissing(state, failure);
    }
  }

  #startFetcher(nodeId: number): void {
    const known = this.#fetchers.get(nodeId);
    this.#change.notify();
    known?.interrupt();
    if (known !== undefined) return;
    const fetcher = new LeaderFetcher(this, nodeId);
    this.#fetchers.set(nodeId, fetcher);
    this.#track(
      fetcher.run().finally(() => {
        this.#fetchers.delete(nodeId);
        // It may have been given something while it was ending.
        if (this.isNeeded(nodeId) && !this.#closed && this.#failure === undefined) this.#startFetcher(nodeId);
      }),
    );
  }

  #checkMissing(state: ReaderPartition, error: MillraceError): void {
    const sinceMs = state.missingSinceMs ?? this.client.clock.monotonic();
    if (this.client.clock.monotonic() - sinceMs >= this.#missingTimeoutMs) this.fail(error);
  }

  #take(): FetchedPartition[] {
    const taken: FetchedPartition[] = [];
    const held: Ready[] = [];
    for (const ready of this.#ready) {
      if (ready.state.paused) {
        held.push(ready);
        continue;
      }
      ready.state.takenOffset = ready.fetched.nextOffset;
      this.#bufferedBytes -= ready.fetched.bytes.length;
      taken.push(ready.fetched);
    }
    this.#ready = held;
    if (taken.length > 0) this.#change.notify();
    return taken;
  }

  #setPaused(topic: string, partition: number, paused: boolean): void {
    const state = this.#partitions.get(keyOf(topic, partition));
    if (state === undefined || state.paused === paused) return;
    state.paused = paused;
    this.#change.notify();
  }

  #isCurrent(state: ReaderPartition): boolean {
    return this.#partitions.get(keyOf(state.topic, state.partition)) === state;
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  /** One line when brokers go away, not one for each try. */
  #warn(error: MillraceError): void {
    if (!this.#isWarned) this.client.logger.warn({ code: error.code }, `reading waits for a broker: ${error.message}`);
    this.#isWarned = true;
  }
}

const noBytes = Buffer.alloc(0);

/** Brokers answer with a whole batch, however large it is, or with nothing: else a reader would ask for the same without end. */
function stuck(sizeBytes: number, offset: number): MillraceError {
  return new MillraceError(
    'KAFKA_RECORD_CORRUPT',
    `${sizeBytes} bytes were fetched, and no whole record batch with offset ${offset} or later`,
  );
}

function keyOf(topic: string, partition: number): string {
  return `${partition}@${topic}`;
}
