import type { Random, Timer } from '@millrace/core';
import { decodeSubscription, type KafkaErrorName } from '@millrace/kafka-protocol';
import { type KeyedEntry, KeyedLog } from '../log/keyed-log.ts';
import type { LogSettings, PartitionLogPorts } from '../log/partition-log.ts';
import { type CommittedOffset, Group, type JoinRequest, type SyncRequest } from './group.ts';
import { type JoinResult, joinFailure, type SyncResult, syncFailure } from './member.ts';
import { decodeStoredGroup, encodeStoredGroup, type StoredGroup } from './stored-group.ts';

export interface GroupCoordinatorOptions {
  readonly directory: string;
  readonly logSettings: LogSettings;
  readonly sessionTimeoutMinMs: number;
  readonly sessionTimeoutMaxMs: number;
  readonly initialRebalanceDelayMs: number;
  /** How long offsets stay after their group became empty. */
  readonly offsetsRetentionMs: number;
  /** Size from which the group log is compacted; default 16 MiB. */
  readonly compactionBytesMin?: number;
}

/** What stands in the group log: a group's generation, or one committed offset. */
type GroupKey = readonly ['group', group: string] | readonly ['offset', group: string, topic: string, partition: number];
type GroupEntry = KeyedEntry<GroupKey>;

/** One position to commit. */
export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string | null;
}

export interface Committer {
  readonly group: string;
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
}

const compactionBytesMin = 16 * 1024 * 1024;
const expiryCheckMs = 10 * 60_000;

/**
 * All consumer groups of the broker with their committed offsets.
 * Offsets and settled generations are written to the group log before they are acknowledged.
 */
export class GroupCoordinator {
  readonly #ports: PartitionLogPorts & { readonly random: Random };
  readonly #options: GroupCoordinatorOptions;
  readonly #groups = new Map<string, Group>();
  readonly #log: KeyedLog<GroupKey>;
  #expiryTimer: Timer | undefined;

  constructor(ports: PartitionLogPorts & { readonly random: Random }, options: GroupCoordinatorOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#log = new KeyedLog<GroupKey>(
      options.directory,
      ports,
      options.logSettings,
      () => this.#entries(),
      options.compactionBytesMin ?? compactionBytesMin,
    );
  }

  /** Loads what was written down. */
  open(): void {
    const stored = new Map<string, Buffer>();
    for (const { key, value } of this.#log.entries()) {
      if (key[0] === 'group') {
        if (value === null) {
          stored.delete(key[1]);
          this.#groups.delete(key[1]);
        } else {
          stored.set(key[1], Buffer.from(value));
          this.#groupOrNew(key[1]);
        }
      } else this.#applyOffset(key[1], key[2], key[3], value);
    }
    for (const [id, bytes] of stored) this.#groups.get(id)!.restore(decodeStoredGroup(bytes));
    this.#armExpiry();
  }

  join(groupId: string, request: JoinRequest): Promise<JoinResult> {
    const { memberId, traits } = request;
    const refuse = (error: KafkaErrorName) => Promise.resolve(joinFailure(error, memberId));
    if (groupId === '') return refuse('INVALID_GROUP_ID');
    const { sessionTimeoutMinMs, sessionTimeoutMaxMs } = this.#options;
    if (traits.sessionTimeoutMs < sessionTimeoutMinMs || traits.sessionTimeoutMs > sessionTimeoutMaxMs)
      return refuse('INVALID_SESSION_TIMEOUT');
    if (memberId !== '' && !this.#groups.has(groupId)) return refuse('UNKNOWN_MEMBER_ID');
    return this.#groupOrNew(groupId).join(request);
  }

  sync(groupId: string, request: SyncRequest): Promise<SyncResult> {
    if (groupId === '') return Promise.resolve(syncFailure('INVALID_GROUP_ID'));
    return this.#groups.get(groupId)?.sync(request) ?? Promise.resolve(syncFailure('UNKNOWN_MEMBER_ID'));
  }

  heartbeat(groupId: string, memberId: string, instanceId: string | null, generation: number): KafkaErrorName {
    if (groupId === '') return 'INVALID_GROUP_ID';
    return this.#groups.get(groupId)?.heartbeat(memberId, instanceId, generation) ?? 'UNKNOWN_MEMBER_ID';
  }

  leave(groupId: string, memberId: string, instanceId: string | null): KafkaErrorName {
    if (groupId === '') return 'INVALID_GROUP_ID';
    return this.#groups.get(groupId)?.leave(memberId, instanceId) ?? 'UNKNOWN_MEMBER_ID';
  }

  /** Why this committer may not commit, or undefined. */
  refuseCommit({ group, memberId, instanceId, generation }: Committer): KafkaErrorName | undefined {
    const known = this.#groups.get(group);
    if (known === undefined) return generation < 0 ? undefined : 'ILLEGAL_GENERATION';
    return known.refuseCommit(memberId, instanceId, generation);
  }

  /** Why this committer may not commit as part of a transaction, or undefined. @see KIP-447 */
  refuseTransactionalCommit({ group, memberId, instanceId, generation }: Committer): KafkaErrorName | undefined {
    if (group === '') return 'INVALID_GROUP_ID';
    const known = this.#groups.get(group);
    if (known === undefined) return generation < 0 ? undefined : 'ILLEGAL_GENERATION';
    return known.refuseTransactionalCommit(memberId, instanceId, generation);
  }

  /** Writes offsets down, all or none. @throws {MillraceError} DISK_FULL, DISK_IO */
  async commit(groupId: string, offsets: readonly OffsetToCommit[]): Promise<void> {
    if (offsets.length === 0) return;
    const committedAtMs = this.#ports.clock.now();
    const entries = offsets.map(({ topic, partition, offset, leaderEpoch, metadata }): GroupEntry => {
      const value: CommittedOffset = { offset, leaderEpoch, metadata, committedAtMs };
      return { key: ['offset', groupId, topic, partition], value: Buffer.from(JSON.stringify(value)) };
    });
    this.#log.append(entries);
    for (const [i, { topic, partition }] of offsets.entries()) this.#applyOffset(groupId, topic, partition, entries[i]!.value);
    this.#armExpiry();
    if (this.#log.needsFlush) await this.#log.flush();
  }

  committed(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#groups.get(groupId)?.offsets.get(topic)?.get(partition);
  }

  get(groupId: string): Group | undefined {
    return this.#groups.get(groupId);
  }

  list(): Group[] {
    return [...this.#groups.values()];
  }

  /** @throws {MillraceError} DISK_FULL, DISK_IO */
  delete(groupId: string): KafkaErrorName {
    const group = this.#groups.get(groupId);
    if (group === undefined) return 'GROUP_ID_NOT_FOUND';
    if (group.state !== 'Empty') return 'NON_EMPTY_GROUP';
    this.#log.append([...this.#tombstones(group), { key: ['group', groupId], value: null }]);
    group.kill();
    this.#groups.delete(groupId);
    return 'NONE';
  }

  /**
   * Another node coordinates the group now: it knows what is written down, and begins the sessions of the members anew. Whoever waits for an
   * answer is told NOT_COORDINATOR.
   */
  reload(groupId: string): void {
    const before = this.#groups.get(groupId);
    if (before === undefined) return;
    before.kill('NOT_COORDINATOR');
    this.#groups.delete(groupId);
    const group = this.#groupOrNew(groupId);
    for (const [topic, partitions] of before.offsets) group.offsets.set(topic, partitions);
    if (before.settled !== undefined) group.restore(before.settled);
  }

  /** Forgets one offset, unless a member of the group reads the topic. @throws {MillraceError} DISK_FULL, DISK_IO */
  deleteOffset(group: Group, topic: string, partition: number): KafkaErrorName {
    if (isSubscribed(group, topic)) return 'GROUP_SUBSCRIBED_TO_TOPIC';
    if (!group.offsets.get(topic)?.has(partition)) return 'NONE';
    this.#log.append([{ key: ['offset', group.id, topic, partition], value: null }]);
    this.#applyOffset(group.id, topic, partition, null);
    return 'NONE';
  }

  /** The topic is gone, and with it every offset in it. @throws {MillraceError} DISK_FULL, DISK_IO */
  forgetTopic(topic: string): void {
    for (const group of this.list()) {
      const partitions = [...(group.offsets.get(topic)?.keys() ?? [])];
      if (partitions.length === 0) continue;
      this.#log.append(partitions.map((partition) => ({ key: ['offset', group.id, topic, partition], value: null })));
      group.offsets.delete(topic);
    }
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#log.close();
  }

  /** Lets go of everything without writing, as the end of the process would. */
  abandon(): void {
    this.#stop();
    this.#log.abandon();
  }

  #stop(): void {
    this.#expiryTimer?.cancel();
    for (const group of this.#groups.values()) group.kill();
  }

  #groupOrNew(id: string): Group {
    let group = this.#groups.get(id);
    if (group === undefined) {
      const { clock, random } = this.#ports;
      const save = (settled: StoredGroup) => this.#log.append([{ key: ['group', id], value: encodeStoredGroup(settled) }]);
      group = new Group(id, { clock, random, save, initialRebalanceDelayMs: this.#options.initialRebalanceDelayMs });
      this.#groups.set(id, group);
      this.#armExpiry();
    }
    return group;
  }

  #applyOffset(groupId: string, topic: string, partition: number, value: Buffer | null): void {
    const { offsets } = this.#groupOrNew(groupId);
    const partitions = offsets.get(topic) ?? new Map<number, CommittedOffset>();
    if (value === null) partitions.delete(partition);
    else partitions.set(partition, JSON.parse(value.toString()) as CommittedOffset);
    if (partitions.size === 0) offsets.delete(topic);
    else offsets.set(topic, partitions);
  }

  #armExpiry(): void {
    if (this.#expiryTimer !== undefined || this.#groups.size === 0) return;
    this.#expiryTimer = this.#ports.clock.setTimer(
      expiryCheckMs,
      () => {
        this.#expiryTimer = undefined;
        try {
          this.#expire();
        } catch (failure) {
          this.#ports.logger.warn({ error: String(failure) }, 'expired offsets not removed');
        }
        this.#armExpiry();
      },
      { unref: true },
    );
  }

  /** Removes the offsets of groups that have been empty for long, and then the groups. */
  #expire(): void {
    const oldestMs = this.#ports.clock.now() - this.#options.offsetsRetentionMs;
    for (const group of this.list()) {
      if (group.state !== 'Empty' || group.emptySinceMs > oldestMs) continue;
      const expired = [...this.#offsetsOf(group)].filter(({ value }) => value.committedAtMs <= oldestMs);
      if (expired.length > 0) this.#log.append(expired.map(({ key }) => ({ key, value: null })));
      for (const { key } of expired) this.#applyOffset(group.id, key[2], key[3], null);
      if (group.isVoid) this.delete(group.id);
    }
  }

  *#offsetsOf(group: Group) {
    for (const [topic, partitions] of group.offsets) {
      for (const [partition, value] of partitions) yield { key: ['offset', group.id, topic, partition] as const, value };
    }
  }

  #tombstones(group: Group): GroupEntry[] {
    return [...this.#offsetsOf(group)].map(({ key }) => ({ key, value: null }));
  }

  *#entries(): Generator<GroupEntry> {
    for (const group of this.#groups.values()) {
      if (group.settled !== undefined) yield { key: ['group', group.id], value: encodeStoredGroup(group.settled) };
      for (const { key, value } of this.#offsetsOf(group)) yield { key, value: Buffer.from(JSON.stringify(value)) };
    }
  }
}

function isSubscribed(group: Group, topic: string): boolean {
  if (group.protocolType !== 'consumer') return group.members.length > 0;
  return group.members.some((member) =>
    member.traits.protocols.some(({ metadata }) => {
      try {
        return decodeSubscription(metadata).topics.includes(topic);
      } catch {
        return true; // not readable, so it may be subscribed
      }
    }),
  );
}
