import { murmur2 } from '@millrace/kafka-protocol';
import { compareSubscribers, type Subscriber } from './assignor.ts';
import type { TopicPartition } from './ports.ts';

/**
 * Gives everything to one member; the others stand by. It stays with the member that had it last, if that is still there; else it
 * goes to the one that comes first by a hash of member and topics, so that many groups of the same members spread over them.
 */
export function assignToOne(
  subscribers: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const owner = lastOwner(subscribers) ?? firstByHash(subscribers);
  const assigned = new Map<string, TopicPartition[]>(subscribers.map(({ memberId }) => [memberId, []]));
  const share = assigned.get(owner.memberId)!;
  for (const [topic, count] of partitionCounts) {
    if (!owner.topics.includes(topic)) continue;
    for (let partition = 0; partition < count; partition++) share.push({ topic, partition });
  }
  return assigned;
}

/** Of two who say so, the one of the later generation. */
function lastOwner(subscribers: readonly Subscriber[]): Subscriber | undefined {
  const owners = subscribers.filter(({ owned }) => owned.length > 0);
  return owners.toSorted((a, b) => b.generation - a.generation || compareSubscribers(a, b))[0];
}

function firstByHash(subscribers: readonly Subscriber[]): Subscriber {
  const rank = ({ instanceId, memberId, topics }: Subscriber) => {
    const text = Buffer.from([instanceId ?? memberId, ...topics].join('\0'));
    return murmur2(text, 0, text.length) >>> 0;
  };
  return subscribers.toSorted((a, b) => rank(a) - rank(b) || compareSubscribers(a, b))[0]!;
}
