import { api, array, bool, field, int8, int16, int32, string } from '../definition.ts';

/** KIP-700, KIP-919 (v1: endpoint type). */
export const describeCluster = api(
  60,
  { name: 'DescribeCluster', versions: [0, 1], flexibleFrom: 0 },
  {
    request: {
      includeClusterAuthorizedOperations: field(bool),
      endpointType: field(int8, { from: 1, fallback: 1 }),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      errorCode: field(int16),
      errorMessage: field(string, { nullable: true }),
      endpointType: field(int8, { from: 1, fallback: 1 }),
      clusterId: field(string),
      controllerId: field(int32, { fallback: -1 }),
      brokers: field(
        array({
          brokerId: field(int32),
          host: field(string),
          port: field(int32),
          rack: field(string, { nullable: true }),
        }),
      ),
      clusterAuthorizedOperations: field(int32, { fallback: -2147483648 }),
    },
  },
);
