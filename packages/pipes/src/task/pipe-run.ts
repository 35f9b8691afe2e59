import type { StreamDefinition } from '@millrace/catalog';
import { asMillraceError, BoundedQueue, type Clock, type Logger, type MillraceError, type Random, type Timer } from '@millrace/core';
import { chunkSizeBytes } from '@millrace/data';
import type { TopicPartition } from '@millrace/kafka-client';
import type { Json } from '@millrace/sdk';
import { Extraction } from '../extract/extraction.ts';
import type { Unit } from '../extract/unit.ts';
import { KeptState } from '../progress/kept-state.ts';
import type { PipeKafka } from '../progress/pipe-kafka.ts';
import { positionKey, readPipeState } from '../progress/pipe-state.ts';
import { Progress } from '../progress/progress.ts';
import { startPartitions } from '../progress/start-partitions.ts';
import type { ConnectorStage, ProcessorStage, StageOpener } from '../stage/stage.ts';
import { Committer } from './committer.ts';
import { Delivery } from './delivery.ts';
import { OwnSource } from './own-source.ts';
import type { PipeCounters } from './pipe-counters.ts';
import type { PipeMember } from './pipe-member.ts';
import type { PipeRequest } from './pipe-request.ts';
import { type KeeperContext, StageKeeper } from './stage-keeper.ts';
import { StreamSource } from './stream-source.ts';
import type { Suspects } from './suspects.ts';
import type { UnitSource } from './unit-source.ts';

/** What a run of a pipe works with. */
export interface PipeRunOptions {
  readonly request: PipeRequest;
  /** Those that it reads. */
  readonly streams: readonly StreamDefinition[];
  readonly partitions: readonly TopicPartition[];
  readonly kafka: PipeKafka;
  readonly member: PipeMember;
  readonly stages: StageOpener;
  readonly connector: StageKeeper<ConnectorStage>;
  readonly counters: PipeCounters;
  readonly suspects: Suspects;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onWaiting: KeeperContext['onWaiting'];
  /** Aborted when everything is to end at once. */
  readonly signal: AbortController;
}

const defaultCommitIntervalMs = 500;
const defaultHeartbeatMs = 30_000;
/** So long what is under way is waited for when the run is to end. */
const drainMs = 10_000;
/** About as much is decoded ahead. */
const queuedBytesMax = 2 * 1024 * 1024;
const rowOverheadBytes = 32;

/**
 * One run of a pipe over the partitions that its group has given it, from what is committed to the next rebalance, stop or failure.
 * After a failure nothing of it is used again.
 */
export class PipeRun {
  readonly progress: Progress;
  readonly #options: PipeRunOptions;
  readonly #signal: AbortController;
  readonly #source: UnitSource;
  readonly #committer: Committer;
  readonly #delivery: Delivery;
  readonly #units: BoundedQueue<Unit>;
  readonly #state: KeptState;
  readonly #processor: StageKeeper<ProcessorStage>;
  readonly #isTransactional: boolean;
  #commitTimer: Timer | undefined;
  #heartbeat: Timer | undefined;
  #committing: Promise<void> | undefined;
  #lastCommitMs = Number.NEGATIVE_INFINITY;
  #failure: Error | undefined;
  #isFinishing = false;
  #isAbandoned = false;

  private constructor(
    options: PipeRunOptions,
    parts: {
      readonly progress: Progress;
      readonly signal: AbortController;
      readonly source: UnitSource;
      readonly committer: Committer;
      readonly state: KeptState;
      readonly processor: StageKeeper<ProcessorStage>;
      readonly opened: Pick<ConnectorStage, 'order' | 'concurrency' | 'isTransactional'>;
    },
  ) {
    const { request, connector, counters, clock } = options;
    this.#options = options;
    this.progress = parts.progress;
    this.#signal = parts.signal;
    this.#source = parts.source;
    this.#committer = parts.committer;
    this.#state = parts.state;
    this.#processor = parts.processor;
    this.#isTransactional = parts.opened.isTransactional;
    this.#units = new BoundedQueue(queuedBytesMax, weightOf);
    this.#delivery = new Delivery(
      {
        pipe: request.pipe,
        onError: request.onError,
        extractor: request.extractor.plugin.name,
        processor: parts.processor,
        connector,
        progress: this.progress,
        transaction: this.#isTransactional ? this.#committer.writer : undefined,
        suspects: options.suspects,
        timezone: request.timezone,
        clock,
        signal: this.#signal.signal,
        keepsState: parts.state.wasRestored,
        keepLetter: (record, stage, plugin) => this.#committer.keepLetter(record, { pipe: request.pipe, stage, plugin }),
        keepState: (changes) => this.#state.change(changes),
        onDelivered: () => this.#onDelivered(),
        counts: counters,
      },
      this.#units,
      parts.opened,
    );
  }

  /**
   * Opens the stages, fences a former owner, fixes the positions and commits them: what is written from then on is seen.
   * @throws {MillraceError} what Kafka refuses; PLUGIN_FAILED; KAFKA_OFFSET_OUT_OF_RANGE with `isLost`
   */
  static async open(options: PipeRunOptions): Promise<PipeRun> {
    const { request, kafka, member, connector, clock, partitions, signal } = options;
    connector.signal = signal.signal;
    const opened = await connector.opened();
    const committer = new Committer(request, kafka, member, clock);
    try {
      // Who has kept state may have left a transaction open.
      const keepsState = await isThere(kafka, request.stateTopic);
      if (opened.isTransactional || keepsState) await committer.openTransactions();
      // Not before no transaction is open that holds offsets of the partitions: what it writes is in the state then.
      const progress = await startProgress(options);
      const state = new KeptState(keepsState ? await readPipeState(kafka, request.stateTopic, signal.signal) : undefined, partitions);
      const processor = keptProcessor(options, state, signal.signal);
      await processor.opened();
      // It may have been given up meanwhile: nobody will run it then.
      if (signal.signal.aborted) await processor.close();
      signal.signal.throwIfAborted();
      const source = sourceOf(options, progress, state.position, signal.signal);
      return new PipeRun(options, { progress, signal, committer, state, opened, processor, source });
    } catch (failure) {
      await committer.close();
      throw failure;
    }
  }

  /** Whether the processor keeps state. */
  get keepsState(): boolean {
    return this.#delivery.keepsState;
  }

  /** Resolves when it was finished or abandoned. @throws what it has failed with; what is delivered is committed, if the failure is of a stage */
  async run(): Promise<void> {
    this.#expectHeartbeat();
    const reading = this.#source.run(this.#units).then(
      () => this.#units.close(),
      (failure: unknown) => this.#units.fail(failure),
    );
    try {
      await this.#delivery.run();
    } catch (failure) {
      this.#failure ??= failure as Error;
    }
    this.#units.close();
    await this.#source.close();
    await reading;
    await this.#end();
  }

  /** Ends it: what is under way is delivered, what is delivered committed. */
  finish(): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#delivery.stop();
    const { connector } = this.#options;
    if (connector.isWaiting || this.#processor.isWaiting) this.#signal.abort();
    const timer = this.#options.clock.setTimer(drainMs, () => this.#signal.abort(), { unref: true });
    this.#signal.signal.addEventListener('abort', () => timer.cancel(), { once: true });
  }

  /** Ends it at once, nothing committed: others may own the partitions. */
  abandon(): void {
    this.#isAbandoned = true;
    this.finish();
    this.#signal.abort();
  }

  async #end(): Promise<void> {
    this.#commitTimer?.cancel();
    this.#heartbeat?.cancel();
    await this.#committing;
    const { connector, counters, logger, request } = this.#options;
    const failure = this.#failure;
    const isOfStage = failure !== undefined && asMillraceError(failure).code === 'PIPE_FAILED';
    // A call that was given up may still reach the target: not beside others.
    if (this.#signal.signal.aborted) await connector.close();
    const isWhole = failure === undefined || isOfStage;
    if (!this.#isAbandoned && (isWhole || !this.#committer.isTransactional)) {
      await this.#write().catch((error: unknown) => {
        this.#failure ??= error as Error;
        logger.warn({ pipe: request.pipe, error: String(error) }, 'the last progress of the pipe could not be committed');
      });
    }
    this.#signal.abort();
    await Promise.all([this.#committer.close(), this.#processor.close()]);
    counters.rate.observe(counters.done);
    if (this.#failure !== undefined && (isOfStage || !this.#isFinishing)) throw this.#failure;
  }

  #onDelivered(): void {
    const { counters, clock } = this.#options;
    counters.done += this.progress.takeDone();
    counters.rate.observe(counters.done);
    counters.lastDeliveryMs = clock.now();
    this.#commitSoon();
  }

  #commitSoon(): void {
    if (this.#commitTimer !== undefined || this.#isFinishing) return;
    const { clock, request } = this.#options;
    const dueMs = this.#lastCommitMs + (request.commitIntervalMs ?? defaultCommitIntervalMs);
    this.#commitTimer = clock.setTimer(Math.max(0, dueMs - clock.monotonic()), () => {
      this.#committing = this.#commit().finally(() => {
        this.#commitTimer = undefined;
        this.#committing = undefined;
        if (this.#hasWork) this.#commitSoon();
      });
    });
  }

  get #hasWork(): boolean {
    return this.#state.hasChanges || this.#committer.hasWork || this.progress.uncommitted().length > 0;
  }

  async #commit(): Promise<void> {
    const { logger, clock, request } = this.#options;
    try {
      if (this.#isTransactional) await this.#delivery.pause(() => this.#write());
      else await this.#write();
    } catch (failure) {
      const error = asMillraceError(failure);
      // A dead letter that is too large for its topic will be so for ever.
      if (this.#committer.isTransactional || error.code === 'KAFKA_RECORD_TOO_LARGE') this.#fail(error);
      // The group says by itself if others have taken over, and brokers come back.
      else
        logger.warn({ pipe: request.pipe, code: error.code, error: error.message }, 'the progress of the pipe could not be committed yet');
    }
    this.#lastCommitMs = clock.monotonic();
  }

  /** Writes down what is delivered by now. */
  async #write(): Promise<void> {
    const offsets = this.progress.uncommitted();
    const kept = this.#state.take();
    const position = this.#takePosition();
    const changes = position === undefined ? kept : new Map([...kept, [positionKey, position]]);
    if (offsets.length === 0 && changes.size === 0 && !this.#committer.hasWork) return;
    try {
      await this.#committer.commit(this.#isOwn ? offsets.map((of) => ({ ...of, offset: 0 })) : offsets, changes);
    } catch (failure) {
      // Before there are transactions a commit may be tried again, with all that belongs to it.
      this.#state.putBack(kept);
      throw failure;
    }
    this.progress.committed(offsets);
    for (const of of offsets) this.#options.suspects.forgetBefore(of, of.offset);
    this.#options.counters.deadLetters += this.#committer.takeDeadLetters();
  }

  get #isOwn(): boolean {
    return this.#options.request.selection === null;
  }

  #takePosition(): Json | undefined {
    if (!this.#isOwn) return undefined;
    return this.progress.uncommittedPosition();
  }

  #fail(error: MillraceError): void {
    this.#failure ??= error;
    this.#delivery.stop();
  }

  /** Asks the connector whether its target is there, when nothing was sent for a while. */
  #expectHeartbeat(): void {
    const { clock, request, connector, logger, counters } = this.#options;
    const everyMs = request.heartbeatMs ?? defaultHeartbeatMs;
    const beat = async () => {
      const isQuiet = this.#delivery.isIdle && clock.now() - (counters.lastDeliveryMs ?? 0) >= everyMs;
      if (isQuiet) await connector.once((stage) => stage.heartbeat(), 1);
    };
    this.#heartbeat = clock.setTimer(
      everyMs,
      () => {
        void beat()
          .catch((error: unknown) => {
            if (!this.#isFinishing) logger.warn({ pipe: request.pipe, error: String(error) }, 'the target of the pipe does not answer');
          })
          .finally(() => {
            if (!this.#isFinishing && this.#failure === undefined) this.#expectHeartbeat();
          });
      },
      { unref: true },
    );
  }
}

async function startProgress({ request, kafka, member, partitions }: PipeRunOptions): Promise<Progress> {
  const progress = new Progress();
  const { selection, boundaries } = request;
  if (selection === null) {
    const everything = { boundary: 0, limit: Number.POSITIVE_INFINITY };
    for (const of of partitions) progress.add({ ...of, ...everything, offset: 0, endOffset: 0 });
    return progress;
  }
  const starts = await startPartitions(kafka, member, partitions, selection, boundaries);
  for (const start of starts) progress.add(start);
  const first = starts
    .filter(({ isFirst }) => isFirst)
    .map(({ topic, partition, offset, metadata = '' }) => ({ topic, partition, offset, metadata }));
  if (first.length > 0) await member.commit(first);
  return progress;
}

/** The processor, opened with what it has kept. */
function keptProcessor({ request, stages, clock, logger, onWaiting, counters }: PipeRunOptions, state: KeptState, signal: AbortSignal) {
  const open = async (opening: AbortSignal) => {
    const stage = await stages.openProcessor(request.processor, opening);
    for (const { topic, partition, kept } of state.all()) await stage.restore(topic, partition, kept);
    return stage;
  };
  const counts = counters.stages.processor;
  return new StageKeeper('processor', request.processor.plugin.name, open, { clock, logger, signal, onWaiting, counts });
}

function sourceOf(options: PipeRunOptions, progress: Progress, position: Json | undefined, signal: AbortSignal): UnitSource {
  const { request, kafka, stages, streams, counters, clock, random, logger, onWaiting } = options;
  const { selection, deployment, timezone } = request;
  if (selection !== null) {
    const extraction = new Extraction({ selection, deployment }, streams, { clock, random, timezone });
    return new StreamSource(kafka.openReader(), extraction, progress, counters);
  }
  const open = (opening: AbortSignal) => stages.openExtractor(request.extractor, source.position, opening);
  const context = { clock, logger, signal, onWaiting, counts: counters.stages.extractor };
  const extractor = new StageKeeper('extractor', request.extractor.plugin.name, open, context);
  const source: OwnSource = new OwnSource(extractor, options.partitions[0]!, counters, position);
  return source;
}

async function isThere(kafka: PipeKafka, topic: string): Promise<boolean> {
  try {
    await kafka.topicOnce(topic);
    return true;
  } catch (failure) {
    if (asMillraceError(failure).code === 'KAFKA_TOPIC_UNKNOWN') return false;
    throw failure;
  }
}

/** About how many bytes a unit holds on to. */
function weightOf({ spans, batch }: Unit): number {
  if (batch === null) return 0;
  const { count } = batch.records;
  if (spans === null) return chunkSizeBytes(batch.chunk);
  const { keyStarts, keyEnds, valueStarts, valueEnds } = spans;
  const start = keyStarts[0]! < 0 ? valueStarts[0]! : keyStarts[0]!;
  return count * rowOverheadBytes + Math.max(0, Math.max(valueEnds[count - 1]!, keyEnds[count - 1]!) - start);
}
