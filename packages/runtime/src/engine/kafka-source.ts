import { Coordinator, joinGroup, type KafkaClient, listOffsets, openReader, openTransactionalProducer } from '@millrace/kafka-client';
import { apis } from '@millrace/kafka-protocol';
import type { KafkaSource } from '../sources/source-ports.ts';
import type { ViewKafka } from '../view/view-kafka.ts';

/** What sources ask of Kafka, answered by a cluster. Only committed records are read. */
export function kafkaSource(client: KafkaClient): KafkaSource {
  return {
    topic: async (name) => (await client.metadata([name]))[0]!,
    topicOnce: async (name) => (await client.metadataOnce([name]))[0]!,
    listOffsets: (topic, partitions, spec) => listOffsets(client, topic, partitions, spec, 'read_committed'),
    // A scan watches its topic itself: a leader that is away is waited for, however long.
    openReader: () => openReader(client, { isolation: 'read_committed', missingTimeoutMs: Number.POSITIVE_INFINITY }),
    joinGroup: (options) => joinGroup(client, options),
    async deleteGroup(groupId) {
      const coordinator = new Coordinator(client, groupId);
      await coordinator.call((connection) => connection.request(apis.deleteGroups, { groupsNames: [groupId] }));
    },
  };
}

/** What views ask of Kafka, answered by a cluster. */
export function viewKafka(client: KafkaClient): ViewKafka {
  return {
    ...kafkaSource(client),
    openTransactionalProducer: (options) => openTransactionalProducer(client, options),
    writtenEnds: (topic, partitions) => listOffsets(client, topic, partitions, 'latest', 'read_uncommitted'),
  };
}
