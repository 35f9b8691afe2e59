import { api, array, bool, field, int8, int16, int32, string, uuid } from '../definition.ts';

/** KIP-4, KIP-525 (v5: configuration in the response), KIP-516 (v7: topic ids). */
export const createTopics = api(
  19,
  { name: 'CreateTopics', versions: [2, 7], flexibleFrom: 5 },
  {
    request: {
      topics: field(
        array({
          name: field(string),
          numPartitions: field(int32),
          replicationFactor: field(int16),
          assignments: field(
            array({
              partitionIndex: field(int32),
              brokerIds: field(array(int32)),
            }),
          ),
          configs: field(
            array({
              name: field(string),
              value: field(string, { nullable: true }),
            }),
          ),
        }),
      ),
      timeoutMs: field(int32, { fallback: 60000 }),
      validateOnly: field(bool),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      topics: field(
        array({
          name: field(string),
          topicId: field(uuid, { from: 7 }),
          errorCode: field(int16),
          errorMessage: field(string, { nullable: true }),
          topicConfigErrorCode: field(int16, { from: 5, tag: 0 }),
          numPartitions: field(int32, { from: 5, fallback: -1 }),
          replicationFactor: field(int16, { from: 5, fallback: -1 }),
          configs: field(
            array({
              name: field(string),
              value: field(string, { nullable: true }),
              readOnly: field(bool),
              configSource: field(int8, { fallback: -1 }),
              isSensitive: field(bool),
            }),
            { from: 5, nullable: true },
          ),
        }),
      ),
    },
  },
);
