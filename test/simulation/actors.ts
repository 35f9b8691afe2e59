import { MillraceError } from '@millrace/core';
import {
  type ActiveGroupMember,
  type FetchedPartition,
  joinGroup,
  type KafkaClient,
  openProducer,
  openReader,
  openTransactionalProducer,
  type PartitionOffset,
  type RecordReader,
  type TopicPartition,
  type TransactionalProducer,
} from '@millrace/kafka-client';
import { apis, encodeBatch, errorOf, type KafkaErrorName, zeroUuid } from '@millrace/kafka-protocol';
import type { World } from './world.ts';

/** The clients of a simulated broker: what they do follows from the world's random numbers, what they learn goes into its history. */

/** Goes on with its work until it is told to end; then it comes to an end by itself. */
export type Actor = (world: World) => Promise<void>;

const code = (failure: unknown) => (failure instanceof MillraceError ? failure.code : String(failure));

/** What no client that behaves may be told, whatever happens to disks and connections. */
const neverTold: ReadonlySet<KafkaErrorName> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'CORRUPT_MESSAGE',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_RECORD',
  'UNKNOWN_SERVER_ERROR',
]);

function astray(world: World, who: string, failure: unknown): void {
  const { code: name, message } = failure as MillraceError;
  const kafkaError = failure instanceof MillraceError ? (failure.details?.['kafkaError'] as KafkaErrorName | undefined) : undefined;
  const isWrong =
    !(failure instanceof MillraceError) ||
    name === 'KAFKA_PROTOCOL_INVALID' ||
    name === 'KAFKA_RECORD_CORRUPT' ||
    name.startsWith('INTERNAL');
  if (isWrong || (kafkaError !== undefined && neverTold.has(kafkaError))) {
    world.record({ kind: 'astray', what: `${who} was told ${name}: ${message}` });
  }
}

/** Is over when the world ends, whatever else happens. */
async function untilEnd(world: World, who: string, work: () => Promise<void>): Promise<void> {
  while (!world.ending.aborted) {
    try {
      await work();
      await world.pause(80);
    } catch (failure) {
      if (world.ending.aborted && failure === world.ending.reason) return;
      astray(world, who, failure);
      await world.pause(200).catch(() => {});
    }
  }
}

/** An idempotent producer that keeps several batches under way, and gives each until the end of time. */
export const plainProducer =
  (name: string, topic: string, partitions: number): Actor =>
  async (world) => {
    const producer = openProducer(world.client(name), { deliveryTimeoutMs: 1e9, missingTimeoutMs: 1e9 });
    let next = 0;
    const record = (partition: number) => {
      const value = `${name}-${next++}`;
      const key = `${name}-${world.random.below(4)}`;
      world.record({ kind: 'sent', producer: name, topic, partition, key, value });
      return { timestampMs: 1000 + world.random.below(500), key: Buffer.from(key), value: Buffer.from(value) };
    };
    await untilEnd(world, name, async () => {
      if (world.random.below(3) === 0) {
        const partition = world.random.below(partitions);
        const records = Array.from({ length: 1 + world.random.below(3) }, () => record(partition));
        const compression = codecs[world.random.below(20)] ?? 'none';
        const { baseOffset } = await producer.sendBatch(topic, partition, encodeBatch(records, { compression }));
        const values = records.map(({ value }) => value.toString());
        world.record({ kind: 'acknowledged', values, ...(baseOffset === -1 ? {} : { baseOffset }) });
        return;
      }
      const values: string[] = [];
      for (let count = 1 + world.random.below(4); count > 0; count--) {
        const partition = world.random.below(partitions);
        const { timestampMs, key, value } = record(partition);
        values.push(value.toString());
        await producer.append(topic, partition, timestampMs, key, value);
        if (world.random.below(3) === 0) await world.pause(5);
      }
      await producer.flush();
      world.record({ kind: 'acknowledged', values });
    });
  };

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Writes transactions over several partitions with offsets of a group of its own, and commits or aborts them. */
export const transactionalProducer =
  (name: string, transactionalId: string, places: readonly TopicPartition[]): Actor =>
  async (world) => {
    const client = world.client(name);
    const group = `offsets-of-${name}`;
    let number = 0;
    let producer: TransactionalProducer | undefined;
    const one = async (open: TransactionalProducer) => {
      const transaction = `${name}-${number++}`;
      // As long as nobody has asked for its commit, nothing of it may ever be seen.
      let result: 'committed' | 'aborted' | 'refused' | 'unknown' = 'refused';
      open.begin();
      try {
        const values = await fill(world, open, transaction, name, places);
        const offsets = [{ topic: 't', partition: 0, offset: number }];
        if (world.random.below(2) === 0) {
          world.record({ kind: 'committing', group, ...offsets[0]!, transaction });
          await open.sendOffsets(group, offsets);
        }
        // A few are left open for longer than they may be.
        if (world.random.below(12) === 0) await world.pause(3000);
        const outcome = world.random.below(4) === 0 ? 'abort' : 'commit';
        result = outcome === 'abort' ? 'aborted' : 'unknown';
        world.record({ kind: 'ending', transaction, outcome });
        await settle(world, open, outcome);
        if (outcome === 'commit') result = 'committed';
        world.record({ kind: 'acknowledged', values });
      } catch (failure) {
        if (open.inTransaction && result === 'refused') await open.abort().catch((abort: unknown) => astray(world, name, abort));
        throw failure;
      } finally {
        world.record({ kind: 'ended', transaction, result });
      }
    };
    await untilEnd(world, name, async () => {
      producer ??= await openTransactionalProducer(client, {
        transactionalId,
        transactionTimeoutMs: 1500,
        operationTimeoutMs: 6000,
        deliveryTimeoutMs: 6000,
      });
      try {
        await one(producer);
      } catch (failure) {
        // Whatever it was: the next producer of the id ends what is open.
        await producer.close().catch(() => {});
        producer = undefined;
        throw failure;
      }
    });
  };

async function fill(world: World, open: TransactionalProducer, transaction: string, producer: string, places: readonly TopicPartition[]) {
  const values: string[] = [];
  for (let count = 1 + world.random.below(5), i = 0; i < count; i++) {
    const { topic, partition } = places[world.random.below(places.length)]!;
    const value = `${transaction}-${i}`;
    const key = `${producer}-${world.random.below(4)}`;
    world.record({ kind: 'sent', producer, topic, partition, key, value, transaction });
    await open.append(topic, partition, 1000 + world.random.below(500), Buffer.from(key), Buffer.from(value));
    values.push(value);
    if (world.random.below(3) === 0) await world.pause(30);
  }
  return values;
}

/** Asks for the same end until it is told. */
async function settle(world: World, open: TransactionalProducer, outcome: 'commit' | 'abort'): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await (outcome === 'commit' ? open.commit() : open.abort());
    } catch (failure) {
      const isOpen = ['KAFKA_TIMED_OUT', 'KAFKA_BROKER_UNAVAILABLE'].includes(code(failure));
      if (!isOpen || tries === 5 || !open.inTransaction) throw failure;
      await world.pause(200);
    }
  }
}

/** A member of a group that reads committed records of a topic and commits how far it has come. */
export const groupMember =
  (name: string, groupId: string, topic: string): Actor =>
  async (world) => {
    const client = world.client(name);
    const live = async () => {
      const reader = openReader(client, { isolation: 'read_committed', maxWaitMs: 50, missingTimeoutMs: 1e9 });
      let failed: unknown;
      /** Changes with what the member owns: what was read before is not its to commit. */
      let tenure = 0;
      const member: ActiveGroupMember = joinGroup(client, {
        groupId,
        topics: [topic],
        sessionTimeoutMs: 1000,
        rebalanceTimeoutMs: 1000,
        assignors: ['cooperative-sticky', 'range'],
        onAssigned: async (partitions) => {
          tenure++;
          const askedAt = world.events.length;
          const known = await member.committed(partitions);
          for (const { topic, partition } of partitions) {
            const offset = known.find((of) => of.topic === topic && of.partition === partition)?.offset ?? -1;
            world.record({ kind: 'offset-seen', group: groupId, topic, partition, offset, askedAt });
          }
          reader.assign(partitions.map(({ topic, partition }) => ({ topic, partition, offset: offsetIn(known, topic, partition) })));
        },
        onRevoked: () => {
          tenure++;
          reader.assign([]);
        },
        onFailed: (failure) => {
          failed = failure;
        },
      });
      try {
        for (let batches = 0; batches < 20 && !world.ending.aborted && failed === undefined; batches++) {
          await consume(world, member, reader, () => tenure);
        }
      } finally {
        const leaving = member.leave();
        await reader.close();
        await leaving;
      }
      if (failed !== undefined) throw failed;
    };
    await untilEnd(world, name, live);
  };

const offsetIn = (known: readonly PartitionOffset[], topic: string, partition: number) =>
  known.find((of) => of.topic === topic && of.partition === partition)?.offset ?? 0;

async function consume(world: World, member: ActiveGroupMember, reader: RecordReader, tenure: () => number): Promise<void> {
  const before = tenure();
  const end = new Promise<FetchedPartition[]>(
    (resolve) =>
      void world.pause(600).then(
        () => resolve([]),
        () => resolve([]),
      ),
  );
  const fetched = await Promise.race([reader.next(), end]);
  await world.pause(30);
  for (const { topic, partition, nextOffset } of fetched) {
    if (tenure() !== before) return;
    const place = { group: member.groupId, topic, partition, offset: nextOffset };
    world.record({ kind: 'committing', ...place });
    try {
      await member.commit([{ topic, partition, offset: nextOffset }]);
      world.record({ kind: 'committed', ...place });
    } catch (failure) {
      astray(world, member.groupId, failure);
    }
  }
}

/** Administers: makes and deletes topics, deletes records, changes configurations, and looks whether what was told is so. */
export const administrator =
  (name: string, retained: TopicPartition): Actor =>
  async (world) => {
    const client = world.client(name);
    const tasks = [makeTopic, deleteTopic, deleteRecords, alterConfig, addPartitions, listTopics, describe];
    await untilEnd(world, name, async () => {
      await world.pause(300);
      await tasks[world.random.below(tasks.length)]!(world, client, retained);
    });
  };

type Task = (world: World, client: KafkaClient, retained: TopicPartition) => Promise<void>;

const extraTopics = ['extra-0', 'extra-1', 'extra-2'];
const anExtra = (world: World) => extraTopics[world.random.below(extraTopics.length)]!;

const makeTopic: Task = async (world, client) => {
  const topic = anExtra(world);
  world.record({ kind: 'topic-told', topic, state: 'unknown' });
  const answer = await client.requestAny(apis.createTopics, {
    validateOnly: false,
    topics: [{ name: topic, numPartitions: 1 + world.random.below(3), replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
  });
  const { name: error } = errorOf(answer.topics[0]!.errorCode);
  if (error === 'NONE' || error === 'TOPIC_ALREADY_EXISTS') world.record({ kind: 'topic-told', topic, state: 'made' });
};

const deleteTopic: Task = async (world, client) => {
  const topic = anExtra(world);
  world.record({ kind: 'topic-told', topic, state: 'unknown' });
  const answer = await client.requestAny(apis.deleteTopics, (version) => ({
    timeoutMs: 1000,
    ...(version >= 6 ? { topics: [{ name: topic, topicId: zeroUuid }] } : { topicNames: [topic] }),
  }));
  const { name: error } = errorOf(answer.responses[0]!.errorCode);
  if (error === 'NONE' || error === 'UNKNOWN_TOPIC_OR_PARTITION') world.record({ kind: 'topic-told', topic, state: 'deleted' });
};

const deleteRecords: Task = async (world, client, { topic, partition }) => {
  const answer = await client.requestAny(apis.deleteRecords, {
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset: world.random.below(40) }] }],
    timeoutMs: 1000,
  });
  const { errorCode, lowWatermark } = answer.topics[0]!.partitions[0]!;
  if (errorCode === 0) world.record({ kind: 'deleting', topic, partition, beforeOffset: lowWatermark });
};

const alterConfig: Task = async (world, client) => {
  const value = String([300, 600, 2000][world.random.below(3)]);
  const resourceName = (['t', 'compacted', 'retained'] as const)[world.random.below(3)]!;
  const resources = [{ resourceType: 2, resourceName, configs: [{ name: 'segment.bytes', configOperation: 0, value }] }];
  await client.requestAny(apis.incrementalAlterConfigs, { resources, validateOnly: false });
};

const addPartitions: Task = async (world, client) => {
  await client.requestAny(apis.createPartitions, {
    topics: [{ name: anExtra(world), count: 4, assignments: null }],
    timeoutMs: 1000,
    validateOnly: false,
  });
};

const listTopics: Task = async (world, client) => {
  const { topics } = await client.requestAny(apis.metadata, { topics: null });
  world.record({ kind: 'topics-seen', topics: topics.map(({ name }) => name!) });
};

const describe: Task = async (_world, client) => {
  await client.requestAny(apis.listGroups, {});
  await client.requestAny(apis.describeLogDirs, { topics: null });
  await client.requestAny(apis.describeGroups, { groups: ['readers'] });
};
