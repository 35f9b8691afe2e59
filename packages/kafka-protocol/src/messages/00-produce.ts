import { api, array, field, int16, int32, int64, records, string, struct } from '../definition.ts';

/** KIP-98 (v3: record batches), KIP-110 (v7: zstd), KIP-467 (v8: record errors), KIP-890 (v12). Below v3 the records are message sets of the formats 0 and 1. */
export const produce = api(
  0,
  { name: 'Produce', versions: [0, 12], flexibleFrom: 9 },
  {
    request: {
      transactionalId: field(string, { from: 3, nullable: true }),
      acks: field(int16),
      timeoutMs: field(int32),
      topicData: field(
        array({
          name: field(string),
          partitionData: field(
            array({
              index: field(int32),
              records: field(records, { nullable: true }),
            }),
          ),
        }),
      ),
    },
    response: {
      responses: field(
        array({
          name: field(string),
          partitionResponses: field(
            array({
              index: field(int32),
              errorCode: field(int16),
              baseOffset: field(int64),
              logAppendTimeMs: field(int64, { from: 2, fallback: -1 }),
              logStartOffset: field(int64, { from: 5, fallback: -1 }),
              recordErrors: field(
                array({
                  batchIndex: field(int32),
                  batchIndexErrorMessage: field(string, { nullable: true }),
                }),
                { from: 8 },
              ),
              errorMessage: field(string, { from: 8, nullable: true }),
              currentLeader: field(
                struct({
                  leaderId: field(int32, { fallback: -1 }),
                  leaderEpoch: field(int32, { fallback: -1 }),
                }),
                { from: 10, tag: 0, nullable: true },
              ),
            }),
          ),
        }),
      ),
      throttleTimeMs: field(int32, { from: 1 }),
      nodeEndpoints: field(
        array({
          nodeId: field(int32),
          host: field(string),
          port: field(int32),
          rack: field(string, { nullable: true }),
        }),
        { from: 10, tag: 0 },
      ),
    },
  },
);
