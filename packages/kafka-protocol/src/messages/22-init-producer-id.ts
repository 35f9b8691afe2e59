import { api, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-98, KIP-360 (v3: producer id and epoch in the request), KIP-890 (v5). */
export const initProducerId = api(
  22,
  { name: 'InitProducerId', versions: [0, 5], flexibleFrom: 2 },
  {
    request: {
      transactionalId: field(string, { nullable: true }),
      transactionTimeoutMs: field(int32),
      producerId: field(int64, { from: 3, fallback: -1 }),
      producerEpoch: field(int16, { from: 3, fallback: -1 }),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      errorCode: field(int16),
      producerId: field(int64, { fallback: -1 }),
      producerEpoch: field(int16),
    },
  },
);
