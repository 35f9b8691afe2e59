import {
  type ConsumerSubscription,
  decodeStickyUserData,
  encodeCooperativeUserData,
  encodeStickyUserData,
  encodeSubscription,
} from '@millrace/kafka-protocol';
import { assignRanges } from './assign-ranges.ts';
import { assignRoundRobin } from './assign-round-robin.ts';
import { assignCooperatively, assignSticky } from './assign-sticky.ts';
import { assignToOne } from './assign-to-one.ts';
import { assignToTasks } from './assign-to-tasks.ts';
import type { Assignor, SubscriptionState } from './assignor.ts';
import type { AssignorName, TopicPartition } from './ports.ts';
import { byTopic } from './topic-partitions.ts';

const plain = {
  isCooperative: false,
  encode: ({ topics }: SubscriptionState) => encodeSubscription(1, { topics }),
  decode: () => ({ owned: [], generation: -1 }),
};

const sticky: Assignor = {
  name: 'sticky',
  isCooperative: false,
  encode: ({ topics, owned, generation }) => {
    return encodeSubscription(1, { topics, userData: encodeStickyUserData({ previousAssignment: grouped(owned), generation }) });
  },
  decode: ({ userData }) => {
    const { previousAssignment, generation } = decodeStickyUserData(userData);
    return { owned: flat(previousAssignment), generation };
  },
  assign: assignSticky,
};

const cooperativeSticky: Assignor = {
  name: 'cooperative-sticky',
  isCooperative: true,
  encode: ({ topics, owned, generation }) => {
    const ownedPartitions = grouped(owned);
    return encodeSubscription(3, { topics, userData: encodeCooperativeUserData(generation), ownedPartitions, generationId: generation });
  },
  decode: ({ ownedPartitions, generationId, userData }: ConsumerSubscription) => {
    // Members of before KIP-792 tell their generation in the user data.
    const generation = generationId === -1 && userData !== null && userData.length >= 4 ? userData.readInt32BE(0) : generationId;
    return { owned: flat(ownedPartitions), generation };
  },
  assign: assignCooperatively,
};

/** Members that keep what they have tell what that is as those of cooperative-sticky do. */
const one: Assignor = { ...cooperativeSticky, name: 'millrace-one', assign: assignToOne };

/** The assignors that need no options, by the names under which groups agree on them. */
export const assignors: Readonly<Record<Exclude<AssignorName, 'millrace-tasks'>, Assignor>> = {
  range: { ...plain, name: 'range', assign: assignRanges },
  roundrobin: { ...plain, name: 'roundrobin', assign: assignRoundRobin },
  sticky,
  'cooperative-sticky': cooperativeSticky,
  'millrace-one': one,
};

/** The assignor of a group that is shared among so many members. */
export function tasksAssignor(taskCount: number): Assignor {
  return { ...cooperativeSticky, name: 'millrace-tasks', assign: (...given) => assignToTasks(taskCount, ...given) };
}

function grouped(owned: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  return byTopic(owned).map(([topic, of]) => ({ topic, partitions: of.map(({ partition }) => partition) }));
}

function flat(topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}
