import { api, array, field, int8, int16, int32, string } from '../definition.ts';

/** KIP-554. */
export const describeUserScramCredentials = api(
  50,
  { name: 'DescribeUserScramCredentials', versions: [0, 0], flexibleFrom: 0 },
  {
    request: {
      users: field(
        array({
          name: field(string),
        }),
        { nullable: true },
      ),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      errorCode: field(int16),
      errorMessage: field(string, { nullable: true }),
      results: field(
        array({
          user: field(string),
          errorCode: field(int16),
          errorMessage: field(string, { nullable: true }),
          credentialInfos: field(
            array({
              mechanism: field(int8),
              iterations: field(int32),
            }),
          ),
        }),
      ),
    },
  },
);
