import { api, bool, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-98, KIP-890 (v5: a new epoch in the response). */
export const endTxn = api(
  26,
  { name: 'EndTxn', versions: [0, 5], flexibleFrom: 3 },
  {
    request: {
      transactionalId: field(string),
      producerId: field(int64),
      producerEpoch: field(int16),
      committed: field(bool),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      errorCode: field(int16),
      producerId: field(int64, { from: 5, fallback: -1 }),
      producerEpoch: field(int16, { from: 5, fallback: -1 }),
    },
  },
);
