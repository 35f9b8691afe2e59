import { api, array, bool, field, int16, int32, string } from '../definition.ts';

/** KIP-195, KIP-599 (v3: quota errors). */
export const createPartitions = api(
  37,
  { name: 'CreatePartitions', versions: [0, 3], flexibleFrom: 2 },
  {
    request: {
      topics: field(
        array({
          name: field(string),
          count: field(int32),
          assignments: field(
            array({
              brokerIds: field(array(int32)),
            }),
            { nullable: true },
          ),
        }),
      ),
      timeoutMs: field(int32),
      validateOnly: field(bool),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      results: field(
        array({
          name: field(string),
          errorCode: field(int16),
          errorMessage: field(string, { nullable: true }),
        }),
      ),
    },
  },
);
