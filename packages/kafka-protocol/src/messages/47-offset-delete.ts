import { api, array, field, int16, int32, string } from '../definition.ts';

/** KIP-496. */
export const offsetDelete = api(
  47,
  { name: 'OffsetDelete', versions: [0, 0] },
  {
    request: {
      groupId: field(string),
      topics: field(
        array({
          name: field(string),
          partitions: field(
            array({
              partitionIndex: field(int32),
            }),
          ),
        }),
      ),
    },
    response: {
      errorCode: field(int16),
      throttleTimeMs: field(int32, { fallback: 0 }),
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
