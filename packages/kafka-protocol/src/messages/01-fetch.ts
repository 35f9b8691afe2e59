import { api, array, field, int8, int16, int32, int64, records, string, struct } from '../definition.ts';

/** KIP-98 (v4: read_committed), KIP-227 (v7: sessions), KIP-320 (v9: leader epochs), KIP-392 (v11: racks). From v13 on topics are named by id: not defined here. */
export const fetch = api(
  1,
  { name: 'Fetch', versions: [4, 12], flexibleFrom: 12 },
  {
    request: {
      clusterId: field(string, { from: 12, nullable: true, tag: 0 }),
      replicaId: field(int32, { fallback: -1 }),
      maxWaitMs: field(int32),
      minBytes: field(int32),
      maxBytes: field(int32, { fallback: 2147483647 }),
      isolationLevel: field(int8, { fallback: 0 }),
      sessionId: field(int32, { from: 7 }),
      sessionEpoch: field(int32, { from: 7, fallback: -1 }),
      topics: field(
        array({
          topic: field(string),
          partitions: field(
            array({
              partition: field(int32),
              currentLeaderEpoch: field(int32, { from: 9, fallback: -1 }),
              fetchOffset: field(int64),
              lastFetchedEpoch: field(int32, { from: 12, fallback: -1 }),
              logStartOffset: field(int64, { from: 5, fallback: -1 }),
              partitionMaxBytes: field(int32),
            }),
          ),
        }),
      ),
      forgottenTopicsData: field(
        array({
          topic: field(string),
          partitions: field(array(int32)),
        }),
        { from: 7 },
      ),
      rackId: field(string, { from: 11 }),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      errorCode: field(int16, { from: 7 }),
      sessionId: field(int32, { from: 7 }),
      responses: field(
        array({
          topic: field(string),
          partitions: field(
            array({
              partitionIndex: field(int32),
              errorCode: field(int16),
              highWatermark: field(int64),
              lastStableOffset: field(int64, { fallback: -1 }),
              logStartOffset: field(int64, { from: 5, fallback: -1 }),
              divergingEpoch: field(
                struct({
                  epoch: field(int32, { fallback: -1 }),
                  endOffset: field(int64, { fallback: -1 }),
                }),
                { from: 12, tag: 0, nullable: true },
              ),
              currentLeader: field(
                struct({
                  leaderId: field(int32, { fallback: -1 }),
                  leaderEpoch: field(int32, { fallback: -1 }),
                }),
                { from: 12, tag: 1, nullable: true },
              ),
              snapshotId: field(
                struct({
                  endOffset: field(int64, { fallback: -1 }),
                  epoch: field(int32, { fallback: -1 }),
                }),
                { from: 12, tag: 2, nullable: true },
              ),
              abortedTransactions: field(
                array({
                  producerId: field(int64),
                  firstOffset: field(int64),
                }),
                { nullable: true },
              ),
              preferredReadReplica: field(int32, { from: 11, fallback: -1 }),
              records: field(records, { nullable: true }),
            }),
          ),
        }),
      ),
    },
  },
);
