import { asMillraceError } from '@millrace/core';
import {
  type ClusterOptions,
  createAdmin,
  joinGroup,
  type KafkaClient,
  listOffsets,
  openProducer,
  openReader,
  openTransactionalProducer,
  type TopicSpec,
} from '@millrace/kafka-client';
import type { PipeKafka } from '../progress/pipe-kafka.ts';

/** A broker may hold a fetch for so long that finds nothing: an idle pipe costs one request in that time. */
const maxWaitMs = 10_000;
const sinkBatchBytes = 64 * 1024;
/** A record of a pipe may bear any event time. */
const anyTimestamp = { 'message.timestamp.after.max.ms': String(Number.MAX_SAFE_INTEGER) };

/** What pipes ask of Kafka, answered by a cluster. */
export function pipeKafka(client: KafkaClient, cluster: ClusterOptions): PipeKafka {
  return {
    topic: async (name) => (await client.metadata([name]))[0]!,
    topicOnce: async (name) => (await client.metadataOnce([name]))[0]!,
    topicToWrite: (name) => {
      client.forgetTopic(name);
      return client.topicToWrite(name);
    },
    listOffsets: (topic, partitions, spec) => listOffsets(client, topic, partitions, spec, 'read_committed'),
    // Brokers and leaders that are away are waited for, however long.
    openReader: () => openReader(client, { isolation: 'read_committed', missingTimeoutMs: Number.POSITIVE_INFINITY, maxWaitMs }),
    joinGroup: (options) => joinGroup(client, options),
    openProducer: () => openProducer(client, { batchSizeBytes: sinkBatchBytes }),
    openTransactionalProducer: (options) => openTransactionalProducer(client, options),
    createTopic: (spec) => createTopic(spec, client, cluster),
  };
}

async function createTopic(spec: TopicSpec, { logger }: KafkaClient, { brokers, ssl, sasl }: ClusterOptions): Promise<boolean> {
  const admin = createAdmin({ brokers, clientId: 'millrace', logger, ...(ssl !== undefined && { ssl }), ...(sasl && { sasl }) });
  try {
    return await admin.createTopic({ ...spec, configs: { ...spec.configs, ...anyTimestamp } }).catch((failure: unknown) => {
      // Brokers before Kafka 3.6 do not know the key, and have no such bound either.
      if (asMillraceError(failure).details['kafkaError'] !== 'INVALID_CONFIG') throw failure;
      return admin.createTopic(spec);
    });
  } finally {
    await admin.close();
  }
}
