import { api, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-98, KIP-890 (v4). */
export const addOffsetsToTxn = api(
  25,
  { name: 'AddOffsetsToTxn', versions: [0, 4], flexibleFrom: 3 },
  {
    request: {
      transactionalId: field(string),
      producerId: field(int64),
      producerEpoch: field(int16),
      groupId: field(string),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      errorCode: field(int16),
    },
  },
);
