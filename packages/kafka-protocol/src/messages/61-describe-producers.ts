import { api, array, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-664. */
export const describeProducers = api(
  61,
  { name: 'DescribeProducers', versions: [0, 0], flexibleFrom: 0 },
  {
    request: {
      topics: field(
        array({
          name: field(string),
          partitionIndexes: field(array(int32)),
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
              errorMessage: field(string, { nullable: true }),
              activeProducers: field(
                array({
                  producerId: field(int64),
                  producerEpoch: field(int32),
                  lastSequence: field(int32, { fallback: -1 }),
                  lastTimestamp: field(int64, { fallback: -1 }),
                  coordinatorEpoch: field(int32),
                  currentTxnStartOffset: field(int64, { fallback: -1 }),
                }),
              ),
            }),
          ),
        }),
      ),
    },
  },
);
