import { api, array, bytes, field, int8, int16, int32, string } from '../definition.ts';

/** KIP-554. */
export const alterUserScramCredentials = api(
  51,
  { name: 'AlterUserScramCredentials', versions: [0, 0], flexibleFrom: 0 },
  {
    request: {
      deletions: field(
        array({
          name: field(string),
          mechanism: field(int8),
        }),
      ),
      upsertions: field(
        array({
          name: field(string),
          mechanism: field(int8),
          iterations: field(int32),
          salt: field(bytes),
          saltedPassword: field(bytes),
        }),
      ),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      results: field(
        array({
          user: field(string),
          errorCode: field(int16),
          errorMessage: field(string, { nullable: true }),
        }),
      ),
    },
  },
);
