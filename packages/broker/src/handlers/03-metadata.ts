import { type apis, type EncodableResponse, errorCode, type KafkaErrorName, type RequestOf, zeroUuid } from '@millrace/kafka-protocol';
import { nobody } from '../cluster/cluster.ts';
import { isStorageFailure } from '../topic/partition.ts';
import { refuseTopicName } from '../topic/topic-name.ts';
import type { Topic } from '../topic/topics.ts';
import type { Handler, Services } from './handler.ts';

type Asked = NonNullable<RequestOf<typeof apis.metadata>['topics']>[number];
type TopicResponse = EncodableResponse<typeof apis.metadata>['topics'][number];

/**
 * Metadata 0–12: the nodes that are up, and who leads what; topics by name or (10 and later) by id.
 * A topic that does not exist is made with the default number of partitions if both the broker and the client allow it. A partition
 * without a leader is LEADER_NOT_AVAILABLE.
 * Differs from Kafka: a topic made so is ready at once, where Kafka first answers LEADER_NOT_AVAILABLE; the controller is the first
 * node that is up, where Kafka names any; authorized operations are never told, there being no authorizer.
 * @see KIP-4, KIP-204, KIP-516
 */
export const handleMetadata: Handler<typeof apis.metadata> = (request, services, { version }) => {
  const { clusterId, addresses, controllerId } = services.cluster;
  const asked = version === 0 && request.topics?.length === 0 ? null : request.topics;
  const mayCreate = services.autoCreateTopics && request.allowAutoTopicCreation;
  const topics =
    asked === null
      ? services.topics.list().map((topic) => described(topic, services))
      : asked.map((topic) => find(topic, mayCreate, services, version));
  return { brokers: addresses, clusterId, controllerId, topics };
};

function find({ topicId, name }: Asked, mayCreate: boolean, services: Services, version: number): TopicResponse {
  if (name === null) {
    const topic = services.topics.byId(topicId);
    return topic === undefined ? unknown('UNKNOWN_TOPIC_ID', version < 12 ? '' : null, topicId) : described(topic, services);
  }
  const topic = services.topics.get(name);
  if (topic !== undefined) return described(topic, services);
  if (refuseTopicName(name) !== undefined) return unknown('INVALID_TOPIC_EXCEPTION', name);
  return mayCreate ? create(name, services) : unknown('UNKNOWN_TOPIC_OR_PARTITION', name);
}

function create(name: string, services: Services): TopicResponse {
  try {
    const topic = services.topics.create(name, services.defaultPartitions, {}, services.defaultReplicationFactor);
    services.logger.info({ topic: name, partitions: services.defaultPartitions }, 'made a topic that a client asked for');
    return described(topic, services);
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    services.logger.error({ topic: name, error: failure.message }, 'topic not made');
    return unknown('LEADER_NOT_AVAILABLE', name);
  }
}

function described(topic: Topic, { cluster }: Services): TopicResponse {
  const partitions = topic.partitions.map((partition) => {
    const { leaderId, leaderEpoch } = cluster.leadershipOf(partition);
    const replicaNodes = cluster.replicasOf(topic, partition);
    return {
      errorCode: errorCode(leaderId === nobody ? 'LEADER_NOT_AVAILABLE' : 'NONE'),
      partitionIndex: partition.index,
      leaderId,
      leaderEpoch,
      replicaNodes,
      isrNodes: cluster.inSyncReplicasOf(topic, partition),
      offlineReplicas: replicaNodes.filter((replica) => !cluster.isUp(replica)),
    };
  });
  return { errorCode: 0, name: topic.name, topicId: topic.id, isInternal: false, partitions };
}

function unknown(error: KafkaErrorName, name: string | null, topicId: string = zeroUuid): TopicResponse {
  return { errorCode: errorCode(error), name, topicId, isInternal: false, partitions: [] };
}
