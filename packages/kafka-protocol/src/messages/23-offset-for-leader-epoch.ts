import { api, array, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-101, KIP-320 (v2: current leader epoch). */
export const offsetForLeaderEpoch = api(
  23,
  { name: 'OffsetForLeaderEpoch', versions: [2, 4], flexibleFrom: 4 },
  {
    request: {
      replicaId: field(int32, { from: 3, fallback: -2 }),
      topics: field(
        array({
          topic: field(string),
          partitions: field(
            array({
              partition: field(int32),
              currentLeaderEpoch: field(int32, { fallback: -1 }),
              leaderEpoch: field(int32),
            }),
          ),
        }),
      ),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      topics: field(
        array({
          topic: field(string),
          partitions: field(
            array({
              errorCode: field(int16),
              partition: field(int32),
              leaderEpoch: field(int32, { fallback: -1 }),
              endOffset: field(int64, { fallback: -1 }),
            }),
          ),
        }),
      ),
    },
  },
);
