import { type apis, type EncodableResponse, errorCode, type KafkaErrorName, type RequestOf, zeroUuid } from '@millrace/kafka-protocol';
import { isStorageFailure } from '../topic/partition.ts';
import { refuseTopicConfig, refuseTopicConfigs, type TopicConfigOverrides } from '../topic/topic-config.ts';
import { refuseTopicName } from '../topic/topic-name.ts';
import { describeTopicConfigs } from './32-describe-configs.ts';
import { brief } from './brief.ts';
import type { Handler, Services } from './handler.ts';

type Asked = RequestOf<typeof apis.createTopics>['topics'][number];
type TopicResponse = EncodableResponse<typeof apis.createTopics>['topics'][number];
type Refusal = readonly [error: KafkaErrorName, message: string];

const unset = -1;

/**
 * CreateTopics 2–7. Ready once answered. −1 takes the default number of partitions and the default replication factor. Replicas that are assigned by hand
 * must be nodes; who leads is decided here.
 * Differs from Kafka: a configuration that promises tiered storage is refused with INVALID_CONFIG; those without effect are taken and
 * say so in their documentation; segments smaller than 1 MiB are taken (KIP-1030).
 * @see KIP-4, KIP-464, KIP-525
 */
export const handleCreateTopics: Handler<typeof apis.createTopics> = (request, services) => {
  const counts = new Map<string, number>();
  for (const { name } of request.topics) counts.set(name, (counts.get(name) ?? 0) + 1);
  return {
    topics: [...new Map(request.topics.map((topic) => [topic.name, topic])).values()].map((asked) => {
      if (counts.get(asked.name)! > 1) return refused(asked.name, ['INVALID_REQUEST', `${asked.name} is asked for more than once`]);
      return create(asked, request.validateOnly, services);
    }),
  };
};

function create(asked: Asked, validateOnly: boolean, services: Services): TopicResponse {
  const { name } = asked;
  const partitions = partitionsOf(asked, services);
  const refusal = refuse(asked, partitions, services);
  if (refusal !== undefined) return refused(name, refusal);
  const overrides = overridesOf(asked);
  try {
    const replicationFactor = replicationFactorOf(asked, services);
    const topicId = validateOnly ? zeroUuid : services.topics.create(name, partitions, overrides, replicationFactor).id;
    const configs = describeTopicConfigs(overrides, services.topics.defaults);
    return { name, topicId, errorCode: 0, errorMessage: null, numPartitions: partitions, replicationFactor, configs };
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    services.logger.error({ topic: name, error: failure.message }, 'topic not made');
    return refused(name, ['KAFKA_STORAGE_ERROR', failure.message]);
  }
}

const overridesOf = ({ configs }: Asked): TopicConfigOverrides => Object.fromEntries(configs.map(({ name, value }) => [name, value!]));

function replicationFactorOf({ assignments, replicationFactor }: Asked, { defaultReplicationFactor }: Services): number {
  if (assignments.length > 0) return assignments[0]!.brokerIds.length;
  return replicationFactor === unset ? defaultReplicationFactor : replicationFactor;
}

function partitionsOf({ assignments, numPartitions }: Asked, { defaultPartitions }: Services): number {
  if (assignments.length > 0) return assignments.length;
  return numPartitions === unset ? defaultPartitions : numPartitions;
}

function refuse(asked: Asked, partitions: number, services: Services): Refusal | undefined {
  const { name, replicationFactor, configs } = asked;
  const badName = refuseTopicName(name);
  if (badName !== undefined) return ['INVALID_TOPIC_EXCEPTION', badName];
  if (services.topics.get(name) !== undefined) return ['TOPIC_ALREADY_EXISTS', `topic ${name} exists already`];
  const badAssignment = refuseAssignments(asked, services);
  if (badAssignment !== undefined) return badAssignment;
  if (partitions < 1 || partitions > services.partitionsMax) {
    return ['INVALID_PARTITIONS', `${partitions} partitions; 1 to ${services.partitionsMax} are legal`];
  }
  const nodeCount = services.cluster.nodes.length;
  const isLegal = replicationFactor === unset || (replicationFactor >= 1 && replicationFactor <= nodeCount);
  if (asked.assignments.length === 0 && !isLegal) {
    return [
      'INVALID_REPLICATION_FACTOR',
      `replication factor ${replicationFactor}; -1 and 1 to ${nodeCount}, the number of nodes, are legal`,
    ];
  }
  for (const config of configs) {
    const reason = refuseTopicConfig(config.name, config.value);
    if (reason !== undefined) return ['INVALID_CONFIG', reason];
  }
  const reason = refuseTopicConfigs(overridesOf(asked), services.topics.defaults);
  return reason === undefined ? undefined : ['INVALID_CONFIG', reason];
}

function refuseAssignments({ assignments, numPartitions, replicationFactor }: Asked, { cluster }: Services): Refusal | undefined {
  if (assignments.length > 0 && (numPartitions !== unset || replicationFactor !== unset)) {
    return ['INVALID_REQUEST', 'where replicas are assigned, the numbers of partitions and of replicas must be -1'];
  }
  const indexes = assignments.map(({ partitionIndex }) => partitionIndex).sort((a, b) => a - b);
  if (indexes.some((index, at) => index !== at)) return ['INVALID_REPLICA_ASSIGNMENT', 'partitions must be numbered from 0 on'];
  const isWrong = ({ brokerIds }: Asked['assignments'][number]) =>
    brokerIds.length === 0 ||
    brokerIds.length !== assignments[0]!.brokerIds.length ||
    new Set(brokerIds).size < brokerIds.length ||
    brokerIds.some((nodeId) => !cluster.nodes.includes(nodeId));
  const legal = 'as many different nodes for each partition';
  return assignments.some(isWrong) ? ['INVALID_REPLICA_ASSIGNMENT', `the nodes are ${cluster.nodes.join(', ')}; ${legal}`] : undefined;
}

function refused(name: string, [error, errorMessage]: Refusal): TopicResponse {
  return { name, errorCode: errorCode(error), errorMessage: brief(errorMessage), configs: [] };
}
