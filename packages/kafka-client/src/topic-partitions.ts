import type { TopicPartition } from './ports.ts';

/** Partitions by their topics, both in the order of their first appearance. */
export function byTopic<T extends TopicPartition>(partitions: readonly T[]): [topic: string, of: T[]][] {
  const topics = new Map<string, T[]>();
  for (const partition of partitions) {
    const of = topics.get(partition.topic);
    if (of === undefined) topics.set(partition.topic, [partition]);
    else of.push(partition);
  }
  return [...topics];
}
