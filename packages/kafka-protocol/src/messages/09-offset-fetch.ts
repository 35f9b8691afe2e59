import { api, array, bool, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-447 (v7: stable offsets), KIP-709 (v8: several groups). Null topics ask for all. */
export const offsetFetch = api(
  9,
  { name: 'OffsetFetch', versions: [1, 9], flexibleFrom: 6 },
  {
    request: {
      groupId: field(string, { to: 7 }),
      topics: field(
        array({
          name: field(string),
          partitionIndexes: field(array(int32)),
        }),
        { to: 7, nullableFrom: 2 },
      ),
      groups: field(
        array({
          groupId: field(string),
          memberId: field(string, { from: 9, nullable: true }),
          memberEpoch: field(int32, { from: 9, fallback: -1 }),
          topics: field(
            array({
              name: field(string),
              partitionIndexes: field(array(int32)),
            }),
            { nullable: true },
          ),
        }),
        { from: 8 },
      ),
      requireStable: field(bool, { from: 7 }),
    },
    response: {
      throttleTimeMs: field(int32, { from: 3 }),
      topics: field(
        array({
          name: field(string),
          partitions: field(
            array({
              partitionIndex: field(int32),
              committedOffset: field(int64),
              committedLeaderEpoch: field(int32, { from: 5, fallback: -1 }),
              metadata: field(string, { nullable: true }),
              errorCode: field(int16),
            }),
          ),
        }),
        { to: 7 },
      ),
      errorCode: field(int16, { from: 2, to: 7 }),
      groups: field(
        array({
          groupId: field(string),
          topics: field(
            array({
              name: field(string),
              partitions: field(
                array({
                  partitionIndex: field(int32),
                  committedOffset: field(int64),
                  committedLeaderEpoch: field(int32, { fallback: -1 }),
                  metadata: field(string, { nullable: true }),
                  errorCode: field(int16),
                }),
              ),
            }),
          ),
          errorCode: field(int16, { fallback: 0 }),
        }),
        { from: 8 },
      ),
    },
  },
);
