import { type apis, type EncodableResponse, errorCode, type KafkaErrorName, type RequestOf } from '@millrace/kafka-protocol';
import type { BatchHeader } from '../log/batch-header.ts';
import { isRefusal } from '../topic/check-produced.ts';
import { isStorageFailure, type Partition } from '../topic/partition.ts';
import type { Handler, Services } from './handler.ts';

type Request = RequestOf<typeof apis.produce>;
type Response = EncodableResponse<typeof apis.produce>;
type PartitionResponse = Response['responses'][number]['partitionResponses'][number];

/** First version whose clients abort on TRANSACTION_ABORTABLE and go on. */
const abortableFrom = 11;

/**
 * Produce 0–12; 0–2 are only listed, since librdkafka before 2.11 compresses nothing unless 0 is (KAFKA-18659).
 * Appends one record batch a partition, as it came. With acks=0 nothing is answered. A full disk is KAFKA_STORAGE_ERROR: nothing
 * of the batch was kept, and the client sends it again.
 * Where the flush settings ask for it, the answer waits for stable storage; consumers may see the batch before.
 * A batch of a transaction is taken only if its partition was added to the open transaction of its producer; if not it is
 * INVALID_TXN_STATE, from 11 on TRANSACTION_ABORTABLE. A request that names no transactional id may have no such batch.
 * Differs from Kafka: acks=1 and acks=all differ by min.insync.replicas only, there being one node; zstd is taken in every version;
 * 12 adds no partition to a transaction by itself, that being for clients of the second version of transactions, which is not offered.
 * @see KIP-98, KIP-467, KIP-890 (part 1)
 */
export const handleProduce: Handler<typeof apis.produce> = (request, services, { version }) => {
  const { acks } = request;
  if (acks < -1 || acks > 1) return { responses: refuseAll(request, 'INVALID_REQUIRED_ACKS') };
  const unflushed = new Map<PartitionResponse, Partition>();
  const responses = request.topicData.map(({ name, partitionData }) => ({
    name,
    partitionResponses: partitionData.map(({ index, records }) => {
      const partition = services.topics.partition(name, index);
      const response = append(partition, index, records, request, services, version);
      if (response.errorCode === 0 && partition!.needsFlush) unflushed.set(response, partition!);
      return response;
    }),
  }));
  if (unflushed.size > 0) return flush({ responses }, unflushed, services).then((response) => (acks === 0 ? undefined : response));
  return acks === 0 ? undefined : { responses };
};

function append(
  partition: Partition | undefined,
  index: number,
  records: Buffer | null,
  { acks, transactionalId }: Request,
  services: Services,
  version: number,
): PartitionResponse {
  if (partition === undefined) return refused(index, 'UNKNOWN_TOPIC_OR_PARTITION');
  try {
    const refuseTransactional = (batch: BatchHeader) => services.transactions.refuseBatch(transactionalId, batch, partition.topic, index);
    const appended = partition.append(records, acks, refuseTransactional);
    if (isRefusal(appended)) return refused(index, knownTo(version, appended.error), appended.message);
    return { index, errorCode: 0, ...appended, logStartOffset: partition.startOffset };
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    services.logger.error({ topic: partition.topic, partition: index, error: failure.message }, 'batch not stored');
    return refused(index, 'KAFKA_STORAGE_ERROR', failure.message);
  }
}

const knownTo = (version: number, error: KafkaErrorName) =>
  error === 'INVALID_TXN_STATE' && version >= abortableFrom ? 'TRANSACTION_ABORTABLE' : error;

/** Waits for stable storage; what does not get there is not acknowledged. */
async function flush(response: Response, unflushed: Map<PartitionResponse, Partition>, services: Services): Promise<Response> {
  const failed = new Map<PartitionResponse, PartitionResponse>();
  for (const [answer, partition] of unflushed) {
    try {
      await partition.flush();
    } catch (failure) {
      if (!isStorageFailure(failure)) throw failure;
      services.logger.error({ topic: partition.topic, partition: answer.index, error: failure.message }, 'batch not synced');
      failed.set(answer, refused(answer.index, 'KAFKA_STORAGE_ERROR', failure.message));
    }
  }
  if (failed.size === 0) return response;
  const responses = response.responses.map(({ name, partitionResponses }) => ({
    name,
    partitionResponses: partitionResponses.map((answer) => failed.get(answer) ?? answer),
  }));
  return { responses };
}

function refuseAll(request: Request, error: KafkaErrorName) {
  return request.topicData.map(({ name, partitionData }) => ({
    name,
    partitionResponses: partitionData.map(({ index }) => refused(index, error)),
  }));
}

function refused(index: number, error: KafkaErrorName, errorMessage: string | null = null): PartitionResponse {
  return { index, errorCode: errorCode(error), baseOffset: -1, logStartOffset: -1, errorMessage };
}
