import { api, array, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-98, KIP-447 (v3: generation and member), KIP-890 (v5: adds the group to the transaction itself). */
export const txnOffsetCommit = api(
  28,
  { name: 'TxnOffsetCommit', versions: [0, 5], flexibleFrom: 3 },
  {
    request: {
      transactionalId: field(string),
      groupId: field(string),
      producerId: field(int64),
      producerEpoch: field(int16),
      generationId: field(int32, { from: 3, fallback: -1 }),
      memberId: field(string, { from: 3 }),
      groupInstanceId: field(string, { from: 3, nullable: true }),
      topics: field(
        array({
          name: field(string),
          partitions: field(
            array({
              partitionIndex: field(int32),
              committedOffset: field(int64),
              committedLeaderEpoch: field(int32, { from: 2, fallback: -1 }),
              committedMetadata: field(string, { nullable: true }),
            }),
          ),
        }),
      ),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      topics: field(
        array({
          name: field(string),
          partitions: field(
            array({
              partitionIndex: field(int32),
              errorCode: field(int16),
            }),
          ),
        }),
      ),
    },
  },
);
