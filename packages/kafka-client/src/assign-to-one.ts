import { murmur2 } from '@millrace/kafka-protocol';
import { compareSubscribers, type Subscriber } from './assignor.ts';
import type { TopicPartition } from './ports.ts';

/**
 * Gives everything to one member; the others stand by. It is the one that comes first by a hash of member and group, so that many
 * groups of the same members spread over them, and come back to a member that comes back. While another one has it, nobody is given
 * it: once that one has given it up the group assigns anew.
 */
export function assignToOne(
  subscribers: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
  groupId: string,
): Map<string, TopicPartition[]> {
  const chosen = firstByHash(subscribers, groupId);
  const assigned = new Map<string, TopicPartition[]>(subscribers.map(({ memberId }) => [memberId, []]));
  const holder = lastHolder(subscribers);
  if (holder !== undefined && holder !== chosen) return assigned;
  const share = assigned.get(chosen.memberId)!;
  for (const [topic, count] of partitionCounts) {
    if (!chosen.topics.includes(topic)) continue;
    for (let partition = 0; partition < count; partition++) share.push({ topic, partition });
  }
  return assigned;
}

/** Of two who say that they have it, the one of the later generation. */
function lastHolder(subscribers: readonly Subscriber[]): Subscriber | undefined {
  const holders = subscribers.filter(({ owned }) => owned.length > 0);
  return holders.toSorted((a, b) => b.generation - a.generation || compareSubscribers(a, b))[0];
}

function firstByHash(subscribers: readonly Subscriber[], groupId: string): Subscriber {
  const rank = ({ instanceId, memberId }: Subscriber) => {
    const text = Buffer.from([instanceId ?? memberId, groupId].join('\0'));
    return murmur2(text, 0, text.length) >>> 0;
  };
  return subscribers.toSorted((a, b) => rank(a) - rank(b) || compareSubscribers(a, b))[0]!;
}
