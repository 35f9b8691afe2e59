import { api, array, field, int8, int16, int32, int64, string } from '../definition.ts';

/** KIP-79, KIP-98 (v2: isolation level), KIP-734 (v7: largest timestamp). Timestamp -1 asks for the end of the log, -2 for its start, -3 for the record with the largest timestamp. */
export const listOffsets = api(
  2,
  { name: 'ListOffsets', versions: [1, 9], flexibleFrom: 6 },
  {
    request: {
      replicaId: field(int32),
      isolationLevel: field(int8, { from: 2 }),
      topics: field(
        array({
          name: field(string),
          partitions: field(
            array({
              partitionIndex: field(int32),
              currentLeaderEpoch: field(int32, { from: 4, fallback: -1 }),
              timestamp: field(int64),
            }),
          ),
        }),
      ),
    },
    response: {
      throttleTimeMs: field(int32, { from: 2 }),
      topics: field(
        array({
          name: field(string),
          partitions: field(
            array({
              partitionIndex: field(int32),
              errorCode: field(int16),
              timestamp: field(int64, { fallback: -1 }),
              offset: field(int64, { fallback: -1 }),
              leaderEpoch: field(int32, { from: 4, fallback: -1 }),
            }),
          ),
        }),
      ),
    },
  },
);
