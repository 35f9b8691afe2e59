import { type Api, apis, errorOf, zeroUuid } from '@millrace/kafka-protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { protocolTable } from '../src/handlers/protocol-table.ts';
import { RawClient } from './raw-client.ts';
import { openBroker } from './test-broker.ts';
import { batchOf, TopicClient } from './topic-client.ts';

async function rawClient(port: number): Promise<RawClient> {
  const client = await RawClient.open(port);
  onTestFinished(() => client.close());
  return client;
}

const produced = { acks: -1, timeoutMs: 1000, transactionalId: null };
const toTopic = (values: string[]) => ({
  ...produced,
  topicData: [{ name: 't', partitionData: [{ index: 0, records: batchOf(values) }] }],
});

describe('an interceptor', () => {
  it('answers with an error in the place of the broker, and nothing takes effect', async () => {
    const broker = await openBroker();
    const client = await TopicClient.open(broker.port).then((opened) => opened.make());
    const stop = broker.intercept(({ api }) => (api === 'produce' ? { error: 'NOT_LEADER_OR_FOLLOWER' } : undefined));
    expect(errorOf((await client.produce(batchOf(['a']))).errorCode).name).toBe('NOT_LEADER_OR_FOLLOWER');
    expect((await client.fetch(0)).highWatermark).toBe(0);
    stop();
    expect((await client.produce(batchOf(['a']))).errorCode).toBe(0);
  });

  it('lies about what took effect', async () => {
    const broker = await openBroker();
    const client = await TopicClient.open(broker.port).then((opened) => opened.make());
    broker.intercept({ api: 'produce', times: 1, verdict: { error: 'REQUEST_TIMED_OUT', takesEffect: true } });
    expect(errorOf((await client.produce(batchOf(['a']))).errorCode).name).toBe('REQUEST_TIMED_OUT');
    expect((await client.fetch(0)).highWatermark).toBe(1);
    expect((await client.produce(batchOf(['b']))).baseOffset).toBe(1);
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('cuts the connection %s the request took effect, with all that was sent behind it', async (cut, endOffset) => {
    const broker = await openBroker();
    const client = await TopicClient.open(broker.port).then((opened) => opened.make());
    broker.intercept({ api: 'produce', times: 1, verdict: { cut } });
    client.raw.send(apis.produce, 9, toTopic(['a']));
    client.raw.send(apis.produce, 9, toTopic(['b']));
    expect(await client.raw.receive()).toBeUndefined();
    const next = await TopicClient.open(broker.port);
    expect((await next.fetch(0)).highWatermark).toBe(endOffset);
  });

  it('sees what is asked, by whom and of whom, and counts by a rule', async () => {
    const broker = await openBroker({ nodeId: 7 });
    const seen: unknown[] = [];
    broker.intercept(({ api, version, clientId, nodeId, body }) => {
      seen.push({ api, version, clientId, nodeId, body });
      return undefined;
    });
    broker.intercept({ api: 'heartbeat', clientId: 'raw', nodeId: 7, skip: 1, times: 2, verdict: { error: 'NOT_COORDINATOR' } });
    broker.intercept({ api: 'heartbeat', clientId: 'other', verdict: { error: 'GROUP_ID_NOT_FOUND' } });
    const client = await rawClient(broker.port);
    const beat = async () =>
      errorOf((await client.request(apis.heartbeat, 4, { groupId: 'g', generationId: 1, memberId: 'm' })).errorCode).name;
    expect([await beat(), await beat(), await beat(), await beat()]).toEqual([
      'UNKNOWN_MEMBER_ID',
      'NOT_COORDINATOR',
      'NOT_COORDINATOR',
      'UNKNOWN_MEMBER_ID',
    ]);
    expect(seen[0]).toMatchObject({ api: 'heartbeat', version: 4, clientId: 'raw', nodeId: 7, body: { groupId: 'g', memberId: 'm' } });
  });

  it('delays, and lets no later request of the connection pass by', async () => {
    const broker = await openBroker();
    const client = await rawClient(broker.port);
    broker.intercept({ api: 'metadata', times: 1, verdict: { delayMs: 20 } });
    const first = client.send(apis.metadata, 12, { topics: [] });
    const second = client.send(apis.metadata, 12, { topics: [] });
    const order = [(await client.receive())!.readInt32BE(0), (await client.receive())!.readInt32BE(0)];
    expect(order).toEqual([first, second]);
  });
});

const topics = [{ name: 't', partitions: [{ partitionIndex: 3 }] }];
const transaction = { transactionalId: 'tx', producerId: 1, producerEpoch: 0 };
const member = { groupId: 'g', memberId: 'm', generationId: 1 };

/** What each API is asked, where an empty request would be none. */
const requests: Record<string, object> = {
  Produce: { ...produced, topicData: [{ name: 't', partitionData: [{ index: 3, records: null }] }] },
  Fetch: { maxWaitMs: 0, minBytes: 0, topics: [{ topic: 't', partitions: [{ partition: 3, fetchOffset: 0, partitionMaxBytes: 1 }] }] },
  ListOffsets: { replicaId: -1, topics: [{ name: 't', partitions: [{ partitionIndex: 3, timestamp: -1 }] }] },
  Metadata: { topics: [{ topicId: zeroUuid, name: 't' }] },
  OffsetCommit: { groupId: 'g', memberId: '', topics: [{ name: 't', partitions: [{ partitionIndex: 3, committedOffset: 0 }] }] },
  OffsetFetch: { groupId: 'g', topics: [{ name: 't', partitionIndexes: [3] }], groups: [{ groupId: 'g', topics: null }] },
  FindCoordinator: { key: 'g', coordinatorKeys: ['g'] },
  JoinGroup: { groupId: 'g', sessionTimeoutMs: 1, memberId: '', protocolType: 'consumer', protocols: [] },
  Heartbeat: member,
  LeaveGroup: { groupId: 'g', memberId: 'm', members: [] },
  SyncGroup: { ...member, assignments: [] },
  DescribeGroups: { groups: ['g'] },
  CreateTopics: { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }] },
  DeleteTopics: { topicNames: ['t'], topics: [{ name: 't', topicId: zeroUuid }], timeoutMs: 1 },
  DeleteRecords: { topics: [{ name: 't', partitions: [{ partitionIndex: 3, offset: 0 }] }], timeoutMs: 1 },
  InitProducerId: { transactionalId: null, transactionTimeoutMs: 1 },
  OffsetForLeaderEpoch: { topics: [{ topic: 't', partitions: [{ partition: 3, leaderEpoch: 0 }] }] },
  AddPartitionsToTxn: { ...transaction, topics: [{ name: 't', partitions: [3] }] },
  AddOffsetsToTxn: { ...transaction, groupId: 'g' },
  EndTxn: { ...transaction, committed: true },
  TxnOffsetCommit: { ...transaction, groupId: 'g', topics: [{ name: 't', partitions: [{ partitionIndex: 3, committedOffset: 0 }] }] },
  DescribeConfigs: { resources: [{ resourceType: 2, resourceName: 't', configurationKeys: null }] },
  AlterConfigs: { resources: [{ resourceType: 2, resourceName: 't', configs: [] }], validateOnly: false },
  DescribeLogDirs: { topics: null },
  CreatePartitions: { topics: [{ name: 't', count: 3, assignments: null }], timeoutMs: 1, validateOnly: false },
  DeleteGroups: { groupsNames: ['g'] },
  IncrementalAlterConfigs: { resources: [{ resourceType: 2, resourceName: 't', configs: [] }], validateOnly: false },
  OffsetDelete: { groupId: 'g', topics },
  DescribeProducers: { topics: [{ name: 't', partitionIndexes: [3] }] },
  DescribeTransactions: { transactionalIds: ['tx'] },
  ListTransactions: { stateFilters: [], producerIdFilters: [] },
  SaslHandshake: { mechanism: 'PLAIN' },
  SaslAuthenticate: { authBytes: Buffer.alloc(0) },
  DescribeUserScramCredentials: { users: null },
  AlterUserScramCredentials: { deletions: [{ name: 'u', mechanism: 1 }], upsertions: [] },
};

it('an error can be answered to every API that is served, in every version', async () => {
  const broker = await openBroker();
  broker.intercept(() => ({ error: 'UNKNOWN_SERVER_ERROR' }));
  const client = await rawClient(broker.port);
  for (const { api, acceptsFrom, versions } of protocolTable.values()) {
    for (let version = acceptsFrom; version <= versions[1]; version++) {
      const answer = await client.request(api as Api, version, (requests[api.name] ?? {}) as never);
      expect(JSON.stringify(answer), `${api.name} ${version}`).toMatch(/rrorCode":-1/);
    }
  }
});
