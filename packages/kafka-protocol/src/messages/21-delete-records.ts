import { api, array, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-107. Offset -1 stands for the high watermark. */
export const deleteRecords = api(
  21,
  { name: 'DeleteRecords', versions: [0, 2], flexibleFrom: 2 },
  {
    request: {
      topics: field(
        array({
          name: field(string),
          partitions: field(
            array({
              partitionIndex: field(int32),
              offset: field(int64),
            }),
          ),
        }),
      ),
      timeoutMs: field(int32),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      topics: field(
        array({
          name: field(string),
          partitions: field(
            array({
              partitionIndex: field(int32),
              lowWatermark: field(int64),
              errorCode: field(int16),
            }),
          ),
        }),
      ),
    },
  },
);
