import { apis } from '@millrace/kafka-protocol';
import { errorName, type Subject } from './subject.ts';

/** The committed offset of partition 0, as version 7 tells it. */
export async function committedOffset(subject: Subject, groupId: string, topic: string, { requireStable = false } = {}) {
  const asked = { groupId, topics: [{ name: topic, partitionIndexes: [0] }], requireStable };
  const { errorCode, topics } = await subject.request(apis.offsetFetch, 7, asked);
  const partition = topics[0]?.partitions[0];
  return {
    error: errorName(errorCode || (partition?.errorCode ?? 0)),
    offset: partition?.committedOffset ?? -1,
    leaderEpoch: partition?.committedLeaderEpoch ?? -1,
    metadata: partition?.metadata ?? null,
  };
}
