import { api, bytes, field, int16, int64, string } from '../definition.ts';

/** KIP-152, KIP-368 (v1: lifetime of the session). */
export const saslAuthenticate = api(
  36,
  { name: 'SaslAuthenticate', versions: [0, 2], flexibleFrom: 2 },
  {
    request: {
      authBytes: field(bytes),
    },
    response: {
      errorCode: field(int16),
      errorMessage: field(string, { nullable: true }),
      authBytes: field(bytes),
      sessionLifetimeMs: field(int64, { from: 1 }),
    },
  },
);
