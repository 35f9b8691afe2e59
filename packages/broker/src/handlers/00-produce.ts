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
/** First version whose batches add their partitions to the transaction. */
const addingFrom = 12;

/** What is to be on stable storage before an answer goes out. */
type Unflushed = Map<PartitionResponse, Pick<Partition, 'flush'>[]>;

/**
 * Produce 0–12; 0–2 are only listed, since librdkafka before 2.11 compresses nothing unless 0 is (KAFKA-18659).
 * Appends one record batch a partition, as it came. With acks=0 nothing is answered. A full disk is KAFKA_STORAGE_ERROR: nothing
 * of the batch was kept, and the client sends it again.
 * Where the flush settings ask for it, the answer waits for stable storage; consumers may see the batch before.
 * A batch of a transaction adds its partition to the transaction of its producer (12); below, the partition must have been added: if not
 * it is INVALID_TXN_STATE, in 11 TRANSACTION_ABORTABLE. While the transaction before is being ended it is CONCURRENT_TRANSACTIONS.
 * A request that names no transactional id may have no such batch.
 * Differs from Kafka: acks=1 and acks=all differ by min.insync.replicas only, there being one copy of the data; zstd is taken in every version.
 * @see KIP-98, KIP-467, KIP-890
 */
export const handleProduce: Handler<typeof apis.produce> = (request, services, { version }) => {
  const { acks } = request;
  if (acks < -1 || acks > 1) return { responses: refuseAll(request, 'INVALID_REQUIRED_ACKS') };
  const unflushed: Unflushed = new Map();
  const responses = request.topicData.map(({ name, partitionData }) => ({
    name,
    partitionResponses: partitionData.map(({ index, records }) => {
      const partition = services.topics.partition(name, index);
      const response = append(partition, index, records, request, services, version);
      const written = response.errorCode === 0 ? [services.transactions, partition!].filter(({ needsFlush }) => needsFlush) : [];
      if (written.length > 0) unflushed.set(response, written);
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
  const elsewhere = services.cluster.refuseLeader(services.nodeId, partition);
  if (elsewhere !== undefined) return { ...refused(index, elsewhere), currentLeader: services.cluster.leadershipOf(partition) };
  try {
    const refuseTransactional = (batch: BatchHeader) =>
      knownTo(version, services.transactions.admitBatch(transactionalId, batch, partition.topic, index, version >= addingFrom));
    const appended = partition.append(records, acks, refuseTransactional);
    if (isRefusal(appended)) return refused(index, appended.error, appended.message);
    return { index, errorCode: 0, ...appended, logStartOffset: partition.startOffset };
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    services.logger.error({ topic: partition.topic, partition: index, error: failure.message }, 'batch not stored');
    return refused(index, 'KAFKA_STORAGE_ERROR', failure.message);
  }
}

const knownTo = (version: number, error: KafkaErrorName | undefined) =>
  error === 'INVALID_TXN_STATE' && version >= abortableFrom ? 'TRANSACTION_ABORTABLE' : error;

/** Waits for stable storage; what does not get there is not acknowledged. */
async function flush(response: Response, unflushed: Unflushed, services: Services): Promise<Response> {
  const failed = new Map<PartitionResponse, PartitionResponse>();
  for (const [answer, written] of unflushed) {
    try {
      for (const log of written) await log.flush();
    } catch (failure) {
      if (!isStorageFailure(failure)) throw failure;
      services.logger.error({ partition: answer.index, error: failure.message }, 'batch not synced');
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
