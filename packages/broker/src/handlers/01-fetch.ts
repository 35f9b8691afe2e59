import { type apis, type EncodableResponse, errorCode, type KafkaErrorName, type RequestOf } from '@millrace/kafka-protocol';
import { awaitBytes, type Position } from '../topic/await-bytes.ts';
import { type CommittedRead, isStorageFailure, type Partition } from '../topic/partition.ts';
import type { Handler, RequestContext, Services } from './handler.ts';

type Request = RequestOf<typeof apis.fetch>;
type Response = EncodableResponse<typeof apis.fetch>;
type Asked = Request['topics'][number]['partitions'][number];
type PartitionResponse = Response['responses'][number]['partitions'][number];

const readCommitted = 1;
const noBytes = Buffer.alloc(0);

/**
 * Fetch 4–12.
 * Answers with slices of the segment files: whole batches, the first being the one that holds the offset asked for, and at
 * least one batch even if it is larger than asked for. Waits up to max_wait for min_bytes, and wakes with the appends.
 * A reader of committed records gets what lies before the first open transaction, with the list of aborted ones among it; it wakes
 * when a transaction ends.
 * All connections together hold so much memory for answers and no more: where it is short answers are smaller, and wait for their turn.
 * Only the leader of a partition answers for it, to clients that know no other epoch than its own; who read something else at the last
 * offset of an epoch is told where the logs part (12).
 * Differs from Kafka: keeps no fetch sessions (every answer has session id 0, so clients send whole requests; KIP-227 allows it).
 * @see KIP-74 (max_bytes), KIP-98, KIP-227, KIP-320
 */
export const handleFetch: Handler<typeof apis.fetch> = (request, services, context) => {
  if (request.sessionId !== 0) return { errorCode: errorCode('FETCH_SESSION_ID_NOT_FOUND'), responses: [] };
  const waiting = waitFor(request, services, context);
  return waiting === undefined ? readWithin(request, services, context) : waiting.then(() => readWithin(request, services, context));
};

/** Reads as much as there is memory for, which all connections share; waits for some where there is none. */
function readWithin(request: Request, services: Services, context: RequestContext): Response | Promise<Response> {
  const wanted = wantedBytes(request, services);
  const granted = context.reserve(wanted);
  if (granted instanceof Promise) return granted.then((bytes) => read(request, services, context, bytes));
  return read(request, services, context, granted);
}

/** About how many bytes there are for the answer. */
function wantedBytes(request: Request, { topics, fetchBytesMax }: Services): number {
  const most = Math.min(request.maxBytes, fetchBytesMax);
  let bytes = 0;
  for (const { topic, partitions } of request.topics) {
    for (const { partition, fetchOffset, partitionMaxBytes } of partitions) {
      bytes += Math.min(topics.partition(topic, partition)?.sizeFrom(fetchOffset) ?? 0, partitionMaxBytes);
      if (bytes >= most) return most;
    }
  }
  return bytes;
}

/** Undefined if the answer is due at once. */
function waitFor(request: Request, services: Services, { signal }: RequestContext): Promise<void> | undefined {
  if (request.maxWaitMs <= 0 || request.minBytes <= 0) return undefined;
  const { topics, clock } = services;
  const positions: Position[] = [];
  for (const { topic, partitions } of request.topics) {
    for (const asked of partitions) {
      const partition = topics.partition(topic, asked.partition);
      if (partition === undefined || refuse(partition, asked, services) !== undefined) return undefined;
      if (divergence(partition, asked) !== undefined) return undefined;
      positions.push({
        partition,
        offset: asked.fetchOffset,
        bytesMax: asked.partitionMaxBytes,
        isCommitted: request.isolationLevel === readCommitted,
      });
    }
  }
  return awaitBytes(positions, Math.min(request.minBytes, request.maxBytes), request.maxWaitMs, clock, signal);
}

function read(request: Request, services: Services, context: RequestContext, bytesMaxOfAll: number): Response {
  let bytesLeft = bytesMaxOfAll;
  let isFirst = true;
  const responses = request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((asked) => {
      const bytesMax = Math.min(asked.partitionMaxBytes, bytesLeft);
      const response = readPartition(topic, asked, services, (partition) => {
        if (bytesMax <= 0 && !isFirst) return { records: noBytes, aborted: request.isolationLevel === readCommitted ? [] : null };
        if (request.isolationLevel === readCommitted) {
          return partition.readCommitted(asked.fetchOffset, bytesMax, isFirst, context.allocate);
        }
        return { records: partition.read(asked.fetchOffset, bytesMax, isFirst, context.allocate), aborted: null };
      });
      const size = (response.records as Buffer).length;
      bytesLeft = Math.max(0, bytesLeft - size);
      if (size > 0) isFirst = false;
      return response;
    }),
  }));
  return { responses };
}

function readPartition(
  topic: string,
  asked: Asked,
  services: Services,
  readFrom: (partition: Partition) => { readonly records: Buffer; readonly aborted: CommittedRead['aborted'] | null },
): PartitionResponse {
  const partition = services.topics.partition(topic, asked.partition);
  if (partition === undefined) return { ...refused(asked.partition, 'UNKNOWN_TOPIC_OR_PARTITION'), abortedTransactions: [] };
  const error = refuse(partition, asked, services);
  if (error === 'OFFSET_OUT_OF_RANGE' || error === 'UNKNOWN_LEADER_EPOCH') return refused(asked.partition, error);
  if (error !== undefined) return { ...refused(asked.partition, error), currentLeader: services.cluster.leadershipOf(partition) };
  const divergingEpoch = divergence(partition, asked);
  if (divergingEpoch !== undefined) {
    return {
      partitionIndex: asked.partition,
      errorCode: 0,
      ...bounds(partition),
      divergingEpoch,
      abortedTransactions: [],
      records: noBytes,
    };
  }
  try {
    const { records, aborted } = readFrom(partition);
    const abortedTransactions = aborted?.map(({ producerId, firstOffset }) => ({ producerId, firstOffset })) ?? null;
    return { partitionIndex: asked.partition, errorCode: 0, ...bounds(partition), abortedTransactions, records };
  } catch (failure) {
    if (!isStorageFailure(failure)) throw failure;
    services.logger.error({ topic, partition: asked.partition, error: failure.message }, 'log not readable');
    return refused(asked.partition, 'KAFKA_STORAGE_ERROR');
  }
}

function refuse(
  partition: Partition,
  { fetchOffset, currentLeaderEpoch, lastFetchedEpoch }: Asked,
  services: Services,
): KafkaErrorName | undefined {
  const error = services.cluster.refuseLeader(services.nodeId, partition, currentLeaderEpoch);
  if (error !== undefined) return error;
  if (lastFetchedEpoch >= 0 && partition.endOfEpoch(lastFetchedEpoch).endOffset < 0) return 'OFFSET_OUT_OF_RANGE';
  return fetchOffset < partition.startOffset || fetchOffset > partition.highWatermark ? 'OFFSET_OUT_OF_RANGE' : undefined;
}

/** Where the log parts from what a client has read that tells the epoch of its last record; undefined if it does not. @see KIP-595 */
function divergence(partition: Partition, { fetchOffset, lastFetchedEpoch }: Asked) {
  if (lastFetchedEpoch < 0) return undefined;
  const end = partition.endOfEpoch(lastFetchedEpoch);
  return end.epoch < lastFetchedEpoch || end.endOffset < fetchOffset ? end : undefined;
}

function bounds({ highWatermark, lastStableOffset, startOffset }: Partition) {
  return { highWatermark, lastStableOffset, logStartOffset: startOffset };
}

function refused(partitionIndex: number, error: KafkaErrorName): PartitionResponse {
  return { partitionIndex, errorCode: errorCode(error), highWatermark: -1, records: noBytes };
}
