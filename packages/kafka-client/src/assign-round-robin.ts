import { compare, compareSubscribers, type Subscriber } from './assignor.ts';
import type { TopicPartition } from './ports.ts';

/** Deals all partitions of all topics out in turn, as Kafka's round-robin assignor does; a member is passed over for topics that it does not read. */
export function assignRoundRobin(
  subscribers: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const assigned = new Map<string, TopicPartition[]>(subscribers.map(({ memberId }) => [memberId, []]));
  const ordered = subscribers.toSorted(compareSubscribers);
  let turn = 0;
  for (const [topic, count] of [...partitionCounts].toSorted(([a], [b]) => compare(a, b))) {
    if (!ordered.some(({ topics }) => topics.includes(topic))) continue;
    for (let partition = 0; partition < count; partition++) {
      while (!ordered[turn % ordered.length]!.topics.includes(topic)) turn++;
      assigned.get(ordered[turn++ % ordered.length]!.memberId)!.push({ topic, partition });
    }
  }
  return assigned;
}
