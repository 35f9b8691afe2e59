import type { TopicPartition } from './ports.ts';

/** A member of a group as the assignor sees it. */
export interface Subscriber {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly topics: readonly string[];
}

/**
 * Gives each topic's partitions to its subscribers in ranges, as Kafka's range assignor does: members in order (static
 * ones first, by their instance id), the first ones get one more if it does not come out even.
 * @param partitionCounts of the topics that exist; others are left out.
 * @returns by member id, for every member.
 */
export function assignRanges(
  subscribers: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const assigned = new Map<string, TopicPartition[]>(subscribers.map(({ memberId }) => [memberId, []]));
  const ordered = subscribers.toSorted(compareSubscribers);
  for (const [topic, count] of partitionCounts) {
    const members = ordered.filter(({ topics }) => topics.includes(topic));
    const share = Math.floor(count / members.length);
    const larger = count % members.length;
    let next = 0;
    for (const [index, { memberId }] of members.entries()) {
      const end = next + share + (index < larger ? 1 : 0);
      for (; next < end; next++) assigned.get(memberId)!.push({ topic, partition: next });
    }
  }
  return assigned;
}

function compareSubscribers(a: Subscriber, b: Subscriber): number {
  if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId);
  if (a.instanceId !== null) return -1;
  if (b.instanceId !== null) return 1;
  return compare(a.memberId, b.memberId);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
