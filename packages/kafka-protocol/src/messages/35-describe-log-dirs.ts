import { api, array, bool, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-113, KIP-827 (v4: sizes of the volume). */
export const describeLogDirs = api(
  35,
  { name: 'DescribeLogDirs', versions: [1, 4], flexibleFrom: 2 },
  {
    request: {
      topics: field(
        array({
          topic: field(string),
          partitions: field(array(int32)),
        }),
        { nullable: true },
      ),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      errorCode: field(int16, { from: 3 }),
      results: field(
        array({
          errorCode: field(int16),
          logDir: field(string),
          topics: field(
            array({
              name: field(string),
              partitions: field(
                array({
                  partitionIndex: field(int32),
                  partitionSize: field(int64),
                  offsetLag: field(int64),
                  isFutureKey: field(bool),
                }),
              ),
            }),
          ),
          totalBytes: field(int64, { from: 4, fallback: -1 }),
          usableBytes: field(int64, { from: 4, fallback: -1 }),
        }),
      ),
    },
  },
);
