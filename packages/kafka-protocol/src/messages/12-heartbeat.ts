import { api, field, int16, int32, string } from '../definition.ts';

/** KIP-345 (v3: static members). */
export const heartbeat = api(
  12,
  { name: 'Heartbeat', versions: [0, 4], flexibleFrom: 4 },
  {
    request: {
      groupId: field(string),
      generationId: field(int32),
      memberId: field(string),
      groupInstanceId: field(string, { from: 3, nullable: true }),
    },
    response: {
      throttleTimeMs: field(int32, { from: 1 }),
      errorCode: field(int16),
    },
  },
);
