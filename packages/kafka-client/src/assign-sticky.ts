import { compareSubscribers, type Subscriber } from './assignor.ts';
import type { TopicPartition } from './ports.ts';

interface Share {
  readonly subscriber: Subscriber;
  readonly topics: ReadonlySet<string>;
  readonly partitions: TopicPartition[];
}

/**
 * Shares evenly, and leaves where it is as much as that allows. Even means: no partition could go from one member to another
 * who reads its topic and has at least two less.
 *
 * Where two members say that they hold a partition, the one of the later generation does; of the same generation, none.
 */
export function assignSticky(
  subscribers: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const shares = subscribers
    .toSorted(compareSubscribers)
    .map((subscriber): Share => ({ subscriber, topics: new Set(subscriber.topics), partitions: [] }));
  const holders = holdersOf(shares);
  for (const [topic, count] of partitionCounts) {
    for (let partition = 0; partition < count; partition++) {
      const holder = holders.get(keyOf(topic, partition));
      if (holder?.topics.has(topic)) holder.partitions.push({ topic, partition });
    }
  }
  const held = new Set(shares.flatMap(({ partitions }) => partitions.map(({ topic, partition }) => keyOf(topic, partition))));
  for (const [topic, count] of partitionCounts) {
    for (let partition = 0; partition < count; partition++) {
      if (!held.has(keyOf(topic, partition))) leastLoaded(shares, topic)?.partitions.push({ topic, partition });
    }
  }
  balance(shares);
  return new Map(shares.map(({ subscriber, partitions }) => [subscriber.memberId, partitions]));
}

/**
 * Like {@link assignSticky}, but what goes from one member to another is given to nobody yet: the other one must give it up
 * first, and then joins again, so that the next assignment hands it out (KIP-429).
 */
export function assignCooperatively(
  subscribers: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const assigned = assignSticky(subscribers, partitionCounts);
  const owners = new Map<string, Set<string>>();
  for (const { memberId, owned } of subscribers) {
    for (const { topic, partition } of owned) {
      const key = keyOf(topic, partition);
      owners.set(key, (owners.get(key) ?? new Set()).add(memberId));
    }
  }
  const isFree = (memberId: string, { topic, partition }: TopicPartition) => {
    const others = owners.get(keyOf(topic, partition));
    return others === undefined || [...others].every((owner) => owner === memberId);
  };
  return new Map([...assigned].map(([memberId, partitions]) => [memberId, partitions.filter((of) => isFree(memberId, of))]));
}

function holdersOf(shares: readonly Share[]): Map<string, Share> {
  const holders = new Map<string, Share>();
  const disputed = new Map<string, number>();
  for (const share of shares) {
    const { owned, generation } = share.subscriber;
    for (const { topic, partition } of owned) {
      const key = keyOf(topic, partition);
      const latest = holders.get(key)?.subscriber.generation ?? disputed.get(key) ?? Number.NEGATIVE_INFINITY;
      if (generation > latest) holders.set(key, share);
      else if (generation === latest) {
        holders.delete(key);
        disputed.set(key, generation);
      }
    }
  }
  return holders;
}

function leastLoaded(shares: readonly Share[], topic: string): Share | undefined {
  let least: Share | undefined;
  for (const share of shares)
    if (share.topics.has(topic) && (least === undefined || share.partitions.length < least.partitions.length)) least = share;
  return least;
}

/** Every move brings two members closer to each other, so that there is an end. */
function balance(shares: readonly Share[]): void {
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const from of shares.toSorted((a, b) => b.partitions.length - a.partitions.length)) {
      // From the end on: the first partitions stay longest.
      for (let index = from.partitions.length - 1; index >= 0; index--) {
        const moved = from.partitions[index]!;
        const to = leastLoaded(shares, moved.topic)!;
        if (to.partitions.length + 2 > from.partitions.length) continue;
        from.partitions.splice(index, 1);
        to.partitions.push(moved);
        hasMoved = true;
      }
    }
  }
}

function keyOf(topic: string, partition: number): string {
  return `${partition}@${topic}`;
}
