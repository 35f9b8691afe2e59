import { api, array, field, int8, int16, int32, string } from '../definition.ts';

/** KIP-699 (v4: several keys). Key type 0 is a group, 1 a transactional id. */
export const findCoordinator = api(
  10,
  { name: 'FindCoordinator', versions: [0, 6], flexibleFrom: 3 },
  {
    request: {
      key: field(string, { to: 3 }),
      keyType: field(int8, { from: 1 }),
      coordinatorKeys: field(array(string), { from: 4 }),
    },
    response: {
      throttleTimeMs: field(int32, { from: 1 }),
      errorCode: field(int16, { to: 3 }),
      errorMessage: field(string, { from: 1, to: 3, nullable: true }),
      nodeId: field(int32, { to: 3 }),
      host: field(string, { to: 3 }),
      port: field(int32, { to: 3 }),
      coordinators: field(
        array({
          key: field(string),
          nodeId: field(int32),
          host: field(string),
          port: field(int32),
          errorCode: field(int16),
          errorMessage: field(string, { nullable: true }),
        }),
        { from: 4 },
      ),
    },
  },
);
