import type { apis, RequestOf } from '@millrace/kafka-protocol';
import type { Topic } from '../topic/topics.ts';
import type { Handler, Services } from './handler.ts';

type AskedTopics = RequestOf<typeof apis.describeLogDirs>['topics'];

/**
 * DescribeLogDirs 1–4: the one data directory with the sizes of the partitions asked for, or of all, of which this node is a replica. What does not exist is left out.
 * Differs from Kafka: the sizes of the volume (4) are not told (-1).
 * @see KIP-113, KIP-827
 */
export const handleDescribeLogDirs: Handler<typeof apis.describeLogDirs> = ({ topics: asked }, services) => {
  const topics = wanted(asked, services).map(({ topic, isWanted }) => ({
    name: topic.name,
    partitions: topic.partitions
      .filter((partition) => isWanted(partition.index) && services.cluster.replicasOf(topic, partition).includes(services.nodeId))
      .map(({ index, sizeBytes }) => ({ partitionIndex: index, partitionSize: sizeBytes, offsetLag: 0, isFutureKey: false })),
  }));
  const logDir = services.brokerConfigs().find(({ name }) => name === 'log.dirs')!.value!;
  return { errorCode: 0, results: [{ errorCode: 0, logDir, topics: topics.filter(({ partitions }) => partitions.length > 0) }] };
};

function wanted(asked: AskedTopics, { topics }: Services): { topic: Topic; isWanted: (index: number) => boolean }[] {
  if (asked === null) return topics.list().map((topic) => ({ topic, isWanted: () => true }));
  return asked.flatMap(({ topic: name, partitions }) => {
    const topic = topics.get(name);
    return topic === undefined ? [] : [{ topic, isWanted: (index: number) => partitions.includes(index) }];
  });
}
