import { api, array, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-211 (v5: no retention), KIP-345 (v7: static members). */
export const offsetCommit = api(
  8,
  { name: 'OffsetCommit', versions: [2, 9], flexibleFrom: 8 },
  {
    request: {
      groupId: field(string),
      generationIdOrMemberEpoch: field(int32, { fallback: -1 }),
      memberId: field(string),
      groupInstanceId: field(string, { from: 7, nullable: true }),
      retentionTimeMs: field(int64, { to: 4, fallback: -1 }),
      topics: field(
        array({
          name: field(string),
          partitions: field(
            array({
              partitionIndex: field(int32),
              committedOffset: field(int64),
              committedLeaderEpoch: field(int32, { from: 6, fallback: -1 }),
              committedMetadata: field(string, { nullable: true }),
            }),
          ),
        }),
      ),
    },
    response: {
      throttleTimeMs: field(int32, { from: 3 }),
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
