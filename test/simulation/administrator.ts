import type { KafkaClient, TopicPartition } from '@millrace/kafka-client';
import { apis, errorOf, zeroUuid } from '@millrace/kafka-protocol';
import { type Actor, untilEnd } from './actor.ts';
import type { World } from './world.ts';

/** Administers: makes and deletes topics, deletes records, changes configurations, and looks whether what was told is so. */
export const administrator =
  (name: string, retained: TopicPartition): Actor =>
  async (world) => {
    const client = world.client(name);
    const tasks = [makeTopic, deleteTopic, deleteRecords, alterConfig, addPartitions, listTopics, describe];
    await untilEnd(world, name, async () => {
      await world.pause(150);
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
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset: world.random.below(15) }] }],
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
