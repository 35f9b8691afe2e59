import { api, array, field, int16, int32, string } from '../definition.ts';

/** KIP-229. */
export const deleteGroups = api(
  42,
  { name: 'DeleteGroups', versions: [0, 2], flexibleFrom: 2 },
  {
    request: {
      groupsNames: field(array(string)),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      results: field(
        array({
          groupId: field(string),
          errorCode: field(int16),
        }),
      ),
    },
  },
);
