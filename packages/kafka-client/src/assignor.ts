import type { ConsumerSubscription } from '@millrace/kafka-protocol';
import type { TopicPartition } from './ports.ts';

/** A member of a group as an assignor sees it. */
export interface Subscriber {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly topics: readonly string[];
  /** What it held when it joined, as far as its assignor tells. */
  readonly owned: readonly TopicPartition[];
  /** The generation in which it held that; -1 if none. */
  readonly generation: number;
}

/** What a member tells of itself when it joins. */
export interface SubscriptionState {
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
  readonly generation: number;
}

/** How a group shares its partitions. Which one counts is agreed on by the group: one that all members offer. */
export interface Assignor {
  /** As Kafka names it. */
  readonly name: string;
  /** True if members keep what they have while the group rebalances, and give up only what they are told to (KIP-429). */
  readonly isCooperative: boolean;
  encode(state: SubscriptionState): Buffer;
  /** What another member told with the same assignor. */
  decode(subscription: ConsumerSubscription): Pick<Subscriber, 'owned' | 'generation'>;
  /**
   * @param partitionCounts of the topics that exist; others are left out.
   * @returns by member id, for every member.
   */
  assign(subscribers: readonly Subscriber[], partitionCounts: ReadonlyMap<string, number>, groupId: string): Map<string, TopicPartition[]>;
}

/** The order of members for assignors that go by it: static ones first, by their instance ids. */
export function compareSubscribers(a: Subscriber, b: Subscriber): number {
  if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId);
  if (a.instanceId !== null) return -1;
  if (b.instanceId !== null) return 1;
  return compare(a.memberId, b.memberId);
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
