import { api, array, bool, bytes, field, int16, int32, string } from '../definition.ts';

/** KIP-430 (v3: authorized operations), KIP-345 (v4: static members). */
export const describeGroups = api(
  15,
  { name: 'DescribeGroups', versions: [0, 5], flexibleFrom: 5 },
  {
    request: {
      groups: field(array(string)),
      includeAuthorizedOperations: field(bool, { from: 3 }),
    },
    response: {
      throttleTimeMs: field(int32, { from: 1 }),
      groups: field(
        array({
          errorCode: field(int16),
          groupId: field(string),
          groupState: field(string),
          protocolType: field(string),
          protocolData: field(string),
          members: field(
            array({
              memberId: field(string),
              groupInstanceId: field(string, { from: 4, nullable: true }),
              clientId: field(string),
              clientHost: field(string),
              memberMetadata: field(bytes),
              memberAssignment: field(bytes),
            }),
          ),
          authorizedOperations: field(int32, { from: 3, fallback: -2147483648 }),
        }),
      ),
    },
  },
);
