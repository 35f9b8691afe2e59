import { api, array, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-664, KIP-994 (v1: filter by duration). */
export const listTransactions = api(
  66,
  { name: 'ListTransactions', versions: [0, 1], flexibleFrom: 0 },
  {
    request: {
      stateFilters: field(array(string)),
      producerIdFilters: field(array(int64)),
      durationFilter: field(int64, { from: 1, fallback: -1 }),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      errorCode: field(int16),
      unknownStateFilters: field(array(string)),
      transactionStates: field(
        array({
          transactionalId: field(string),
          producerId: field(int64),
          transactionState: field(string),
        }),
      ),
    },
  },
);
