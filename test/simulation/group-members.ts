import {
  type ActiveGroupMember,
  type FetchedPartition,
  joinGroup,
  type KafkaClient,
  openReader,
  openTransactionalProducer,
  type PartitionOffset,
  type RecordReader,
  type TransactionalProducer,
} from '@millrace/kafka-client';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { type Actor, astray, untilEnd } from './actor.ts';
import { copyMark, type Ended } from './history.ts';
import type { World } from './world.ts';

/** A member of a group, and what it reads. */
interface Membership {
  readonly world: World;
  readonly client: KafkaClient;
  readonly member: ActiveGroupMember;
  readonly reader: RecordReader;
  /** Another number whenever what the member owns may have changed: what was read before is not its to commit. */
  tenure: number;
}

interface Taken {
  readonly fetched: readonly FetchedPartition[];
  readonly tenure: number;
}

/** Reads committed records of a topic as a member of a group, hands on what it gets, and leaves after a while. */
async function belong(
  world: World,
  client: KafkaClient,
  groupId: string,
  topic: string,
  each: (membership: Membership, fetched: FetchedPartition) => Promise<void>,
): Promise<void> {
  let failed: unknown;
  const reader = openReader(client, { isolation: 'read_committed', maxWaitMs: 50, missingTimeoutMs: 1e9 });
  const member: ActiveGroupMember = joinGroup(client, {
    groupId,
    topics: [topic],
    sessionTimeoutMs: 1000,
    rebalanceTimeoutMs: 1000,
    assignors: ['cooperative-sticky', 'range'],
    onAssigned: async (partitions) => {
      const askedAt = world.events.length;
      const known = await member.committed(partitions);
      for (const { topic, partition } of partitions) {
        world.record({ kind: 'offset-seen', group: groupId, topic, partition, offset: offsetIn(known, topic, partition) ?? -1, askedAt });
      }
      membership.tenure++;
      reader.assign(partitions.map(({ topic, partition }) => ({ topic, partition, offset: offsetIn(known, topic, partition) ?? 0 })));
    },
    onRevoked: () => {
      membership.tenure++;
      reader.assign([]);
    },
    onFailed: (failure) => {
      failed = failure;
    },
  });
  const membership: Membership = { world, client, member, reader, tenure: 0 };
  try {
    let next: Promise<Taken> | undefined;
    for (let turns = 0; turns < 20 && !world.ending.aborted && failed === undefined; turns++) {
      next ??= reader.next().then((fetched) => ({ fetched, tenure: membership.tenure }));
      const taken = await Promise.race([next, nothingFor(world, 600)]);
      if (taken === undefined) continue;
      next = undefined;
      await world.pause(30);
      for (const fetched of taken.fetched) if (membership.tenure === taken.tenure) await each(membership, fetched);
    }
  } finally {
    const leaving = member.leave();
    await reader.close();
    await leaving;
  }
  if (failed !== undefined) throw failed;
}

const offsetIn = (known: readonly PartitionOffset[], topic: string, partition: number) =>
  known.find((of) => of.topic === topic && of.partition === partition)?.offset;

function nothingFor(world: World, belowMs: number): Promise<undefined> {
  const nothing = () => undefined;
  return world.pause(belowMs).then(nothing, nothing);
}

/** A member of a group that reads committed records of a topic and commits how far it has come. */
export const groupMember =
  (name: string, groupId: string, topic: string): Actor =>
  async (world) => {
    const client = world.client(name);
    await untilEnd(world, name, () => belong(world, client, groupId, topic, commit));
  };

async function commit({ world, member }: Membership, { topic, partition, nextOffset }: FetchedPartition): Promise<void> {
  const place = { group: member.groupId, topic, partition, offset: nextOffset };
  world.record({ kind: 'committing', ...place });
  try {
    await member.commit([{ topic, partition, offset: nextOffset }]);
    world.record({ kind: 'committed', ...place });
  } catch (failure) {
    astray(world, member.groupId, failure);
  }
}

/**
 * Copies a topic into another, each batch in a transaction with the offset that it has come to: exactly once, however often members of
 * the group take over from each other. A copy is `<who>-<number><` and the value.
 */
export const copier =
  (name: string, groupId: string, from: string, to: string): Actor =>
  async (world) => {
    const client = world.client(name);
    let number = 0;
    const copy = async (producer: TransactionalProducer, { member }: Membership, fetched: FetchedPartition) => {
      const transaction = `${name}-${number++}`;
      const { topic, partition, nextOffset: offset } = fetched;
      const { memberId, generation } = member;
      let result: Ended['result'] = 'refused';
      producer.begin();
      try {
        for (const original of valuesIn(fetched)) {
          const value = `${transaction}${copyMark}${original}`;
          world.record({ kind: 'sent', producer: name, topic: to, partition, key: null, value, transaction });
          await producer.append(to, partition, 1000, null, Buffer.from(value));
        }
        world.record({ kind: 'committing', group: groupId, topic, partition, offset, transaction });
        await producer.sendOffsets(groupId, [{ topic, partition, offset }], { memberId, generation });
        result = 'unknown';
        world.record({ kind: 'ending', transaction, outcome: 'commit' });
        await producer.commit();
        result = 'committed';
      } finally {
        world.record({ kind: 'ended', transaction, result });
      }
    };
    await untilEnd(world, name, async () => {
      const producer = await openTransactionalProducer(client, {
        transactionalId: name,
        transactionTimeoutMs: 1500,
        operationTimeoutMs: 6000,
        deliveryTimeoutMs: 6000,
      });
      try {
        await belong(world, client, groupId, from, (membership, fetched) => copy(producer, membership, fetched));
      } finally {
        await producer.close();
      }
    });
  };

function valuesIn({ bytes, batches, fromOffset }: FetchedPartition): string[] {
  const values: string[] = [];
  for (let i = 0; i < batches.length; i += 2) {
    const spans = new RecordSpans(8);
    decodeRecords(bytes, batches[i]!, batches[i + 1]!, spans, { fromOffset });
    for (let row = 0; row < spans.count; row++) values.push(spans.value(row)!.toString());
  }
  return values;
}
