import type { Clock, Random, Timer } from '@millrace/core';
import type { KafkaErrorName } from '@millrace/kafka-protocol';
import { hasCommonProtocol, selectProtocol } from './group-protocol.ts';
import { type JoinResult, joinFailure, Member, type MemberTraits, type SyncResult, syncFailure } from './member.ts';
import type { StoredGroup } from './stored-group.ts';

/** What a member is called by goes into its id, which must fit into a string of the protocol. */
const memberNameMax = 255;

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/** A committed position. */
export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string | null;
  readonly committedAtMs: number;
}

export interface JoinRequest {
  readonly memberId: string;
  readonly protocolType: string;
  readonly traits: MemberTraits;
  /** JoinGroup 4 and later: a new member is first told its id (KIP-394). */
  readonly requiresKnownMemberId: boolean;
  /** JoinGroup 9 and later (KIP-814). */
  readonly canSkipAssignment: boolean;
}

export interface SyncRequest {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[];
}

export interface GroupPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Writes the group down; called when a generation is settled. @throws {MillraceError} DISK_FULL, DISK_IO */
  readonly save: (group: StoredGroup) => void;
  readonly initialRebalanceDelayMs: number;
}

/**
 * One consumer group of the classic protocol: who is in it, in which generation, and who waits for whom.
 *
 * Empty → PreparingRebalance (members must join again) → CompletingRebalance (the leader must assign) → Stable; Dead once deleted.
 * A member's session runs while nothing of it is under way; one that waits for an answer is alive.
 * @see Kafka's `GroupCoordinator`; KIP-62, KIP-345, KIP-394, KIP-814
 */
export class Group {
  readonly id: string;
  readonly offsets = new Map<string, Map<number, CommittedOffset>>();
  readonly #ports: GroupPorts;
  readonly #members = new Map<string, Member>();
  readonly #staticMembers = new Map<string, string>();
  /** Members that were told their id and have not come back with it. */
  readonly #pendingMembers = new Map<string, Timer>();
  #state: GroupState = 'Empty';
  #generation = 0;
  #protocolType: string | null = null;
  #protocolName: string | null = null;
  #leader: string | null = null;
  #joinTimer: Timer | undefined;
  #isDelayed = false;
  #hasNewMember = false;
  #emptySinceMs: number;
  #settled: StoredGroup | undefined;

  constructor(id: string, ports: GroupPorts) {
    this.id = id;
    this.#ports = ports;
    this.#emptySinceMs = ports.clock.now();
  }

  get state(): GroupState {
    return this.#state;
  }

  get generation(): number {
    return this.#generation;
  }

  get protocolType(): string | null {
    return this.#protocolType;
  }

  get protocolName(): string | null {
    return this.#protocolName;
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Since when there is no member; a group that never had one, but whose offsets are committed from outside, says 0. */
  get emptySinceMs(): number {
    return this.#protocolType === null ? 0 : this.#emptySinceMs;
  }

  /** True if nothing would be lost with it. */
  get isVoid(): boolean {
    return this.#state === 'Empty' && this.offsets.size === 0 && this.#pendingMembers.size === 0;
  }

  join(request: JoinRequest): Promise<JoinResult> {
    return new Promise((answer) => {
      if (this.#state === 'Dead') return answer(joinFailure('COORDINATOR_NOT_AVAILABLE', request.memberId));
      if (!this.#acceptsProtocols(request)) return answer(joinFailure('INCONSISTENT_GROUP_PROTOCOL', request.memberId));
      if (request.memberId === '') this.#joinUnknown(request, answer);
      else this.#joinKnown(request, answer);
    });
  }

  sync(request: SyncRequest): Promise<SyncResult> {
    return new Promise((answer) => {
      const error = this.#refuseMember(request.memberId, request.instanceId, request.generation) ?? this.#refuseSync(request);
      if (error !== undefined) return answer(syncFailure(error));
      const member = this.#members.get(request.memberId)!;
      if (this.#state === 'Stable') {
        this.#restartSession(member);
        return answer(this.#syncSuccess(member));
      }
      member.answerSync = answer;
      member.sessionTimer?.cancel();
      if (member.id === this.#leader) this.#assign(request.assignments);
    });
  }

  heartbeat(memberId: string, instanceId: string | null, generation: number): KafkaErrorName {
    const error = this.#refuseMember(memberId, instanceId, generation);
    if (error !== undefined) return error;
    this.#restartSession(this.#members.get(memberId)!);
    return this.#state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE';
  }

  leave(memberId: string, instanceId: string | null): KafkaErrorName {
    if (instanceId !== null) {
      const current = this.#staticMembers.get(instanceId);
      if (current === undefined) return 'UNKNOWN_MEMBER_ID';
      if (memberId !== '' && memberId !== current) return 'FENCED_INSTANCE_ID';
      this.#remove(this.#members.get(current)!);
      return 'NONE';
    }
    const pending = this.#pendingMembers.get(memberId);
    if (pending !== undefined) {
      this.#forgetPending(memberId);
      return 'NONE';
    }
    const member = this.#members.get(memberId);
    if (member === undefined) return 'UNKNOWN_MEMBER_ID';
    this.#remove(member);
    return 'NONE';
  }

  /** Why this committer may not commit, or undefined. Generation −1 is that of one who is no member. */
  refuseCommit(memberId: string, instanceId: string | null, generation: number): KafkaErrorName | undefined {
    if (this.#state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE';
    if (generation < 0 && this.#state === 'Empty') return undefined;
    const error = this.#refuseMember(memberId, instanceId, generation);
    if (error !== undefined) return error;
    if (this.#state === 'CompletingRebalance') return 'REBALANCE_IN_PROGRESS';
    this.#restartSession(this.#members.get(memberId)!);
    return undefined;
  }

  /**
   * Why this committer may not commit in a transaction, or undefined. One that tells nothing of itself is taken in any state: only its
   * producer id fences it.
   * @see KIP-447
   */
  refuseTransactionalCommit(memberId: string, instanceId: string | null, generation: number): KafkaErrorName | undefined {
    if (this.#state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE';
    if (generation < 0 && (this.#state === 'Empty' || (memberId === '' && instanceId === null))) return undefined;
    return this.#refuseMember(memberId, instanceId, generation);
  }

  /** Ends the group: whoever still waits is told that there is no coordinator for it, or that it is not this one. */
  kill(error: KafkaErrorName = 'COORDINATOR_NOT_AVAILABLE'): void {
    this.#state = 'Dead';
    this.#joinTimer?.cancel();
    for (const timer of this.#pendingMembers.values()) timer.cancel();
    this.#pendingMembers.clear();
    for (const member of this.#members.values()) member.dismiss(error);
  }

  /** The last generation that was written down. */
  get settled(): StoredGroup | undefined {
    return this.#settled;
  }

  /** Takes over what was written down; the members' sessions begin anew. */
  restore(stored: StoredGroup): void {
    this.#settled = stored;
    this.#generation = stored.generation;
    this.#protocolType = stored.protocolType;
    this.#protocolName = stored.protocolName;
    this.#leader = stored.leader;
    this.#emptySinceMs = stored.emptySinceMs;
    for (const { id, traits, assignment } of stored.members) {
      const member = new Member(id, traits);
      member.assignment = assignment;
      this.#addMember(member);
      this.#restartSession(member);
    }
    this.#state = this.#members.size === 0 ? 'Empty' : 'Stable';
  }

  #joinUnknown(request: JoinRequest, answer: (result: JoinResult) => void): void {
    const { instanceId, clientId, sessionTimeoutMs } = request.traits;
    const memberId = `${(instanceId ?? clientId).slice(0, memberNameMax)}-${this.#ports.random.uuid()}`;
    const replaced = instanceId === null ? undefined : this.#staticMembers.get(instanceId);
    if (replaced !== undefined) {
      this.#replaceStatic(this.#members.get(replaced)!, memberId, request, answer);
      return;
    }
    if (instanceId === null && request.requiresKnownMemberId) {
      const timer = this.#ports.clock.setTimer(sessionTimeoutMs, () => this.#forgetPending(memberId), { unref: true });
      this.#pendingMembers.set(memberId, timer);
      answer(joinFailure('MEMBER_ID_REQUIRED', memberId));
      return;
    }
    this.#addAndRebalance(memberId, request, answer);
  }

  #joinKnown(request: JoinRequest, answer: (result: JoinResult) => void): void {
    const { memberId, traits } = request;
    const pending = this.#pendingMembers.get(memberId);
    if (pending !== undefined) {
      pending.cancel();
      this.#pendingMembers.delete(memberId);
      this.#addAndRebalance(memberId, request, answer);
      return;
    }
    const error = this.#refuseMember(memberId, traits.instanceId);
    if (error !== undefined) {
      answer(joinFailure(error, memberId));
      return;
    }
    const member = this.#members.get(memberId)!;
    const isUnchanged = member.hasSameProtocols(traits.protocols);
    const mustRebalance = this.#state === 'PreparingRebalance' || !isUnchanged || (this.#state === 'Stable' && memberId === this.#leader);
    if (mustRebalance) {
      this.#updateAndRebalance(member, traits, answer);
      return;
    }
    // A repeated join: its answer was lost.
    this.#restartSession(member);
    answer(this.#joinSuccess(member));
  }

  #addAndRebalance(memberId: string, request: JoinRequest, answer: (result: JoinResult) => void): void {
    const member = new Member(memberId, request.traits);
    member.answerJoin = answer;
    this.#protocolType ??= request.protocolType;
    if (this.#members.size === 0) this.#protocolType = request.protocolType;
    this.#addMember(member);
    this.#hasNewMember = true;
    if (this.#state === 'PreparingRebalance') this.#completeJoinIfAllAreHere();
    else this.#prepareRebalance();
  }

  #updateAndRebalance(member: Member, traits: MemberTraits, answer: (result: JoinResult) => void): void {
    member.settleJoin(joinFailure('UNKNOWN_MEMBER_ID', member.id)); // an older request of the same member
    member.traits = traits;
    member.answerJoin = answer;
    member.sessionTimer?.cancel();
    if (this.#state === 'PreparingRebalance') this.#completeJoinIfAllAreHere();
    else this.#prepareRebalance();
  }

  /** The same instance came back under a new member id (KIP-345): the old one is fenced, and a stable group stays so. */
  #replaceStatic(old: Member, memberId: string, request: JoinRequest, answer: (result: JoinResult) => void): void {
    const wasLeader = this.#leader === old.id;
    old.dismiss('FENCED_INSTANCE_ID');
    const member = new Member(memberId, request.traits);
    member.assignment = old.assignment;
    this.#members.delete(old.id);
    this.#addMember(member);
    if (wasLeader) this.#leader = memberId;
    // What it says of itself may differ, as it owns nothing yet: only a change of the protocol that is agreed on concerns the others.
    if (this.#state === 'Stable' && selectProtocol(this.members) === this.#protocolName) {
      this.#save();
      this.#restartSession(member);
      answer(this.#staticJoinSuccess(member, old.id, wasLeader, request.canSkipAssignment));
      return;
    }
    member.answerJoin = answer;
    if (this.#state === 'PreparingRebalance') this.#completeJoinIfAllAreHere();
    else this.#prepareRebalance();
  }

  /** A leader that cannot skip the assignment is told the old leader's id, so that it takes itself for a follower. */
  #staticJoinSuccess(member: Member, oldId: string, wasLeader: boolean, canSkipAssignment: boolean): JoinResult {
    const result = this.#joinSuccess(member);
    if (!wasLeader) return result;
    return canSkipAssignment ? { ...result, skipAssignment: true } : { ...result, leader: oldId, members: [] };
  }

  #prepareRebalance(): void {
    const wasEmpty = this.#state === 'Empty';
    if (this.#state === 'CompletingRebalance') {
      for (const member of this.#members.values()) {
        if (member.answerSync !== undefined) this.#restartSession(member);
        member.settleSync(syncFailure('REBALANCE_IN_PROGRESS'));
      }
    }
    this.#state = 'PreparingRebalance';
    if (wasEmpty && this.#ports.initialRebalanceDelayMs > 0) this.#delayFirstJoin(this.#rebalanceTimeoutMs());
    else this.#awaitMembers();
  }

  /** The first rebalance of a group waits for its members to start, longer while they keep coming. */
  #delayFirstJoin(remainingMs: number): void {
    this.#isDelayed = true;
    this.#hasNewMember = false;
    const delayMs = Math.min(this.#ports.initialRebalanceDelayMs, remainingMs);
    this.#joinTimer?.cancel();
    this.#joinTimer = this.#ports.clock.setTimer(
      delayMs,
      () => {
        if (this.#hasNewMember && remainingMs > delayMs) return this.#delayFirstJoin(remainingMs - delayMs);
        this.#isDelayed = false;
        this.#awaitMembers();
      },
      { unref: true },
    );
  }

  #awaitMembers(): void {
    this.#joinTimer?.cancel();
    this.#joinTimer = this.#ports.clock.setTimer(this.#rebalanceTimeoutMs(), () => this.#completeJoin(), { unref: true });
    this.#completeJoinIfAllAreHere();
  }

  #completeJoinIfAllAreHere(): void {
    if (this.#isDelayed || this.#pendingMembers.size > 0) return;
    for (const member of this.#members.values()) if (member.answerJoin === undefined) return;
    this.#completeJoin();
  }

  #completeJoin(): void {
    if (this.#state !== 'PreparingRebalance') return;
    this.#joinTimer?.cancel();
    for (const member of this.#members.values()) {
      // A static member that is away keeps its place until its session ends.
      if (member.answerJoin === undefined && !member.isStatic) this.#forget(member);
    }
    const present = this.members.filter((member) => member.answerJoin !== undefined);
    if (present.length === 0 && this.#members.size > 0) {
      this.#awaitMembers();
      return;
    }
    this.#generation++;
    if (this.#members.size === 0) {
      this.#becomeEmpty();
      return;
    }
    if (!present.some(({ id }) => id === this.#leader)) this.#leader = present[0]!.id;
    this.#protocolName = selectProtocol(this.members);
    this.#state = 'CompletingRebalance';
    for (const member of this.members) {
      member.assignment = Buffer.alloc(0);
      if (member.answerJoin === undefined) continue;
      this.#restartSession(member);
      member.settleJoin(this.#joinSuccess(member));
    }
  }

  #becomeEmpty(): void {
    this.#state = 'Empty';
    this.#protocolName = null;
    this.#leader = null;
    this.#emptySinceMs = this.#ports.clock.now();
    try {
      this.#save();
    } catch {
      // What is on disk still names members, whose sessions will end after a restart: the same comes out.
    }
  }

  #assign(assignments: SyncRequest['assignments']): void {
    const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]));
    // Copies: a slice would keep the whole request alive.
    for (const member of this.#members.values()) member.assignment = Buffer.from(byMember.get(member.id) ?? []);
    try {
      this.#save();
    } catch {
      for (const member of this.#members.values()) {
        member.assignment = Buffer.alloc(0);
        if (member.answerSync === undefined) continue;
        // Told of a rebalance alone, clients would join again at once, without end while the disk is full.
        this.#restartSession(member);
        member.settleSync(syncFailure('COORDINATOR_NOT_AVAILABLE'));
      }
      this.#prepareRebalance();
      return;
    }
    this.#state = 'Stable';
    for (const member of this.#members.values()) {
      if (member.answerSync === undefined) continue;
      this.#restartSession(member);
      member.settleSync(this.#syncSuccess(member));
    }
  }

  #save(): void {
    const settled = {
      generation: this.#generation,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      leader: this.#leader,
      emptySinceMs: this.#emptySinceMs,
      members: this.members.map(({ id, traits, assignment }) => ({ id, traits, assignment })),
    };
    this.#ports.save(settled);
    this.#settled = settled;
  }

  /** Takes a member out and has the others join again. */
  #remove(member: Member): void {
    member.dismiss('UNKNOWN_MEMBER_ID');
    this.#forget(member);
    if (this.#state === 'PreparingRebalance') this.#completeJoinIfAllAreHere();
    else if (this.#state === 'Stable' || this.#state === 'CompletingRebalance') this.#prepareRebalance();
  }

  #addMember(member: Member): void {
    this.#members.set(member.id, member);
    if (member.traits.instanceId !== null) this.#staticMembers.set(member.traits.instanceId, member.id);
    this.#leader ??= member.id;
  }

  #forget(member: Member): void {
    member.sessionTimer?.cancel();
    this.#members.delete(member.id);
    const { instanceId } = member.traits;
    if (instanceId !== null && this.#staticMembers.get(instanceId) === member.id) this.#staticMembers.delete(instanceId);
    if (this.#leader === member.id) this.#leader = this.#members.keys().next().value ?? null;
  }

  #forgetPending(memberId: string): void {
    this.#pendingMembers.get(memberId)?.cancel();
    this.#pendingMembers.delete(memberId);
    if (this.#state === 'PreparingRebalance') this.#completeJoinIfAllAreHere();
  }

  #restartSession(member: Member): void {
    member.sessionTimer?.cancel();
    const onEnd = () => {
      if (member.answerJoin === undefined && member.answerSync === undefined) this.#remove(member);
    };
    member.sessionTimer = this.#ports.clock.setTimer(member.traits.sessionTimeoutMs, onEnd, { unref: true });
  }

  #refuseMember(memberId: string, instanceId: string | null, generation?: number): KafkaErrorName | undefined {
    if (this.#state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE';
    if (instanceId !== null) {
      const current = this.#staticMembers.get(instanceId);
      if (current === undefined) return 'UNKNOWN_MEMBER_ID';
      if (current !== memberId) return 'FENCED_INSTANCE_ID';
    }
    if (!this.#members.has(memberId)) return 'UNKNOWN_MEMBER_ID';
    return generation === undefined || generation === this.#generation ? undefined : 'ILLEGAL_GENERATION';
  }

  #refuseSync(request: SyncRequest): KafkaErrorName | undefined {
    if (request.protocolType !== null && request.protocolType !== this.#protocolType) return 'INCONSISTENT_GROUP_PROTOCOL';
    if (request.protocolName !== null && request.protocolName !== this.#protocolName) return 'INCONSISTENT_GROUP_PROTOCOL';
    return this.#state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : undefined;
  }

  #acceptsProtocols({ memberId, protocolType, traits }: JoinRequest): boolean {
    if (traits.protocols.length === 0 || protocolType === '') return false;
    const others = this.members.filter(
      ({ id, traits: { instanceId } }) => id !== memberId && (instanceId === null || instanceId !== traits.instanceId),
    );
    if (others.length === 0) return true;
    const names = traits.protocols.map(({ name }) => name);
    return protocolType === this.#protocolType && hasCommonProtocol(names, others);
  }

  #joinSuccess(member: Member): JoinResult {
    const isLeader = member.id === this.#leader;
    const members = this.members.map((other) => ({
      memberId: other.id,
      groupInstanceId: other.traits.instanceId,
      metadata: other.metadataFor(this.#protocolName),
    }));
    return {
      error: 'NONE',
      memberId: member.id,
      generation: this.#generation,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      leader: this.#leader ?? '',
      skipAssignment: false,
      members: isLeader ? members : [],
    };
  }

  #syncSuccess(member: Member): SyncResult {
    return { error: 'NONE', protocolType: this.#protocolType, protocolName: this.#protocolName, assignment: member.assignment };
  }

  #rebalanceTimeoutMs(): number {
    return Math.max(0, ...this.members.map(({ traits }) => traits.rebalanceTimeoutMs));
  }
}
