import { api, array, bool, field, int8, int16, int32, string } from '../definition.ts';

/** KIP-133. Replaces the whole configuration of a resource. */
export const alterConfigs = api(
  33,
  { name: 'AlterConfigs', versions: [0, 2], flexibleFrom: 2 },
  {
    request: {
      resources: field(
        array({
          resourceType: field(int8),
          resourceName: field(string),
          configs: field(
            array({
              name: field(string),
              value: field(string, { nullable: true }),
            }),
          ),
        }),
      ),
      validateOnly: field(bool),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      responses: field(
        array({
          errorCode: field(int16),
          errorMessage: field(string, { nullable: true }),
          resourceType: field(int8),
          resourceName: field(string),
        }),
      ),
    },
  },
);
