import type { GroupIdentity, GroupOptions, PartitionOffset, TopicPartition } from '@millrace/kafka-client';
import { type FakeCluster, fenced } from './fake-cluster.ts';

/** A member as its coordinator knows it. */
export interface KnownMember {
  readonly memberId: string;
  readonly instanceId: string;
  readonly options: GroupOptions;
  /** Brings it a new generation; of what it has to give up it says when that is done. */
  readonly assign: (generation: number, partitions: readonly TopicPartition[]) => void;
}

/** The coordinator of a group that gives all partitions to one member, as long as it is there. */
export class FakeGroup {
  readonly groupId: string;
  protected readonly cluster: FakeCluster;
  protected readonly members = new Map<string, KnownMember & { seenMs: number }>();
  /** By `partition@topic`. */
  readonly offsets = new Map<string, number>();
  protected generation = 0;
  #nextMember = 1;
  /** Who has the partitions, or is to give them up. */
  #ownerId: string | undefined;
  #ownerInstance: string | undefined;
  /** Who is to have them next, while the owner still gives them up. */
  #heirId: string | undefined;

  constructor(cluster: FakeCluster, groupId: string) {
    this.cluster = cluster;
    this.groupId = groupId;
  }

  /** A static member takes the place of its former self. */
  join(instanceId: string, options: GroupOptions, assign: KnownMember['assign']): string {
    const former = [...this.members.values()].find((member) => member.instanceId === instanceId);
    const memberId = this.enter(instanceId, options, assign);
    if (former !== undefined && former.memberId === this.#ownerId) this.#ownerId = memberId;
    if (former !== undefined && former.memberId === this.#heirId) this.#heirId = memberId;
    this.rebalance();
    return memberId;
  }

  /** Takes a member in; its former self is out. */
  protected enter(instanceId: string, options: GroupOptions, assign: KnownMember['assign']): string {
    const former = [...this.members.values()].find((member) => member.instanceId === instanceId);
    if (former !== undefined) this.members.delete(former.memberId);
    const memberId = `member-${this.#nextMember++}`;
    this.members.set(memberId, { memberId, instanceId, options, assign, seenMs: this.cluster.timeline.nowMs });
    this.#expire(memberId);
    return memberId;
  }

  heartbeat(memberId: string): boolean {
    const member = this.members.get(memberId);
    if (member !== undefined) member.seenMs = this.cluster.timeline.nowMs;
    return member !== undefined;
  }

  leave(memberId: string): void {
    if (this.members.delete(memberId)) this.rebalance();
  }

  /** The owner has given everything up. */
  released(memberId: string): void {
    if (memberId !== this.#ownerId || this.#heirId === undefined) return;
    this.#ownerId = this.#heirId;
    this.#heirId = undefined;
    this.rebalance();
  }

  /** Gives the partitions to another member, if there is one. */
  move(): void {
    const others = [...this.members.keys()].filter((memberId) => memberId !== this.#ownerId);
    if (others.length === 0 || this.#ownerId === undefined) return;
    this.#heirId = others[this.cluster.random.below(others.length)]!;
    this.rebalance();
  }

  /** @throws KAFKA_FENCED if this is no member of the current generation. */
  check({ memberId, generation }: GroupIdentity): void {
    if (!this.members.has(memberId)) throw fenced(this.groupId, 'UNKNOWN_MEMBER_ID');
    if (generation !== this.generation) throw fenced(this.groupId, 'ILLEGAL_GENERATION');
  }

  commit(offsets: readonly PartitionOffset[]): void {
    for (const { topic, partition, offset } of offsets) {
      const key = `${partition}@${topic}`;
      const before = this.offsets.get(key) ?? 0;
      if (offset < before) this.cluster.violations.push(`the offset of ${key} went back from ${before} to ${offset}`);
      this.offsets.set(key, offset);
    }
  }

  committed(partitions: readonly TopicPartition[]): PartitionOffset[] {
    return partitions.flatMap(({ topic, partition }) => {
      const offset = this.offsets.get(`${partition}@${topic}`);
      return offset === undefined ? [] : [{ topic, partition, offset }];
    });
  }

  protected rebalance(): void {
    const members = [...this.members.values()];
    this.generation++;
    if (this.#heirId !== undefined && !this.members.has(this.#heirId)) this.#heirId = undefined;
    if (this.#ownerId === undefined || !this.members.has(this.#ownerId)) {
      const same = members.find(({ instanceId }) => instanceId === this.#ownerInstance);
      this.#ownerId = this.#heirId ?? same?.memberId ?? members[this.cluster.random.below(members.length)]?.memberId;
      this.#heirId = undefined;
    }
    this.#ownerInstance = members.find(({ memberId }) => memberId === this.#ownerId)?.instanceId;
    const owner = this.#heirId === undefined ? this.#ownerId : undefined;
    for (const { memberId, options, assign } of members) assign(this.generation, memberId === owner ? this.partitionsOf(options) : []);
  }

  protected partitionsOf({ topics }: GroupOptions): TopicPartition[] {
    return topics.flatMap((topic) => this.cluster.topic(topic).logs.map(({ partition }) => ({ topic, partition })));
  }

  /** Drops the member when its session is over. */
  #expire(memberId: string): void {
    const member = this.members.get(memberId);
    if (member === undefined) return;
    const { timeline } = this.cluster;
    const leftMs = member.seenMs + member.options.sessionTimeoutMs! - timeline.nowMs;
    if (leftMs <= 0 && !this.cluster.isAway) this.leave(memberId);
    else timeline.after(Math.max(leftMs, 50), () => this.#expire(memberId));
  }
}
