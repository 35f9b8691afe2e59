import { compareSubscribers, type Subscriber } from './assignor.ts';
import type { TopicPartition } from './ports.ts';

/**
 * Gives each topic's partitions to its subscribers in ranges, as Kafka's range assignor does: members in order (static
 * ones first, by their instance id), the first ones get one more if it does not come out even.
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
