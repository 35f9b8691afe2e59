import { api, array, bytes, field, int16, int32, string } from '../definition.ts';

/** KIP-345 (v3: static members), KIP-559 (v5: protocol type and name). */
export const syncGroup = api(
  14,
  { name: 'SyncGroup', versions: [0, 5], flexibleFrom: 4 },
  {
    request: {
      groupId: field(string),
      generationId: field(int32),
      memberId: field(string),
      groupInstanceId: field(string, { from: 3, nullable: true }),
      protocolType: field(string, { from: 5, nullable: true }),
      protocolName: field(string, { from: 5, nullable: true }),
      assignments: field(
        array({
          memberId: field(string),
          assignment: field(bytes),
        }),
      ),
    },
    response: {
      throttleTimeMs: field(int32, { from: 1 }),
      errorCode: field(int16),
      protocolType: field(string, { from: 5, nullable: true }),
      protocolName: field(string, { from: 5, nullable: true }),
      assignment: field(bytes),
    },
  },
);
