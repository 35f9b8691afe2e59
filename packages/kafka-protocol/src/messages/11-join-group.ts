import { api, array, bool, bytes, field, int16, int32, string } from '../definition.ts';

/** KIP-62 (v1: rebalance time-out), KIP-394 (v4: member id required), KIP-345 (v5: static members), KIP-814 (v9: skipped assignment). */
export const joinGroup = api(
  11,
  { name: 'JoinGroup', versions: [0, 9], flexibleFrom: 6 },
  {
    request: {
      groupId: field(string),
      sessionTimeoutMs: field(int32),
      rebalanceTimeoutMs: field(int32, { from: 1, fallback: -1 }),
      memberId: field(string),
      groupInstanceId: field(string, { from: 5, nullable: true }),
      protocolType: field(string),
      protocols: field(
        array({
          name: field(string),
          metadata: field(bytes),
        }),
      ),
      reason: field(string, { from: 8, nullable: true }),
    },
    response: {
      throttleTimeMs: field(int32, { from: 2 }),
      errorCode: field(int16),
      generationId: field(int32, { fallback: -1 }),
      protocolType: field(string, { from: 7, nullable: true }),
      protocolName: field(string, { nullableFrom: 7 }),
      leader: field(string),
      skipAssignment: field(bool, { from: 9 }),
      memberId: field(string),
      members: field(
        array({
          memberId: field(string),
          groupInstanceId: field(string, { from: 5, nullable: true }),
          metadata: field(bytes),
        }),
      ),
    },
  },
);
