import { api, array, bool, field, int8, int16, int32, string } from '../definition.ts';

/** KIP-226 (v1: synonyms), KIP-569 (v3: type and documentation). */
export const describeConfigs = api(
  32,
  { name: 'DescribeConfigs', versions: [1, 4], flexibleFrom: 4 },
  {
    request: {
      resources: field(
        array({
          resourceType: field(int8),
          resourceName: field(string),
          configurationKeys: field(array(string), { nullable: true }),
        }),
      ),
      includeSynonyms: field(bool),
      includeDocumentation: field(bool, { from: 3 }),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      results: field(
        array({
          errorCode: field(int16),
          errorMessage: field(string, { nullable: true }),
          resourceType: field(int8),
          resourceName: field(string),
          configs: field(
            array({
              name: field(string),
              value: field(string, { nullable: true }),
              readOnly: field(bool),
              configSource: field(int8, { fallback: -1 }),
              isSensitive: field(bool),
              synonyms: field(
                array({
                  name: field(string),
                  value: field(string, { nullable: true }),
                  source: field(int8),
                }),
              ),
              configType: field(int8, { from: 3 }),
              documentation: field(string, { from: 3, nullable: true }),
            }),
          ),
        }),
      ),
    },
  },
);
