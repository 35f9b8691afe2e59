import { api, array, bool, field, int8, int16, int32, string } from '../definition.ts';

/** KIP-339. Operations: 0 set, 1 delete, 2 append, 3 subtract. */
export const incrementalAlterConfigs = api(
  44,
  { name: 'IncrementalAlterConfigs', versions: [0, 1], flexibleFrom: 1 },
  {
    request: {
      resources: field(
        array({
          resourceType: field(int8),
          resourceName: field(string),
          configs: field(
            array({
              name: field(string),
              configOperation: field(int8),
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
