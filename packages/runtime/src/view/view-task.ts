import { asMillraceError, delay, MillraceError } from '@millrace/core';
import type { GroupMember, PartitionOffset, TopicPartition } from '@millrace/kafka-client';
import { sourceGone } from '../sources/source-gone.ts';
import { noStatistics, type QueryState, type QueryStatistics } from '../task/statistics.ts';
import { FailedRecords } from './failed-records.ts';
import { Rate } from './rate.ts';
import { scansOf } from './scans-of.ts';
import type { ViewRequest } from './view-request.ts';
import { type ViewContext, ViewRun } from './view-run.ts';

const firstDelayMs = 100;
const maxDelayMs = 10_000;
/** Members of a shared view hear of each other by heartbeats: while they take up their shares it should not take long. */
const heartbeatIntervalMs = 300;
/** So long a run that is stopped may take to commit what it has done, and then its member to leave: brokers that do not answer are not waited for. */
const stopGraceMs = 3000;
/** So often a source is asked for before it counts as gone. */
const askedForSource = 4;
const askAgainMs = 400;

/**
 * A materialized view in one server: member of the view's group, and, while the group gives it the partitions, its one owner. Where the view
 * is shared, the owner of the partitions that it is given: when it is given others, it begins anew with those.
 *
 * An owner runs the view from its committed state. What fails for reasons that pass (brokers away, a transaction timed out, another
 * owner) is begun anew from there; what would fail again ends the view.
 */
export class ViewTask {
  readonly #request: ViewRequest;
  readonly #context: ViewContext;
  readonly #failed = new FailedRecords();
  readonly #stopping = new AbortController();
  #member: GroupMember | undefined;
  #isOwner = false;
  /** What the group gives to this task. */
  #assigned: readonly TopicPartition[] = [];
  /** See {@link ViewRun.unsettledId}. */
  #unsettledId: string | null = null;
  #ownership: PromiseWithResolvers<void> | undefined;
  /** The run at hand, and its end: well or badly. */
  #run: ViewRun | undefined;
  #runEnded: Promise<unknown> = Promise.resolve();
  #opening = new AbortController();
  #state: QueryState = 'starting';
  #groupFailure: Error | undefined;
  #delayMs = firstDelayMs;
  #lastCommitMs: number | null = null;
  #commits = 0;
  #restarts = 0;
  #lastError: string | null = null;
  #lettersBefore = 0;
  #rowsBefore = 0;
  readonly #rate: Rate;
  #committed: readonly PartitionOffset[] = [];

  constructor(request: ViewRequest, context: ViewContext) {
    this.#request = request;
    this.#context = context;
    this.#rate = new Rate(context.clock);
  }

  /**
   * Runs until it is stopped.
   * @param onReady is called once, when the view runs here or is known to run elsewhere.
   * @throws {MillraceError} what it ends with: it would fail there again
   */
  async run(onReady: () => void): Promise<void> {
    let tellReady = () => {
      tellReady = () => {};
      onReady();
    };
    this.#join(() => tellReady());
    try {
      while (await this.#owned()) await this.#runOnce(() => tellReady());
      this.#state = 'stopped';
    } catch (failure) {
      this.#state = 'failed';
      const error = asMillraceError(failure);
      this.#lastError = error.message;
      throw error;
    } finally {
      await this.#leave();
    }
  }

  /** Lets {@link run} end: what is processed is committed, if a broker answers within seconds; position and state are kept. */
  stop(): void {
    this.#stopping.abort();
    this.#endRun(false);
    this.#ownership?.resolve();
    const grace = this.#context.clock.setTimer(stopGraceMs, () => this.#run?.abandon(stopped()), { unref: true });
    void this.#runEnded.then(() => grace.cancel());
  }

  statistics(): QueryStatistics {
    const run = this.#run;
    const of = run?.task.statistics() ?? noStatistics;
    return {
      ...of,
      state: this.#state === 'running' && of.state === 'waiting' ? 'waiting' : this.#state,
      view: {
        lastCommitMs: this.#lastCommitMs,
        commits: this.#commits,
        restarts: this.#restarts,
        lastError: this.#lastError,
        rate: this.#rate.perSecond(this.#rowsBefore + of.rowsIn),
        deadLetters: this.#lettersBefore + (run?.checkpoint.deadLetters ?? 0),
        committed: run?.checkpoint.committed ?? this.#committed,
      },
    };
  }

  /** Of the run at hand. */
  get #rowsRead(): number {
    return this.#run?.task.scans.reduce((sum, { recordsIn }) => sum + recordsIn, 0) ?? 0;
  }

  #join(onStandby: () => void): void {
    const { groupId, instanceId, sessionTimeoutMs, tasks, replayTopic } = this.#request;
    const topics = scansOf(this.#request).map(({ topic }) => topic);
    // Dead letters that are to be processed again are somebody's too.
    if (tasks !== null && replayTopic !== null) topics.push(replayTopic);
    this.#member = this.#context.kafka.joinGroup({
      groupId,
      topics: [...new Set(topics)],
      sessionTimeoutMs,
      instanceId,
      ...(tasks === null ? { assignors: ['millrace-one'] } : { assignors: ['millrace-tasks'], tasks, heartbeatIntervalMs }),
      onAssigned: (partitions) => {
        const isOther = tasks !== null && this.#isOwner && !isSame(partitions, this.#assigned);
        this.#assigned = partitions;
        this.#isOwner = partitions.length > 0;
        if (isOther) this.#endRun(false);
        if (this.#isOwner) {
          this.#ownership?.resolve();
          return;
        }
        if (this.#state === 'starting' || this.#state === 'waiting') this.#state = 'standby';
        void this.#standBy(onStandby);
      },
      onRevoked: (_, lost) => this.#giveUp(lost),
      onFailed: (error) => {
        this.#groupFailure = error;
        this.#isOwner = false;
        this.#endRun(true);
        this.#ownership?.resolve();
      },
    });
  }

  /** Another server has the view; or there is nothing to give because a source is gone: then it ends. */
  async #standBy(onStandby: () => void): Promise<void> {
    const gone = await this.#goneSource();
    if (this.#isOwner) return;
    if (gone === undefined) {
      onStandby();
      return;
    }
    this.#groupFailure = gone;
    this.#ownership?.resolve();
  }

  /** Brokers that have just started may not know a topic yet: what is not there is asked for again. */
  async #goneSource(): Promise<MillraceError | undefined> {
    for (const { topic, stream } of scansOf(this.#request)) {
      for (let asked = 1; ; asked++) {
        const failure = await this.#context.kafka.topicOnce(topic).then(
          () => undefined,
          (error: unknown) => asMillraceError(error),
        );
        if (failure?.code !== 'KAFKA_TOPIC_UNKNOWN') break;
        if (asked === askedForSource) return sourceGone(stream, topic, failure);
        await delay(this.#context.clock, askAgainMs, this.#stopping.signal).catch(() => {});
        if (this.#isOwner || this.#stopping.signal.aborted) return undefined;
      }
    }
    return undefined;
  }

  /** So another server may go on at once. A group that cannot be told finds out when the session is over. */
  async #leave(): Promise<void> {
    const left = new AbortController();
    const leaving = this.#member?.leave({ forGood: true }).finally(() => left.abort());
    await Promise.race([leaving, delay(this.#context.clock, stopGraceMs, left.signal).catch(() => {})]);
  }

  /** Waits until the group gives the view to this server. False if it is to stop instead. */
  async #owned(): Promise<boolean> {
    while (!this.#stopping.signal.aborted) {
      if (this.#groupFailure !== undefined) throw this.#groupFailure;
      if (this.#isOwner) return true;
      this.#ownership = Promise.withResolvers<void>();
      await this.#ownership.promise;
    }
    return false;
  }

  /** The group takes the view away: commits and stops, unless others may own it already. */
  async #giveUp(lost: boolean): Promise<void> {
    this.#isOwner = false;
    this.#endRun(lost);
    await this.#runEnded;
    // Who has lost it does not know whether another has it.
    if (!this.#stopping.signal.aborted && this.#state !== 'failed') this.#state = lost ? 'waiting' : 'standby';
  }

  /** A run that has not committed anything yet has nothing to finish, and may wait for brokers that do not answer. */
  #endRun(atOnce: boolean): void {
    this.#opening.abort(stopped());
    if (atOnce || this.#state !== 'running') this.#run?.abandon(stopped());
    else this.#run?.stop();
  }

  async #runOnce(onReady: () => void): Promise<void> {
    // Meanwhile another may have become the owner.
    if (this.#stopping.signal.aborted || !this.#isOwner) return;
    this.#state = this.#restarts > 0 && this.#lastCommitMs !== null ? 'waiting' : 'restoring';
    this.#opening = new AbortController();
    const ended = Promise.withResolvers<void>();
    this.#runEnded = ended.promise;
    try {
      await this.#openAndRun(onReady);
      // A run that was stopped has nothing to say of failures before it.
      this.#delayMs = firstDelayMs;
    } catch (failure) {
      // Who was told to end has not failed.
      if (this.#stopping.signal.aborted || !this.#isOwner || this.#opening.signal.aborted) return;
      await this.#afterFailure(asMillraceError(failure));
    } finally {
      this.#rowsBefore += this.#rowsRead;
      this.#lettersBefore += this.#run?.checkpoint.deadLetters ?? 0;
      this.#committed = this.#run?.checkpoint.committed ?? this.#committed;
      this.#run = undefined;
      ended.resolve();
    }
  }

  async #openAndRun(onReady: () => void): Promise<void> {
    // A run that is given up at once may have a commit under way.
    let isOver = false;
    const events = {
      onRunning: () => {
        if (isOver) return;
        this.#state = 'running';
        onReady();
      },
      onCommit: () => {
        this.#lastCommitMs = this.#context.clock.now();
        this.#commits++;
        this.#rate.observe(this.#rowsBefore + this.#rowsRead);
        this.#delayMs = firstDelayMs;
      },
    };
    const lanes = this.#request.tasks === null ? null : this.#assigned;
    const { signal } = this.#opening;
    const run = await ViewRun.open(this.#request, lanes, this.#unsettledId, this.#context, this.#member!, this.#failed, events, signal);
    this.#run = run;
    this.#unsettledId = null;
    if (signal.aborted) run.abandon(stopped());
    try {
      await run.run();
    } finally {
      isOver = true;
      this.#unsettledId = run.unsettledId;
    }
  }

  /** Waits until the view may begin anew. @throws the failure if it would come again. */
  async #afterFailure(error: MillraceError): Promise<void> {
    const { view, deadLetterTopic } = this.#request;
    const isPoison = deadLetterTopic !== null && this.#failed.note(error);
    if (!isPoison && !passes(error)) throw error;
    this.#restarts++;
    this.#lastError = error.message;
    if (isPoison) return;
    this.#state = 'waiting';
    this.#context.logger.warn({ view, code: error.code, error: error.message }, 'the view begins anew from its last commit');
    await delay(this.#context.clock, this.#delayMs, this.#opening.signal).catch(() => {});
    this.#delayMs = Math.min(this.#delayMs * 2, maxDelayMs);
  }
}

/** True for failures that the next run need not meet. */
function passes({ code, retryable, details }: MillraceError): boolean {
  // While it ran the log was cut behind its back: the next run says what was lost, or goes on behind it.
  if (code === 'KAFKA_OFFSET_OUT_OF_RANGE') return details['isLost'] === undefined;
  return retryable || code === 'KAFKA_FENCED' || code === 'KAFKA_BROKER_UNAVAILABLE' || code === 'KAFKA_TIMED_OUT';
}

function isSame(one: readonly TopicPartition[], other: readonly TopicPartition[]): boolean {
  const has = ({ topic, partition }: TopicPartition) => other.some((of) => of.topic === topic && of.partition === partition);
  return one.length === other.length && one.every(has);
}

function stopped(): MillraceError {
  return new MillraceError('QUERY_CANCELLED', 'the view was stopped');
}
