import { api, array, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-98. From v4 on it is spoken between brokers only: not defined here. */
export const addPartitionsToTxn = api(
  24,
  { name: 'AddPartitionsToTxn', versions: [0, 3], flexibleFrom: 3 },
  {
    request: {
      transactionalId: field(string),
      producerId: field(int64),
      producerEpoch: field(int16),
      topics: field(
        array({
          name: field(string),
          partitions: field(array(int32)),
        }),
      ),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      resultsByTopic: field(
        array({
          name: field(string),
          resultsByPartition: field(
            array({
              partitionIndex: field(int32),
              partitionErrorCode: field(int16),
            }),
          ),
        }),
      ),
    },
  },
);
