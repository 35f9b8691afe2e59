import { api, array, bool, field, int16, int32, string, uuid } from '../definition.ts';

/** KIP-4, KIP-516 (v10: topic ids). Null topics ask for all; in v0 an empty list does. */
export const metadata = api(
  3,
  { name: 'Metadata', versions: [0, 12], flexibleFrom: 9 },
  {
    request: {
      topics: field(
        array({
          topicId: field(uuid, { from: 10 }),
          name: field(string, { nullableFrom: 10 }),
        }),
        { nullableFrom: 1 },
      ),
      allowAutoTopicCreation: field(bool, { from: 4, fallback: true }),
      includeClusterAuthorizedOperations: field(bool, { from: 8, to: 10 }),
      includeTopicAuthorizedOperations: field(bool, { from: 8 }),
    },
    response: {
      throttleTimeMs: field(int32, { from: 3 }),
      brokers: field(
        array({
          nodeId: field(int32),
          host: field(string),
          port: field(int32),
          rack: field(string, { from: 1, nullable: true }),
        }),
      ),
      clusterId: field(string, { from: 2, nullable: true }),
      controllerId: field(int32, { from: 1, fallback: -1 }),
      topics: field(
        array({
          errorCode: field(int16),
          name: field(string, { nullableFrom: 12 }),
          topicId: field(uuid, { from: 10 }),
          isInternal: field(bool, { from: 1 }),
          partitions: field(
            array({
              errorCode: field(int16),
              partitionIndex: field(int32),
              leaderId: field(int32),
              leaderEpoch: field(int32, { from: 7, fallback: -1 }),
              replicaNodes: field(array(int32)),
              isrNodes: field(array(int32)),
              offlineReplicas: field(array(int32), { from: 5 }),
            }),
          ),
          topicAuthorizedOperations: field(int32, { from: 8, fallback: -2147483648 }),
        }),
      ),
      clusterAuthorizedOperations: field(int32, { from: 8, to: 10, fallback: -2147483648 }),
    },
  },
);
