import { api, array, field, int16, int32, string } from '../definition.ts';

/** KIP-345 (v3: several members), KIP-800 (v5: reason). */
export const leaveGroup = api(
  13,
  { name: 'LeaveGroup', versions: [0, 5], flexibleFrom: 4 },
  {
    request: {
      groupId: field(string),
      memberId: field(string, { to: 2 }),
      members: field(
        array({
          memberId: field(string),
          groupInstanceId: field(string, { nullable: true }),
          reason: field(string, { from: 5, nullable: true }),
        }),
        { from: 3 },
      ),
    },
    response: {
      throttleTimeMs: field(int32, { from: 1 }),
      errorCode: field(int16),
      members: field(
        array({
          memberId: field(string),
          groupInstanceId: field(string, { nullable: true }),
          errorCode: field(int16),
        }),
        { from: 3 },
      ),
    },
  },
);
