import type { GroupOptions, TopicPartition } from '@millrace/kafka-client';
import type { FakeCluster } from './fake-cluster.ts';
import { FakeGroup, type KnownMember } from './fake-group.ts';

const keyOf = ({ topic, partition }: TopicPartition) => `${partition}@${topic}`;

/** The coordinator of a group whose partitions are shared among some of its members: nobody gets what another has not given up yet. */
export class FakeSharedGroup extends FakeGroup {
  /** By `partition@topic`: who has it, or is to give it up. */
  readonly #holders = new Map<string, string>();
  readonly #given = new Map<string, readonly TopicPartition[]>();
  /** Instances in the order in which they get a share. */
  #order: string[] = [];

  constructor(cluster: FakeCluster, groupId: string) {
    super(cluster, groupId);
  }

  override join(instanceId: string, options: GroupOptions, assign: KnownMember['assign']): string {
    const former = [...this.members.values()].find((member) => member.instanceId === instanceId);
    if (!this.#order.includes(instanceId)) this.#order.splice(this.cluster.random.below(this.#order.length + 1), 0, instanceId);
    const memberId = this.enter(instanceId, options, assign);
    // A static member has what its former self had.
    if (former !== undefined) for (const [key, holder] of this.#holders) if (holder === former.memberId) this.#holders.set(key, memberId);
    this.rebalance();
    return memberId;
  }

  /** It has given up what it has not been given any more. */
  override released(memberId: string): void {
    const given = new Set((this.#given.get(memberId) ?? []).map(keyOf));
    let isAny = false;
    for (const [key, holder] of this.#holders) {
      if (holder !== memberId || given.has(key)) continue;
      this.#holders.delete(key);
      isAny = true;
    }
    if (isAny) this.rebalance();
  }

  override move(): void {
    const { random } = this.cluster;
    for (let i = this.#order.length - 1; i > 0; i--) {
      const other = random.below(i + 1);
      [this.#order[i], this.#order[other]] = [this.#order[other]!, this.#order[i]!];
    }
    if (this.members.size > 0) this.rebalance();
  }

  /** Its leader sees that a topic has more partitions. */
  topicGrew(): void {
    if (this.members.size > 0) this.rebalance();
  }

  protected override rebalance(): void {
    this.generation++;
    for (const [key, holder] of this.#holders) if (!this.members.has(holder)) this.#holders.delete(key);
    const members = [...this.members.values()].sort((a, b) => this.#order.indexOf(a.instanceId) - this.#order.indexOf(b.instanceId));
    if (members.length === 0) return;
    // Members may not agree on how many they are to be: one of them leads.
    const { options } = members[this.cluster.random.below(members.length)]!;
    const chosen = members.slice(0, options.tasks);
    const given = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
    for (const lane of this.partitionsOf(options)) {
      const { memberId } = chosen[lane.partition % chosen.length]!;
      const holder = this.#holders.get(keyOf(lane));
      if (holder !== undefined && holder !== memberId) continue;
      this.#holders.set(keyOf(lane), memberId);
      given.get(memberId)!.push(lane);
    }
    for (const { memberId, assign } of members) {
      this.#given.set(memberId, given.get(memberId)!);
      assign(this.generation, given.get(memberId)!);
    }
  }
}
