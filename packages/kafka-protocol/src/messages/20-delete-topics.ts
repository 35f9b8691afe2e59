import { api, array, field, int16, int32, string, uuid } from '../definition.ts';

/** KIP-4, KIP-516 (v6: by id). */
export const deleteTopics = api(
  20,
  { name: 'DeleteTopics', versions: [1, 6], flexibleFrom: 4 },
  {
    request: {
      topics: field(
        array({
          name: field(string, { nullable: true }),
          topicId: field(uuid),
        }),
        { from: 6 },
      ),
      topicNames: field(array(string), { to: 5 }),
      timeoutMs: field(int32),
    },
    response: {
      throttleTimeMs: field(int32, { fallback: 0 }),
      responses: field(
        array({
          name: field(string, { nullableFrom: 6 }),
          topicId: field(uuid, { from: 6 }),
          errorCode: field(int16),
          errorMessage: field(string, { from: 5, nullable: true }),
        }),
      ),
    },
  },
);
