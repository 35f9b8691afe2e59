import { encodeAssignment, errorCode } from '@millrace/kafka-protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAdmin } from '../src/index.ts';
import { FakeCluster, type Fault } from './fake-cluster.ts';

/** An admin of a cluster that answers as told. */
async function adminOf(answers: Record<string, (request: { topics: { name: string }[] }) => unknown>) {
  const cluster = await FakeCluster.start();
  // kafkajs asks for what it may use before it uses it, in versions that it knows.
  Object.assign(cluster.maxVersions, {
    ApiVersions: 2,
    Metadata: 6,
    CreateTopics: 3,
    DeleteTopics: 1,
    DescribeGroups: 2,
    DescribeConfigs: 2,
    DeleteGroups: 1,
    FindCoordinator: 1,
  });
  cluster.intercept = ({ api, request }): Fault | undefined => answers[api] && { answer: answers[api](request) };
  const admin = createAdmin({ brokers: cluster.brokers, clientId: 'admin' });
  onTestFinished(async () => {
    await admin.close();
    await cluster.stop();
  });
  return { admin, cluster };
}

describe('the admin', () => {
  it('makes a topic, and says if there was one already', async () => {
    const { admin, cluster } = await adminOf({
      CreateTopics: ({ topics }) => ({
        topics: topics.map(({ name }) => {
          const exists = cluster.topics.has(name);
          if (!exists) cluster.createTopic(name, 2);
          return { name, errorCode: exists ? errorCode('TOPIC_ALREADY_EXISTS') : 0 };
        }),
      }),
    });
    expect(await admin.createTopic({ topic: 't', partitions: 2, configs: { 'retention.ms': '-1' } })).toBe(true);
    expect(cluster.callsOf('CreateTopics')[0]!.request.topics).toMatchObject([
      { name: 't', numPartitions: 2, replicationFactor: -1, configs: [{ name: 'retention.ms', value: '-1' }] },
    ]);
    expect(await admin.createTopic({ topic: 't', partitions: 2 })).toBe(false);
    expect(await admin.listTopics()).toEqual(['t']);
  });

  it.each(['NOT_COORDINATOR', 'COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE'] as const)(
    'deletes a group when somebody coordinates it (%s)',
    async (name) => {
      const errors = [errorCode(name), errorCode(name), 0];
      const { admin, cluster } = await adminOf({
        DeleteGroups: () => ({ throttleTimeMs: 0, results: [{ groupId: 'g', errorCode: errors.shift()! }] }),
      });
      await admin.deleteGroup('g');
      expect(errors).toEqual([]);
      expect(cluster.callsOf('DeleteGroups')).toHaveLength(3);
    },
  );

  it('takes a group that is not there for deleted, and tells why one that has members is not', async () => {
    const errors = [errorCode('GROUP_ID_NOT_FOUND'), errorCode('NON_EMPTY_GROUP')];
    const { admin } = await adminOf({
      DeleteGroups: () => ({ throttleTimeMs: 0, results: [{ groupId: 'g', errorCode: errors.shift()! }] }),
    });
    await admin.deleteGroup('g');
    await expect(admin.deleteGroup('g')).rejects.toMatchObject({ details: { kafkaError: 'NON_EMPTY_GROUP' } });
  });

  it('waits until the broker that it asks has heard of a topic that it has made', async () => {
    const { admin, cluster } = await adminOf({
      CreateTopics: ({ topics }) => ({ topics: topics.map(({ name }) => ({ name, errorCode: 0 })) }),
    });
    const { intercept } = cluster;
    let asked = 0;
    cluster.intercept = (call) => {
      const isAsked = call.api === 'Metadata' && (call.request as { topics: { name: string }[] | null }).topics?.[0]?.name === 't';
      if (isAsked && ++asked === 3) cluster.createTopic('t', 1);
      return intercept(call);
    };
    expect(await admin.createTopic({ topic: 't', partitions: 1 })).toBe(true);
    expect(asked).toBeGreaterThanOrEqual(3);
  });

  it("gives Kafka's refusals as ours", async () => {
    const { admin } = await adminOf({
      DeleteTopics: () => ({ responses: [{ name: 't', errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') }] }),
    });
    await expect(admin.deleteTopic('t')).rejects.toMatchObject({
      code: 'KAFKA_TOPIC_UNKNOWN',
      message: expect.stringMatching(/^deleting topic "t" was refused/),
    });
  });

  it('says why a topic is refused as the broker says it', async () => {
    const { admin } = await adminOf({
      CreateTopics: () => ({ topics: [{ name: 't', errorCode: errorCode('INVALID_CONFIG'), errorMessage: 'there is no retention.m' }] }),
    });
    await expect(admin.createTopic({ topic: 't', partitions: 1, configs: { 'retention.m': '1' } })).rejects.toMatchObject({
      code: 'KAFKA_REQUEST_REFUSED',
      message: 'creating topic "t" was refused: there is no retention.m (INVALID_CONFIG)',
    });
  });

  it('shows who reads what in a group', async () => {
    const memberAssignment = encodeAssignment(0, { assignedPartitions: [{ topic: 't', partitions: [0, 2] }] });
    const member = { memberId: 'm', clientId: 'c', clientHost: '/h', memberMetadata: Buffer.alloc(0), memberAssignment };
    const group = { errorCode: 0, groupId: 'g', groupState: 'Stable', protocolType: 'consumer', protocolData: 'range', members: [member] };
    const { admin } = await adminOf({ DescribeGroups: () => ({ groups: [group] }) });
    expect(await admin.describeGroup('g')).toEqual({
      groupId: 'g',
      state: 'Stable',
      protocolType: 'consumer',
      protocol: 'range',
      members: [
        {
          memberId: 'm',
          clientId: 'c',
          host: '/h',
          partitions: [
            { topic: 't', partition: 0 },
            { topic: 't', partition: 2 },
          ],
        },
      ],
    });
  });

  it('tells what a topic has set itself', async () => {
    const entry = { value: '1', readOnly: false, isSensitive: false, synonyms: [] };
    const configs = [
      { ...entry, name: 'segment.bytes', configSource: 5 },
      { ...entry, name: 'retention.ms', configSource: 1 },
    ];
    const { admin } = await adminOf({
      DescribeConfigs: () => ({ results: [{ errorCode: 0, errorMessage: null, resourceType: 2, resourceName: 't', configs }] }),
    });
    expect((await admin.describeTopicConfigs('t')).map(({ name, isDefault }) => [name, isDefault])).toEqual([
      ['segment.bytes', true],
      ['retention.ms', false],
    ]);
  });
});
