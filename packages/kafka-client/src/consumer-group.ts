import { asMillraceError, delay, MillraceError, type Timer } from '@millrace/core';
import type { Assignor } from './assignor.ts';
import { assignors, tasksAssignor } from './assignors.ts';
import { BackOff, isRetryable } from './back-off.ts';
import { Coordinator, commitOffsets, fetchOffsets } from './group-offsets.ts';
import { GroupSession, type Held, type Membership } from './group-session.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { ActiveGroupMember, GroupOptions, PartitionOffset, TopicPartition } from './ports.ts';
import { kafkaErrorOf } from './refused.ts';
import { ChangeSignal } from './signal.ts';

/** How often the leader looks whether its topics have more partitions. */
const partitionCheckMs = 30_000;
/** How long a member that leaves waits for a join that is under way. */
const leaveGraceMs = 1_000;

/**
 * Becomes a member of a group and stays one, through rebalances and broker failures, until it leaves.
 * @throws {MillraceError} CONFIG_INVALID if an assignor is not known.
 */
export function joinGroup(client: KafkaClient, options: GroupOptions): ActiveGroupMember {
  return new ConsumerGroupMember(client, options);
}

/** Why a generation ended for this member. */
type Ending = 'rebalance' | 'lost' | 'left';

class ConsumerGroupMember implements ActiveGroupMember {
  readonly groupId: string;
  readonly #client: KafkaClient;
  readonly #options: GroupOptions;
  readonly #coordinator: Coordinator;
  readonly #session: GroupSession;
  readonly #heartbeatIntervalMs: number;
  readonly #leaving = new AbortController();
  readonly #changed = new ChangeSignal();
  readonly #done: Promise<void>;
  #leavesForGood: boolean;
  #memberId = '';
  #membership: Membership | undefined;
  /** What the member holds (or, with eager assignors, held last), for assignors that leave things where they are. */
  #held: Held = nothingHeld;
  #polledMs: number;

  constructor(client: KafkaClient, options: GroupOptions) {
    const sessionTimeoutMs = options.sessionTimeoutMs ?? 30_000;
    this.groupId = options.groupId;
    this.#polledMs = client.clock.monotonic();
    this.#client = client;
    this.#options = options;
    this.#leavesForGood = options.instanceId === undefined;
    this.#coordinator = new Coordinator(client, options.groupId, { dedicated: true });
    this.#heartbeatIntervalMs = options.heartbeatIntervalMs ?? Math.min(3000, sessionTimeoutMs / 10);
    this.#session = new GroupSession(this.#coordinator, {
      topics: options.topics,
      sessionTimeoutMs,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
      instanceId: options.instanceId ?? null,
      assignors: (options.assignors ?? ['range']).map((name) => assignorNamed(name, options)),
    });
    this.#done = this.#run();
  }

  get memberId(): string {
    return this.#memberId;
  }

  get generation(): number {
    return this.#membership?.generation ?? -1;
  }

  get groupInstanceId(): string | null {
    return this.#options.instanceId ?? null;
  }

  get assignment(): readonly TopicPartition[] {
    return this.#membership?.assignment ?? [];
  }

  async commit(offsets: readonly PartitionOffset[]): Promise<void> {
    const { clock, requestTimeoutMs } = this.#client;
    const deadlineMs = clock.monotonic() + requestTimeoutMs;
    const backOff = new BackOff(this.#client);
    for (;;) {
      const membership = this.#membership;
      if (membership === undefined) throw this.#notAMember();
      try {
        return await commitOffsets(this.#coordinator, offsets, membership);
      } catch (error) {
        // A cooperative member works on while the group rebalances: what it still owns afterwards it may commit.
        const mayPass = this.#session.isCooperative && rebalancing.has(kafkaErrorOf(error)) && clock.monotonic() < deadlineMs;
        if (!mayPass) throw error;
        await backOff.wait();
        if (!offsets.every((of) => this.#membership !== undefined && owns(this.#membership, of))) throw error;
      }
    }
  }

  poll(): void {
    this.#polledMs = this.#client.clock.monotonic();
    this.#changed.notify();
  }

  committed(partitions: readonly TopicPartition[]): Promise<PartitionOffset[]> {
    return fetchOffsets(this.#coordinator, partitions);
  }

  async leave({ forGood = false }: { readonly forGood?: boolean } = {}): Promise<void> {
    this.#leavesForGood = forGood || this.#options.instanceId === undefined;
    this.#leaving.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const signal = AbortSignal.any([this.#leaving.signal, this.#client.signal]);
    try {
      while (!signal.aborted) await this.#liveOneGeneration(signal);
    } catch (error) {
      const failure = asMillraceError(error);
      this.#client.logger.error({ group: this.groupId, code: failure.code }, `the group member has ended: ${failure.message}`);
      this.#options.onFailed?.(failure);
    }
    await this.#giveUpMembership();
    this.#coordinator.close();
  }

  async #liveOneGeneration(signal: AbortSignal): Promise<void> {
    await this.#untilPolled(signal);
    const membership = await this.#join(signal);
    if (membership === undefined) {
      // It leaves while the group rebalances: a cooperative member still has its partitions.
      if (this.#membership !== undefined) await this.#options.onRevoked(this.#membership.assignment, false);
      return;
    }
    const moving = this.#membership?.assignment.filter((of) => !owns(membership, of)) ?? [];
    const heartbeats = new Heartbeats(() => this.#beat(membership), this.#heartbeatIntervalMs, this.#client, signal);
    let ending: Ending;
    try {
      ending = await this.#work(membership, moving, heartbeats);
    } finally {
      heartbeats.stop();
    }
    if (ending === 'lost' || (ending === 'rebalance' && !this.#session.isCooperative)) this.#membership = undefined;
    if (ending === 'lost') this.#forget();
  }

  /** Heartbeats go on while partitions are given up, so that the group waits for the commit in there. */
  async #work(membership: Membership, moving: readonly TopicPartition[], heartbeats: Heartbeats): Promise<Ending> {
    this.#memberId = membership.memberId;
    this.#membership = membership;
    this.#held = { partitions: membership.assignment, generation: membership.generation };
    if (moving.length > 0) await this.#options.onRevoked(moving, false);
    await this.#options.onAssigned(membership.assignment);
    // What was given up is handed out when all join again.
    const ending = moving.length > 0 ? (heartbeats.endedBy ?? 'rebalance') : await heartbeats.ended;
    const keeps = ending === 'rebalance' && this.#session.isCooperative;
    if (!keeps) await this.#options.onRevoked(membership.assignment, ending === 'lost');
    return ending;
  }

  /** A member that has stalled joins again when it works again. */
  async #untilPolled(signal: AbortSignal): Promise<void> {
    if (!this.#hasStalled) return;
    const aborted = Promise.withResolvers<void>();
    const onAborted = () => aborted.resolve();
    signal.addEventListener('abort', onAborted, { once: true });
    while (this.#hasStalled && !signal.aborted) await Promise.race([this.#changed.wait(), aborted.promise]);
    signal.removeEventListener('abort', onAborted);
  }

  get #hasStalled(): boolean {
    const { maxPollIntervalMs } = this.#options;
    return maxPollIntervalMs !== undefined && this.#client.clock.monotonic() - this.#polledMs > maxPollIntervalMs;
  }

  /** The group has dropped the member while it was to join again. */
  async #lose(): Promise<void> {
    const lost = this.#membership?.assignment ?? [];
    this.#membership = undefined;
    this.#memberId = '';
    this.#forget();
    if (lost.length > 0) await this.#options.onRevoked(lost, true);
  }

  /** Others may own what this member has held. */
  #forget(): void {
    if (this.#options.instanceId === undefined) this.#memberId = '';
    if (this.#session.isCooperative) this.#held = nothingHeld;
  }

  /** Tries until the group takes the member, or it is to leave. */
  async #join(signal: AbortSignal): Promise<Membership | undefined> {
    const backOff = new BackOff({ clock: this.#client.clock, random: this.#client.random, signal });
    while (!signal.aborted) {
      try {
        return await this.#joinUnlessLeaving(signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        const kafkaError = kafkaErrorOf(error);
        if (kafkaError === 'UNKNOWN_MEMBER_ID' || kafkaError === 'ILLEGAL_GENERATION') await this.#lose();
        else if (kafkaError !== 'REBALANCE_IN_PROGRESS' && !isRetryable(error)) throw error;
        this.#client.logger.debug({ group: this.groupId, error: (error as Error).message }, 'joining the group again');
        await backOff.wait().catch(() => {});
      }
    }
    return undefined;
  }

  /** A group may take as long to answer as its slowest member: who is leaving waits only a moment for it, then hangs up. */
  async #joinUnlessLeaving(signal: AbortSignal): Promise<Membership | undefined> {
    let hangUp: Timer | undefined;
    const { clock } = this.#client;
    const left = Promise.withResolvers<undefined>();
    const hungUp = new AbortController();
    const onLeaving = () => {
      hangUp = clock.setTimer(leaveGraceMs, () => {
        hungUp.abort();
        this.#coordinator.close();
        left.resolve(undefined);
      });
    };
    signal.addEventListener('abort', onLeaving, { once: true });
    const joining = this.#session.join(this.#memberId, this.#held, hungUp.signal);
    joining.catch(() => {});
    try {
      return await Promise.race([joining, left.promise]);
    } finally {
      signal.removeEventListener('abort', onLeaving);
      hangUp?.cancel();
    }
  }

  /** One heartbeat; says how the generation ended if it did. @throws what ends the member. */
  async #beat(membership: Membership): Promise<Ending | undefined> {
    if (this.#hasStalled) return this.#giveUpStalled(membership);
    try {
      await this.#session.heartbeat(membership);
      return (await this.#hasMorePartitions(membership)) ? 'rebalance' : undefined;
    } catch (error) {
      const kafkaError = kafkaErrorOf(error);
      if (kafkaError === 'REBALANCE_IN_PROGRESS') return 'rebalance';
      if (kafkaError === 'UNKNOWN_MEMBER_ID' || kafkaError === 'ILLEGAL_GENERATION') return 'lost';
      if (kafkaError === 'FENCED_INSTANCE_ID' || !isRetryable(error)) throw error;
      // The coordinator was away for a whole session: it has dropped the member.
      this.#client.logger.warn({ group: this.groupId, error: error.message }, 'the group was lost: its coordinator does not answer');
      return 'lost';
    }
  }

  /** Others go on with the partitions at once; a static member's place is kept until its session is over. */
  async #giveUpStalled(membership: Membership): Promise<Ending> {
    const { maxPollIntervalMs, instanceId } = this.#options;
    const message = `the group member has not called poll for ${maxPollIntervalMs} ms: it gives its partitions up until it does`;
    this.#client.logger.warn({ group: this.groupId }, message);
    if (instanceId === undefined) await this.#leaveGroup(membership);
    return 'lost';
  }

  #partitionsCheckedMs = 0;

  async #hasMorePartitions({ partitionCounts }: Membership): Promise<boolean> {
    const nowMs = this.#client.clock.monotonic();
    if (partitionCounts === null || nowMs - this.#partitionsCheckedMs < partitionCheckMs) return false;
    this.#partitionsCheckedMs = nowMs;
    const current = await this.#session.countPartitions([...this.#options.topics, ...partitionCounts.keys()]);
    return [...current].some(([topic, count]) => count !== partitionCounts.get(topic));
  }

  async #giveUpMembership(): Promise<void> {
    const membership = this.#membership;
    this.#membership = undefined;
    // A static member mostly goes away for a while only: the group keeps its place (KIP-345).
    if (membership === undefined || !this.#leavesForGood || this.#client.signal.aborted) return;
    await this.#leaveGroup(membership);
  }

  async #leaveGroup(membership: Membership): Promise<void> {
    await this.#session.leave(membership).catch((error: Error) => {
      this.#client.logger.debug({ group: this.groupId, error: error.message }, 'the group could not be told that a member leaves');
    });
  }

  #notAMember(): MillraceError {
    return new MillraceError('KAFKA_FENCED', `this member is not in a generation of group "${this.groupId}"`, {
      details: { groupId: this.groupId },
      retryable: false,
    });
  }
}

const nothingHeld: Held = { partitions: [], generation: -1 };
const rebalancing: ReadonlySet<string | undefined> = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION']);

function owns({ assignment }: Membership, { topic, partition }: TopicPartition): boolean {
  return assignment.some((owned) => owned.topic === topic && owned.partition === partition);
}

function assignorNamed(name: string, { tasks = 1 }: GroupOptions): Assignor {
  if (name === 'millrace-tasks') return tasksAssignor(tasks);
  const assignor = (assignors as Readonly<Record<string, Assignor>>)[name];
  if (assignor !== undefined) return assignor;
  const known = [...Object.keys(assignors), 'millrace-tasks'].join(', ');
  throw new MillraceError('CONFIG_INVALID', `there is no assignor "${name}"; known are ${known}`, { details: { given: name } });
}

/** Sends heartbeats one after the other until one says that the generation has ended, or the signal says so. */
class Heartbeats {
  readonly ended: Promise<Ending>;
  /** How it has ended, if it has. */
  endedBy: Ending | undefined;
  readonly #stopping = new AbortController();

  constructor(beat: () => Promise<Ending | undefined>, intervalMs: number, client: KafkaClient, signal: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<Ending>();
    this.ended = promise;
    // Whoever waits sees the failure; nobody waiting is no unhandled rejection.
    promise.catch(() => {});
    promise.then(
      (ending) => {
        this.endedBy = ending;
      },
      () => {},
    );
    signal.addEventListener('abort', () => resolve('left'), { once: true, signal: this.#stopping.signal });
    if (signal.aborted) resolve('left');
    void this.#run(beat, intervalMs, client, resolve).catch(reject);
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #run(
    beat: () => Promise<Ending | undefined>,
    intervalMs: number,
    client: KafkaClient,
    onEnding: (ending: Ending) => void,
  ): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await delay(client.clock, intervalMs, signal);
      } catch {
        return;
      }
      const ending = await beat();
      if (ending !== undefined) onEnding(ending);
      if (ending === 'lost') return;
    }
  }
}
