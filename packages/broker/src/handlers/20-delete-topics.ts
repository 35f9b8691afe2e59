import { type apis, type EncodableResponse, errorCode, type KafkaErrorName, zeroUuid } from '@millrace/kafka-protocol';
import { isStorageFailure } from '../topic/partition.ts';
import type { Topic } from '../topic/topics.ts';
import type { Handler, Services } from './handler.ts';

type TopicResponse = EncodableResponse<typeof apis.deleteTopics>['responses'][number];

/**
 * DeleteTopics 1–6, by id from 6 on. Files and committed offsets are gone once it is answered.
 * @see KIP-516
 */
export const handleDeleteTopics: Handler<typeof apis.deleteTopics> = (request, services, { version }) => {
  const { topics } = services;
  if (version < 6) return { responses: request.topicNames.map((name) => remove(topics.get(name), name, zeroUuid, services)) };
  const responses = request.topics.map(({ name, topicId }) =>
    remove(name === null ? topics.byId(topicId) : topics.get(name), name, topicId, services),
  );
  return { responses };
};

function remove(topic: Topic | undefined, name: string | null, topicId: string, { topics, groups, logger }: Services): TopicResponse {
  if (topic === undefined)
    return refused(
      name === null ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION',
      name,
      topicId,
      `there is no topic ${name ?? topicId}`,
    );
  try {
    topics.delete(topic);
    groups.forgetTopic(topic.name);
    return { name: topic.name, topicId: topic.id, errorCode: 0 };
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ topic: topic.name, error: failure.message }, 'topic not wholly deleted');
    return refused('KAFKA_STORAGE_ERROR', name, topicId, failure.message);
  }
}

function refused(error: KafkaErrorName, name: string | null, topicId: string, errorMessage: string | null): TopicResponse {
  return { name, topicId, errorCode: errorCode(error), errorMessage };
}
