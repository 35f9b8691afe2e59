import { api, array, field, int16, string } from '../definition.ts';

/** KIP-43, KIP-152 (v1: tokens go as SaslAuthenticate). */
export const saslHandshake = api(
  17,
  { name: 'SaslHandshake', versions: [0, 1] },
  {
    request: {
      mechanism: field(string),
    },
    response: {
      errorCode: field(int16),
      mechanisms: field(array(string)),
    },
  },
);
