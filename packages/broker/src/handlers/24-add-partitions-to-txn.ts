import { type apis, errorCode, type KafkaErrorName } from '@millrace/kafka-protocol';
import type { Handler } from './handler.ts';
import { transactionAnswer } from './transaction-answer.ts';

/**
 * AddPartitionsToTxn 0–3: takes partitions into the open transaction, beginning one if none is. All or none: if one is not known, the
 * others are OPERATION_NOT_ATTEMPTED.
 * Clients of the second version of transactions have no need of it.
 * Differs from Kafka: 4 and later, which only brokers speak to each other, are neither listed nor served, there being one.
 * @see KIP-98, KIP-890
 */
export const handleAddPartitionsToTxn: Handler<typeof apis.addPartitionsToTxn> = async (request, services, { version }) => {
  const { topics, transactions, logger } = services;
  const { transactionalId } = request;
  const asked = request.topics.flatMap(({ name, partitions }) => partitions.map((partition) => ({ topic: name, partition })));
  const isKnown = (topic: string, partition: number) => topics.partition(topic, partition) !== undefined;
  const areAllKnown = asked.every(({ topic, partition }) => isKnown(topic, partition));
  const error: KafkaErrorName = areAllKnown
    ? await transactionAnswer(() => transactions.addPartitions(request, asked), version, logger, transactionalId)
    : 'OPERATION_NOT_ATTEMPTED';
  return {
    resultsByTopic: request.topics.map(({ name, partitions }) => ({
      name,
      resultsByPartition: partitions.map((partitionIndex) => ({
        partitionIndex,
        partitionErrorCode: errorCode(isKnown(name, partitionIndex) ? error : 'UNKNOWN_TOPIC_OR_PARTITION'),
      })),
    })),
  };
};
