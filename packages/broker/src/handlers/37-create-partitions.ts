import { type apis, errorCode, type KafkaErrorName, type RequestOf } from '@millrace/kafka-protocol';
import { isStorageFailure } from '../topic/partition.ts';
import type { Topic } from '../topic/topics.ts';
import { brief } from './brief.ts';
import type { Handler, Services } from './handler.ts';

type Asked = RequestOf<typeof apis.createPartitions>['topics'][number];
type Refusal = readonly [error: KafkaErrorName, message: string];

/**
 * CreatePartitions 0–3: gives a topic more partitions.
 * @see KIP-195
 */
export const handleCreatePartitions: Handler<typeof apis.createPartitions> = (request, services) => ({
  results: request.topics.map((asked) => {
    const [error, errorMessage] = grow(asked, request.validateOnly, services) ?? (['NONE', null] as const);
    return { name: asked.name, errorCode: errorCode(error), errorMessage: brief(errorMessage) };
  }),
});

function grow({ name, count, assignments }: Asked, validateOnly: boolean, services: Services): Refusal | undefined {
  const { topics, partitionsMax, logger } = services;
  const topic = topics.get(name);
  if (topic === undefined) return ['UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${name}`];
  const current = topic.partitions.length;
  if (count <= current || count > partitionsMax) {
    return ['INVALID_PARTITIONS', `topic ${name} has ${current} partitions; ${current + 1} to ${partitionsMax} are legal, not ${count}`];
  }
  const badAssignment = assignments === null ? undefined : refuseAssignments(assignments, count - current, topic, services);
  if (badAssignment !== undefined) return badAssignment;
  if (validateOnly) return undefined;
  try {
    topics.grow(topic, count);
    return undefined;
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    logger.error({ topic: name, error: failure.message }, 'partitions not made');
    return ['KAFKA_STORAGE_ERROR', failure.message];
  }
}

function refuseAssignments(
  assignments: NonNullable<Asked['assignments']>,
  added: number,
  { replicationFactor }: Topic,
  { cluster }: Services,
): Refusal | undefined {
  if (assignments.length !== added) {
    return ['INVALID_REPLICA_ASSIGNMENT', `${added} partitions are added, but replicas are given for ${assignments.length}`];
  }
  const isWrong = (brokerIds: readonly number[]) =>
    brokerIds.length !== replicationFactor ||
    new Set(brokerIds).size < brokerIds.length ||
    brokerIds.some((nodeId) => !cluster.nodes.includes(nodeId));
  if (!assignments.some(({ brokerIds }) => isWrong(brokerIds))) return undefined;
  return [
    'INVALID_REPLICA_ASSIGNMENT',
    `the nodes are ${cluster.nodes.join(', ')}; ${replicationFactor} different ones for each partition`,
  ];
}
