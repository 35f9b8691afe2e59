import { api, array, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-664. */
export const describeTransactions = api(
  65,
  { name: 'DescribeTransactions', versions: [0, 0], flexibleFrom: 0 },
  {
    request: {
      transactionalIds: field(array(string)),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      transactionStates: field(
        array({
          errorCode: field(int16),
          transactionalId: field(string),
          transactionState: field(string),
          transactionTimeoutMs: field(int32),
          transactionStartTimeMs: field(int64),
          producerId: field(int64),
          producerEpoch: field(int16),
          topics: field(
            array({
              topic: field(string),
              partitions: field(array(int32)),
            }),
          ),
        }),
      ),
    },
  },
);
