import type { MaterializedViewDefinition, StreamDefinition } from '@millrace/catalog';
import { delay, MillraceError } from '@millrace/core';
import type { TopicMetadata, TopicSpec } from '@millrace/kafka-client';
import { viewNames } from '../views/view-names.ts';
import type { Services } from './services.ts';

/** Each broker hears of a new topic by itself, a busy one late. */
const knownWithinMs = 10_000;

/** Kafka's largest: record timestamps are event times, or of a server's clock, and may lie ahead of the broker's. */
const anyTimestamp = '9223372036854775807';

/**
 * Makes the topic of a stream; resolves when its partitions have leaders.
 * @throws {MillraceError} PLAN_STREAM_EXISTS if there is a topic of its name already
 */
export async function createTopic(stream: StreamDefinition, services: Services): Promise<TopicMetadata> {
  const spec = {
    topic: stream.topic,
    partitions: stream.partitions,
    replicationFactor: Number(stream.settings['replication_factor'] ?? services.values['kafka.replication_factor']),
  };
  const isMade = await createForAnyTimestamp({ ...spec, configs: retention(stream) }, services);
  if (!isMade) throw topicExists(stream);
  return topicOf(stream.topic, services);
}

/**
 * Makes a topic that is no stream's, mostly of one partition: state, dead letters. One that is there is taken as it is.
 * @param settings of the view, which may say how many brokers hold it
 */
export async function createStateTopic(
  topic: string,
  configs: Readonly<Record<string, string>>,
  settings: StreamDefinition['settings'],
  services: Services,
  partitions = 1,
): Promise<void> {
  const replicationFactor = Number(settings['replication_factor'] ?? services.values['kafka.replication_factor']);
  await createForAnyTimestamp({ topic, partitions, replicationFactor, configs }, services);
  await topicOf(topic, services);
}

/** Makes the topics of a view's dead letters, which are kept until the view is dropped. */
export async function createLetterTopics({ name, id, settings }: MaterializedViewDefinition, services: Services): Promise<void> {
  const { deadLetterTopic, replayTopic } = viewNames(name, id);
  for (const topic of [deadLetterTopic, replayTopic]) await createStateTopic(topic, { 'retention.ms': '-1' }, settings, services);
}

/** @returns false if there is one already */
function createForAnyTimestamp(spec: TopicSpec, { admin }: Services): Promise<boolean> {
  return admin
    .createTopic({ ...spec, configs: { ...spec.configs, 'message.timestamp.after.max.ms': anyTimestamp } })
    .catch((failure: unknown) => {
      // Brokers before Kafka 3.6 do not know the key, and have no such bound either.
      if (!isConfigRefused(failure)) throw failure;
      return admin.createTopic(spec);
    });
}

/** What the cluster says of a topic that is to be there. @throws {MillraceError} KAFKA_TOPIC_UNKNOWN */
async function topicOf(topic: string, { kafka, clock }: Services): Promise<TopicMetadata> {
  kafka.forgetTopic(topic);
  const deadlineMs = clock.monotonic() + knownWithinMs;
  for (;;) {
    try {
      const [metadata] = await kafka.metadata([topic]);
      return metadata!;
    } catch (failure) {
      const mayCome = failure instanceof MillraceError && failure.code === 'KAFKA_TOPIC_UNKNOWN' && clock.monotonic() < deadlineMs;
      if (!mayCome) throw failure;
      await delay(clock, 20);
    }
  }
}

/** What the cluster says of a topic, or undefined if there is none. Asks for no topic by name: brokers make those that they are asked for. */
export async function existingTopic(topic: string, services: Services): Promise<TopicMetadata | undefined> {
  return (await services.admin.listTopics()).includes(topic) ? topicOf(topic, services) : undefined;
}

/** Records stay for ever unless the stream says otherwise. */
function retention({ settings }: StreamDefinition): Record<string, string> {
  const bytes = settings['retention_bytes'];
  return { 'retention.ms': String(settings['retention_ms'] ?? -1), ...(bytes !== undefined && { 'retention.bytes': String(bytes) }) };
}

function isConfigRefused(failure: unknown): boolean {
  return failure instanceof MillraceError && /INVALID_CONFIG/.test(`${String(failure.details['kafkaError'])} ${failure.message}`);
}

function topicExists({ name, topic }: StreamDefinition): MillraceError {
  return new MillraceError('PLAN_STREAM_EXISTS', `there is a topic ${topic} already`, {
    hint: `to read it, write SETTINGS topic='${topic}'; to have a topic of its own, give the stream ${name} another name`,
    details: { topic },
  });
}
