import { api, array, field, int16, int32, string } from '../definition.ts';

/** KIP-518 (v4: filter by state), KIP-848 (v5: filter by type). */
export const listGroups = api(
  16,
  { name: 'ListGroups', versions: [0, 5], flexibleFrom: 3 },
  {
    request: {
      statesFilter: field(array(string), { from: 4 }),
      typesFilter: field(array(string), { from: 5 }),
    },
    response: {
      throttleTimeMs: field(int32, { from: 1 }),
      errorCode: field(int16),
      groups: field(
        array({
          groupId: field(string),
          protocolType: field(string),
          groupState: field(string, { from: 4 }),
          groupType: field(string, { from: 5 }),
        }),
      ),
    },
  },
);
