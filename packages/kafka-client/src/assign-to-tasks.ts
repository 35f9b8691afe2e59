import { murmur2 } from '@millrace/kafka-protocol';
import { compareSubscribers, type Subscriber } from './assignor.ts';
import type { TopicPartition } from './ports.ts';

/**
 * Shares everything among so many members, the others stand by: partition p of every topic goes to member p modulo their number.
 * A process may take part several times, as instances `<id>.0`, `<id>.1`, …: first every process gets a share, then some get a second
 * one. While another member has a partition, nobody is given it: once that one has given it up the group assigns anew.
 */
export function assignToTasks(
  taskCount: number,
  subscribers: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
  groupId: string,
): Map<string, TopicPartition[]> {
  const assigned = new Map<string, TopicPartition[]>(subscribers.map(({ memberId }) => [memberId, []]));
  const chosen = inOrder(subscribers, groupId).slice(0, taskCount);
  for (const [topic, count] of partitionCounts) {
    for (let partition = 0; partition < count; partition++) {
      const member = chosen[partition % chosen.length]!;
      const holder = holderOf({ topic, partition }, subscribers);
      if (holder === undefined || holder === member) assigned.get(member.memberId)!.push({ topic, partition });
    }
  }
  return assigned;
}

/** Of two who say that they have it, the one of the later generation. */
function holderOf({ topic, partition }: TopicPartition, subscribers: readonly Subscriber[]): Subscriber | undefined {
  const holders = subscribers.filter(({ owned }) => owned.some((held) => held.topic === topic && held.partition === partition));
  return holders.toSorted((a, b) => b.generation - a.generation || compareSubscribers(a, b))[0];
}

function inOrder(subscribers: readonly Subscriber[], groupId: string): Subscriber[] {
  const ranks = new Map(subscribers.map((subscriber) => [subscriber, rankOf(subscriber, groupId)]));
  return subscribers.toSorted((a, b) => {
    const [one, other] = [ranks.get(a)!, ranks.get(b)!];
    return one.turn - other.turn || one.hash - other.hash || compareSubscribers(a, b);
  });
}

function rankOf({ instanceId, memberId }: Subscriber, groupId: string): { readonly turn: number; readonly hash: number } {
  const [, process, turn] = /^(.*)\.(\d+)$/.exec(instanceId ?? '') ?? [];
  const text = Buffer.from([process ?? instanceId ?? memberId, groupId].join('\0'));
  return { turn: Number(turn ?? 0), hash: murmur2(text, 0, text.length) >>> 0 };
}
