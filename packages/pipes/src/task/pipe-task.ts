import type { StreamDefinition } from '@millrace/catalog';
import { asMillraceError, type Clock, delay, type Logger, type MillraceError, type Random, unlessAborted } from '@millrace/core';
import type { GroupMember, TopicPartition } from '@millrace/kafka-client';
import { matchesPattern } from '../extract/path-pattern.ts';
import { failureOf } from '../host/stages/hook-failure.ts';
import type { PipeKafka } from '../progress/pipe-kafka.ts';
import type { ConnectorStage, StageOpener } from '../stage/stage.ts';
import { makeStateTopic } from './committer.ts';
import { PipeCounters } from './pipe-counters.ts';
import { pipeStatistics } from './pipe-figures.ts';
import type { PipeMember } from './pipe-member.ts';
import type { PipeRequest } from './pipe-request.ts';
import { PipeRun } from './pipe-run.ts';
import type { PipeState, PipeStatistics } from './pipe-statistics.ts';
import { isOfRecord, pipeFailed } from './stage-failure.ts';
import { StageKeeper } from './stage-keeper.ts';
import { Suspects } from './suspects.ts';
import { TransactionAborted } from './transaction-aborted.ts';

/** What a pipe uses of its surroundings. */
export interface PipeContext {
  readonly kafka: PipeKafka;
  readonly stages: StageOpener;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const firstDelayMs = 100;
const maxDelayMs = 10_000;
/** Transactions that a connector may fail in, one after another. */
const maxAborts = 5;

/**
 * A pipe in one server: member of the pipe's group, and runner of the partitions that the group gives it.
 *
 * What fails for reasons that pass (brokers away, another owner) is begun anew from what is committed; what would fail again ends it.
 */
export class PipeTask {
  readonly #request: PipeRequest;
  readonly #context: PipeContext;
  readonly #counters: PipeCounters;
  readonly #connector: StageKeeper<ConnectorStage>;
  readonly #suspects = new Suspects();
  readonly #stopping = new AbortController();
  #streams: readonly StreamDefinition[];
  /** What the member at hand has subscribed to. */
  #subscribed: readonly string[] = [];
  #member: GroupMember | undefined;
  #assigned: readonly TopicPartition[] = [];
  #hasAnswer = false;
  #groupFailure: Error | undefined;
  #changed = Promise.withResolvers<void>();
  #run: PipeRun | undefined;
  #lastRun: PipeRun | undefined;
  #opening: AbortController | undefined;
  #runEnded: Promise<void> = Promise.resolve();
  #state: PipeState = 'starting';
  #waitsFor: string | null = null;
  #delayMs = firstDelayMs;
  #aborts = 0;
  #mustRestart = false;
  #hasStateTopic = false;

  constructor(request: PipeRequest, context: PipeContext) {
    this.#request = request;
    this.#context = context;
    this.#counters = new PipeCounters(context.clock);
    this.#streams = this.#chosen(request.streams);
    const { connector } = request;
    this.#connector = new StageKeeper('connector', connector.plugin.name, (signal) => context.stages.openConnector(connector, signal), {
      clock: context.clock,
      logger: context.logger,
      signal: this.#stopping.signal,
      onWaiting: (reason) => this.#waits(reason),
      counts: this.#counters.stages.connector,
    });
  }

  /**
   * Runs until it is stopped.
   * @param onReady is called once, when it runs here, or is known to run elsewhere
   * @throws {MillraceError} what it ends with: PIPE_FAILED, or what Kafka refuses for good
   */
  async run(onReady: () => void): Promise<void> {
    let tellReady = () => {
      tellReady = () => {};
      onReady();
    };
    try {
      while (!this.#stopping.signal.aborted) {
        try {
          await this.#goOn(() => tellReady());
        } catch (failure) {
          if (!this.#stopping.signal.aborted) await this.#afterFailure(failure as Error);
        }
      }
      this.#state = 'stopped';
    } catch (failure) {
      this.#state = 'failed';
      const error = asMillraceError(failure);
      this.#counters.lastError = error.message;
      throw error;
    } finally {
      // Another server may go on at once.
      await this.#leave();
      await this.#connector.close();
    }
  }

  /** Lets {@link run} end: what is delivered is committed, progress is kept. */
  stop(): void {
    this.#stopping.abort();
    this.#endRun(false);
    this.#wake();
  }

  /** All streams that there are now. */
  setStreams(streams: readonly StreamDefinition[]): void {
    const chosen = this.#chosen(streams);
    if (JSON.stringify(chosen) === JSON.stringify(this.#streams)) return;
    this.#streams = chosen;
    this.#mustRestart = true;
    this.#endRun(false);
    this.#wake();
  }

  statistics(): PipeStatistics {
    const isWaiting = this.#waitsFor !== null && this.#state === 'running';
    return pipeStatistics(isWaiting ? 'waiting' : this.#state, this.#counters, this.#run ?? this.#lastRun);
  }

  /** One step: joins the group, waits for partitions, or runs those that there are. */
  async #goOn(onReady: () => void): Promise<void> {
    await this.#throwGroupFailure();
    await this.#makePlaceOfPosition();
    if (this.#mustRestart) {
      // They may change again meanwhile.
      this.#mustRestart = false;
      if (this.#topics.join() !== this.#subscribed.join()) await this.#leave();
    }
    const topics = this.#topics;
    if (topics.length > 0 && this.#member === undefined) this.#join(topics);
    if (this.#assigned.length > 0) {
      await this.#runOnce(onReady);
      return;
    }
    // Nothing matches the pattern, or other servers have it all.
    if (topics.length === 0 || this.#hasAnswer) {
      this.#state = topics.length === 0 ? 'running' : 'standby';
      onReady();
    }
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
  }

  /** A member that has failed is one no more: if it may, it joins again. */
  async #throwGroupFailure(): Promise<void> {
    const failure = this.#groupFailure;
    if (failure === undefined) return;
    this.#groupFailure = undefined;
    await this.#leave();
    throw failure;
  }

  /** A source of its own belongs to who has the topic of its position. */
  async #makePlaceOfPosition(): Promise<void> {
    if (this.#request.selection !== null || this.#hasStateTopic) return;
    await unlessAborted(makeStateTopic(this.#request, this.#context.kafka), this.#stopping.signal);
    this.#hasStateTopic = true;
  }

  get #topics(): readonly string[] {
    if (this.#request.selection === null) return [this.#request.stateTopic];
    return [...new Set(this.#streams.map(({ topic }) => topic))].sort();
  }

  #chosen(streams: readonly StreamDefinition[]): readonly StreamDefinition[] {
    const { selection } = this.#request;
    if (selection === null) return [];
    return streams.filter(({ name }) => matchesPattern(selection.pattern, name)).toSorted((a, b) => (a.topic < b.topic ? -1 : 1));
  }

  #wake(): void {
    this.#changed.resolve();
  }

  #join(topics: readonly string[]): void {
    const { groupId, instanceId, sessionTimeoutMs, selection } = this.#request;
    this.#subscribed = topics;
    this.#hasAnswer = false;
    this.#member = this.#context.kafka.joinGroup({
      groupId,
      topics,
      instanceId,
      ...(sessionTimeoutMs !== undefined && { sessionTimeoutMs }),
      assignors: [selection === null ? 'millrace-one' : 'cooperative-sticky'],
      onAssigned: (partitions) => {
        this.#hasAnswer = true;
        if (!isSame(partitions, this.#assigned)) this.#endRun(false);
        this.#assigned = partitions;
        this.#wake();
      },
      onRevoked: (partitions, lost) => this.#giveUp(partitions, lost),
      onFailed: (error) => {
        this.#groupFailure = error;
        this.#assigned = [];
        this.#endRun(true);
        this.#wake();
      },
    });
  }

  async #leave(): Promise<void> {
    const member = this.#member;
    this.#member = undefined;
    await member?.leave({ forGood: true });
    this.#assigned = [];
  }

  /** The group takes partitions away. */
  async #giveUp(partitions: readonly TopicPartition[], lost: boolean): Promise<void> {
    if (partitions.length === 0) return;
    this.#assigned = this.#assigned.filter((of) => !partitions.some((gone) => isOne(of, gone)));
    this.#endRun(lost);
    await this.#runEnded;
  }

  #endRun(atOnce: boolean): void {
    this.#opening?.abort();
    if (atOnce) this.#run?.abandon();
    else this.#run?.finish();
  }

  /** Who commits: the member as it stands at that moment. */
  get #committing(): PipeMember {
    const member = this.#member!;
    return {
      commit: (offsets) => member.commit(offsets),
      committed: (partitions) => member.committed(partitions),
      identity: () => ({ memberId: member.memberId, generation: member.generation, groupInstanceId: member.groupInstanceId ?? null }),
    };
  }

  async #runOnce(onReady: () => void): Promise<void> {
    const ended = Promise.withResolvers<void>();
    this.#runEnded = ended.promise;
    try {
      await this.#openAndRun(onReady);
    } finally {
      this.#opening = undefined;
      this.#lastRun = this.#run ?? this.#lastRun;
      this.#run = undefined;
      ended.resolve();
    }
  }

  async #openAndRun(onReady: () => void): Promise<void> {
    const opening = new AbortController();
    this.#opening = opening;
    const signal = new AbortController();
    opening.signal.addEventListener('abort', () => signal.abort(), { once: true });
    let run: PipeRun;
    try {
      run = await unlessAborted(PipeRun.open({ ...this.#runOptions(), signal }), opening.signal);
    } catch (failure) {
      // The partitions have changed, or it is to stop: nobody has failed.
      if (opening.signal.aborted) return;
      throw failure;
    }
    this.#opening = undefined;
    this.#run = run;
    this.#state = 'running';
    this.#delayMs = firstDelayMs;
    onReady();
    await run.run();
    this.#aborts = 0;
  }

  #runOptions() {
    const { kafka, stages, clock, random, logger } = this.#context;
    return {
      request: this.#request,
      streams: this.#streams,
      partitions: this.#assigned,
      kafka,
      member: this.#committing,
      stages,
      connector: this.#connector,
      counters: this.#counters,
      suspects: this.#suspects,
      clock,
      random,
      logger,
      onWaiting: (reason: string | null) => this.#waits(reason),
    };
  }

  #waits(reason: string | null): void {
    this.#waitsFor = reason;
    if (reason !== null) this.#counters.lastError = reason;
  }

  /** Waits until it may begin anew. @throws the failure, if it would come again */
  async #afterFailure(failure: Error): Promise<void> {
    const error = failure instanceof TransactionAborted ? this.#aborted(failure) : asMillraceError(failure);
    if (failureOf(error) !== undefined && !(failure instanceof TransactionAborted)) throw this.#failed(error);
    if (!(failure instanceof TransactionAborted) && !passes(error)) throw error;
    this.#state = 'waiting';
    this.#counters.lastError = error.message;
    this.#context.logger.warn({ code: error.code, error: error.message }, 'the pipe begins anew from its last commit');
    await delay(this.#context.clock, this.#delayMs, this.#stopping.signal).catch(() => {});
    this.#delayMs = Math.min(this.#delayMs * 2, maxDelayMs);
  }

  /** @throws {MillraceError} PIPE_FAILED after too many in a row, unless the record to blame may be looked for */
  #aborted(aborted: TransactionAborted): MillraceError {
    const { error, topic, partition, fromOffset } = aborted;
    const { pipe, connector, onError } = this.#request;
    if (++this.#aborts < maxAborts) return error;
    this.#aborts = 0;
    if (onError === 'stop' || !isOfRecord(error))
      throw pipeFailed(error, { pipe, stage: 'connector', plugin: connector.plugin.name, topic, partition, offset: fromOffset });
    this.#suspects.note(aborted);
    return error;
  }

  /** Of a stage that cannot be opened, or a source of its own. */
  #failed(error: MillraceError): MillraceError {
    const { pipe, extractor, processor, connector } = this.#request;
    const { plugin } = failureOf(error)!;
    const { kind } = [extractor, processor, connector].find((stage) => stage.plugin.name === plugin) ?? connector;
    return pipeFailed(error, { pipe, stage: kind, plugin });
  }
}

/** True for failures that the next run need not meet. */
function passes({ code, retryable, details }: MillraceError): boolean {
  // While it ran the log was cut behind its back: the next run says what was lost.
  if (code === 'KAFKA_OFFSET_OUT_OF_RANGE') return details['isLost'] === undefined;
  return retryable || code === 'KAFKA_FENCED' || code === 'KAFKA_BROKER_UNAVAILABLE' || code === 'KAFKA_TIMED_OUT';
}

function isSame(a: readonly TopicPartition[], b: readonly TopicPartition[]): boolean {
  return a.length === b.length && a.every((of) => b.some((other) => isOne(of, other)));
}

function isOne(a: TopicPartition, b: TopicPartition): boolean {
  return a.partition === b.partition && a.topic === b.topic;
}
