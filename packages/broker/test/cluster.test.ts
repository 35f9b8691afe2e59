import { startBroker } from '@millrace/broker';
import { apis, batchHeader, errorOf } from '@millrace/kafka-protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RawClient } from './raw-client.ts';
import { openBroker, temporaryDirectory } from './test-broker.ts';
import { batchOf, TopicClient } from './topic-client.ts';

const nameOf = (code: number) => errorOf(code).name;

/** Three brokers of one process and a connection to each, by node id from 1 on. */
async function openThree(options: Parameters<typeof openBroker>[0] = {}) {
  const broker = await openBroker({ virtualBrokers: 3, ...options });
  const clients = new Map<number, TopicClient>();
  for (const { nodeId, port } of broker.nodes) clients.set(nodeId, await TopicClient.open(port));
  const at = (nodeId: number) => clients.get(nodeId)!;
  return { broker, at };
}

async function make(client: TopicClient, numPartitions: number, replicationFactor: number, configs: Record<string, string> = {}) {
  const pairs = Object.entries(configs).map(([name, value]) => ({ name, value }));
  const topics = [{ name: 't', numPartitions, replicationFactor, assignments: [], configs: pairs }];
  const made = await client.raw.request(apis.createTopics, 7, { topics, validateOnly: false });
  return made.topics[0]!;
}

async function metadataOf(client: TopicClient) {
  return client.raw.request(apis.metadata, 12, { topics: null });
}

async function partitionsOf(client: TopicClient) {
  return (await metadataOf(client)).topics[0]!.partitions;
}

async function epochEnd(client: TopicClient, leaderEpoch: number, currentLeaderEpoch = -1) {
  const topics = [{ topic: 't', partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }];
  const answer = await client.raw.request(apis.offsetForLeaderEpoch, 4, { replicaId: -1, topics });
  const { errorCode, leaderEpoch: epoch, endOffset } = answer.topics[0]!.partitions[0]!;
  return [nameOf(errorCode), epoch, endOffset];
}

async function fetchAt(client: TopicClient, currentLeaderEpoch: number, lastFetchedEpoch = -1) {
  const partitions = [{ partition: 0, currentLeaderEpoch, lastFetchedEpoch, fetchOffset: 0, partitionMaxBytes: 1 << 20 }];
  const answer = await client.raw.request(apis.fetch, 12, { maxWaitMs: 0, minBytes: 0, topics: [{ topic: 't', partitions }] });
  return answer.responses[0]!.partitions[0]!;
}

describe('leaders', () => {
  it('are spread over the nodes, and each node tells the same', async () => {
    const { broker, at } = await openThree();
    await make(at(1), 6, 3);
    const told = await Promise.all([1, 2, 3].map((nodeId) => metadataOf(at(nodeId))));
    expect(told[1]).toEqual(told[0]);
    expect(told[2]).toEqual(told[0]);
    expect(told[0]!.brokers.map(({ nodeId, port }) => ({ nodeId, port }))).toEqual(
      broker.nodes.map(({ nodeId, port }) => ({ nodeId, port })),
    );
    const leaders = told[0]!.topics[0]!.partitions.map(({ leaderId }) => leaderId);
    expect([...leaders].sort()).toEqual([1, 1, 2, 2, 3, 3]);
    expect(told[0]!.topics[0]!.partitions[0]).toMatchObject({ leaderEpoch: 0, offlineReplicas: [] });
    expect([...told[0]!.topics[0]!.partitions[0]!.isrNodes].sort()).toEqual([1, 2, 3]);
  });

  it('alone answer for their partitions', async () => {
    const { broker, at } = await openThree();
    await make(at(1), 1, 3);
    const leader = broker.leaderOf('t', 0);
    const other = (leader % 3) + 1;
    expect((await at(leader).produce(batchOf(['a']))).errorCode).toBe(0);
    const produced = await at(other).produce(batchOf(['a']), { version: 10 });
    expect(nameOf(produced.errorCode)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(produced.currentLeader).toEqual({ leaderId: leader, leaderEpoch: 0 });
    const fetched = await at(other).fetch(0);
    expect(nameOf(fetched.errorCode)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(fetched.currentLeader).toEqual({ leaderId: leader, leaderEpoch: 0 });
    expect(nameOf((await at(other).listOffset(-1)).errorCode)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(nameOf((await at(other).deleteRecords(1)).errorCode)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(await epochEnd(at(other), 0)).toEqual(['NOT_LEADER_OR_FOLLOWER', -1, -1]);
  });

  it('move in a new epoch, which stands in the batches and fences those who know the old one', async () => {
    const { broker, at } = await openThree();
    await make(at(1), 1, 3);
    const first = broker.leaderOf('t', 0);
    const second = (first % 3) + 1;
    await at(first).produce(batchOf(['a', 'b']));
    broker.moveLeader('t', 0, second);
    expect((await partitionsOf(at(first)))[0]).toMatchObject({ leaderId: second, leaderEpoch: 1 });
    expect(nameOf((await at(first).produce(batchOf(['c']))).errorCode)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect((await at(second).produce(batchOf(['c']))).baseOffset).toBe(2);
    const { records } = await at(second).fetch(0);
    expect(batchHeader.partitionLeaderEpoch(records!, 0)).toBe(0);
    expect(batchHeader.partitionLeaderEpoch(records!, batchHeader.sizeBytes(records!, 0))).toBe(1);
    expect(nameOf((await fetchAt(at(second), 0)).errorCode)).toBe('FENCED_LEADER_EPOCH');
    expect((await fetchAt(at(second), 1)).errorCode).toBe(0);
    expect(nameOf((await fetchAt(at(second), 2)).errorCode)).toBe('UNKNOWN_LEADER_EPOCH');
    expect(await epochEnd(at(second), 0)).toEqual(['NONE', 0, 2]);
    expect(await epochEnd(at(second), 1)).toEqual(['NONE', 1, 3]);
    expect(await epochEnd(at(second), 2)).toEqual(['NONE', -1, -1]);
    expect(await epochEnd(at(second), 0, 0)).toEqual(['FENCED_LEADER_EPOCH', -1, -1]);
    expect(await at(second).listOffset(-1)).toMatchObject({ offset: 3, leaderEpoch: 1 });
    expect(await at(second).listOffset(-2)).toMatchObject({ offset: 0, leaderEpoch: 0 });
  });

  it('tell a reader whose last record they do not have where the logs part', async () => {
    const { broker, at } = await openThree();
    await make(at(1), 1, 3);
    const second = (broker.leaderOf('t', 0) % 3) + 1;
    broker.moveLeader('t', 0, second);
    await at(second).produce(batchOf(['a']));
    expect((await fetchAt(at(second), 1, 1)).divergingEpoch).toBeNull();
    const partitions = [{ partition: 0, lastFetchedEpoch: 0, fetchOffset: 1, partitionMaxBytes: 1 }];
    const answer = await at(second).raw.request(apis.fetch, 12, { maxWaitMs: 0, minBytes: 0, topics: [{ topic: 't', partitions }] });
    expect(answer.responses[0]!.partitions[0]!.divergingEpoch).toEqual({ epoch: 0, endOffset: 0 });
  });

  it('wake who waits at the old one', async () => {
    const { broker, at } = await openThree();
    await make(at(1), 1, 3);
    const first = broker.leaderOf('t', 0);
    const waiting = at(first).fetch(0, { maxWaitMs: 60_000 });
    await at((first % 3) + 1).fetch(0); // served after the one that waits was taken up
    broker.moveLeader('t', 0, (first % 3) + 1);
    expect(nameOf((await waiting).errorCode)).toBe('NOT_LEADER_OR_FOLLOWER');
  });

  it('are the same after a restart, with their epochs', async () => {
    const dataDirectory = temporaryDirectory();
    const { broker, at } = await openThree({ dataDirectory });
    await make(at(1), 2, 3);
    const first = broker.leaderOf('t', 0);
    await at(first).produce(batchOf(['a']));
    const second = (first % 3) + 1;
    broker.moveLeader('t', 0, second);
    const before = await partitionsOf(at(1));
    await broker.close();
    const { broker: again, at: atAgain } = await openThree({ dataDirectory });
    expect(await partitionsOf(atAgain(1))).toEqual(before);
    expect(again.leaderOf('t', 0)).toBe(second);
    expect(await epochEnd(atAgain(second), 0)).toEqual(['NONE', 0, 1]);
  });

  it('of nodes that there are no more go to one that there is', async () => {
    const dataDirectory = temporaryDirectory();
    const { broker, at } = await openThree({ dataDirectory });
    await make(at(1), 1, 3);
    const moved = broker.leaderOf('t', 0) === 3 ? 2 : 3;
    broker.moveLeader('t', 0, moved);
    await broker.close();
    const alone = await openBroker({ dataDirectory });
    const client = await TopicClient.open(alone.port);
    expect((await partitionsOf(client))[0]).toMatchObject({ leaderId: 1, leaderEpoch: 2, replicaNodes: [1] });
    expect((await client.produce(batchOf(['a']))).errorCode).toBe(0);
  });
});

describe('coordinators', () => {
  const joining = { groupId: 'g', sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000, protocolType: 'consumer' };
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];

  async function findCoordinator(client: TopicClient, key: string, keyType: number) {
    return (await client.raw.request(apis.findCoordinator, 4, { keyType, coordinatorKeys: [key] })).coordinators[0]!;
  }

  async function joined(client: TopicClient) {
    const { memberId } = await client.raw.request(apis.joinGroup, 5, { ...joining, memberId: '', protocols });
    const answer = await client.raw.request(apis.joinGroup, 5, { ...joining, memberId, protocols });
    const member = { groupId: 'g', memberId, generationId: answer.generationId };
    const assignments = [{ memberId, assignment: Buffer.from('mine') }];
    await client.raw.request(apis.syncGroup, 4, { ...member, assignments });
    return member;
  }

  it('are spread, told by every node, and alone answer', async () => {
    const { broker, at } = await openThree();
    const names = Array.from({ length: 30 }, (_, i) => `name-${i}`);
    for (const [keyType, kind] of [
      [0, 'group'],
      [1, 'transaction'],
    ] as const) {
      expect(new Set(names.map((name) => broker.coordinatorOf(kind, name)))).toEqual(new Set([1, 2, 3]));
      expect((await findCoordinator(at(3), 'name-1', keyType)).nodeId).toBe(broker.coordinatorOf(kind, 'name-1'));
    }
    const other = (broker.coordinatorOf('group', 'g')! % 3) + 1;
    const client = at(other).raw;
    const member = { groupId: 'g', memberId: 'm', generationId: 1 };
    const codes = [
      (await client.request(apis.heartbeat, 4, member)).errorCode,
      (await client.request(apis.joinGroup, 5, { ...joining, memberId: '', protocols })).errorCode,
      (await client.request(apis.syncGroup, 4, { ...member, assignments: [] })).errorCode,
      (await client.request(apis.leaveGroup, 3, { groupId: 'g', members: [{ memberId: 'm', groupInstanceId: null }] })).errorCode,
      (await client.request(apis.offsetFetch, 8, { groups: [{ groupId: 'g', topics: null }] })).groups[0]!.errorCode,
      (await client.request(apis.offsetFetch, 7, { groupId: 'g', topics: null })).errorCode,
      (await client.request(apis.describeGroups, 5, { groups: ['g'] })).groups[0]!.errorCode,
      (await client.request(apis.deleteGroups, 2, { groupsNames: ['g'] })).results[0]!.errorCode,
      (await client.request(apis.offsetDelete, 0, { groupId: 'g', topics: [] })).errorCode,
    ];
    const elsewhere = (broker.coordinatorOf('transaction', 'tx')! % 3) + 1;
    const asked = { transactionalId: 'tx', producerId: 1, producerEpoch: 0 };
    const transactional = at(elsewhere).raw;
    codes.push(
      (await transactional.request(apis.initProducerId, 4, { transactionalId: 'tx', transactionTimeoutMs: 1000 })).errorCode,
      (await transactional.request(apis.endTxn, 3, { ...asked, committed: true })).errorCode,
      (await transactional.request(apis.addOffsetsToTxn, 3, { ...asked, groupId: 'g' })).errorCode,
      (await transactional.request(apis.describeTransactions, 0, { transactionalIds: ['tx'] })).transactionStates[0]!.errorCode,
    );
    expect(codes.map(nameOf)).toEqual(codes.map(() => 'NOT_COORDINATOR'));
    expect((await transactional.request(apis.initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 0 })).errorCode).toBe(0);
  });

  it('move without the members of a group noticing more than that', async () => {
    const { broker, at } = await openThree();
    await make(at(1), 1, 3);
    const first = broker.coordinatorOf('group', 'g')!;
    const member = await joined(at(first));
    const commit = { groupId: 'g', memberId: member.memberId, generationIdOrMemberEpoch: member.generationId };
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 7 }] }];
    await at(first).raw.request(apis.offsetCommit, 8, { ...commit, topics });
    const second = (first % 3) + 1;
    broker.moveCoordinator('group', 'g', second);
    expect(nameOf((await at(first).raw.request(apis.heartbeat, 4, member)).errorCode)).toBe('NOT_COORDINATOR');
    expect((await findCoordinator(at(first), 'g', 0)).nodeId).toBe(second);
    expect((await at(second).raw.request(apis.heartbeat, 4, member)).errorCode).toBe(0);
    const { groups } = await at(second).raw.request(apis.describeGroups, 5, { groups: ['g'] });
    expect(groups[0]).toMatchObject({
      groupState: 'Stable',
      members: [{ memberId: member.memberId, memberAssignment: Buffer.from('mine') }],
    });
    const fetched = await at(second).raw.request(apis.offsetFetch, 8, { groups: [{ groupId: 'g', topics: null }] });
    expect(fetched.groups[0]!.topics[0]!.partitions[0]!.committedOffset).toBe(7);
    expect((await at(second).raw.request(apis.listGroups, 4, {})).groups.map(({ groupId }) => groupId)).toEqual(['g']);
    expect((await at(first).raw.request(apis.listGroups, 4, {})).groups).toEqual([]);
  });

  it('tell who waits for the others that it waits at the wrong one', async () => {
    const { broker, at } = await openThree();
    const first = broker.coordinatorOf('group', 'g')!;
    await joined(at(first));
    const late = await RawClient.open(broker.nodes[first - 1]!.port);
    onTestFinished(() => late.close());
    const { memberId } = await late.request(apis.joinGroup, 5, { ...joining, memberId: '', protocols });
    const waiting = late.request(apis.joinGroup, 5, { ...joining, memberId, protocols });
    await at(first).raw.request(apis.listGroups, 4, {});
    broker.moveCoordinator('group', 'g', (first % 3) + 1);
    expect(nameOf((await waiting).errorCode)).toBe('NOT_COORDINATOR');
  });
});

describe('a node that goes down', () => {
  it('is gone for clients, and the others lead and coordinate in its place until it is back', async () => {
    const { broker, at } = await openThree();
    await make(at(1), 3, 3);
    const down = broker.leaderOf('t', 0);
    const up = (down % 3) + 1;
    const group = Array.from({ length: 30 }, (_, i) => `g${i}`).find((name) => broker.coordinatorOf('group', name) === down)!;
    const { port } = broker.nodes.find(({ nodeId }) => nodeId === down)!;
    await broker.stopNode(down);
    await at(down).raw.closed();
    await expect(RawClient.open(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const { brokers, controllerId, topics } = await metadataOf(at(up));
    expect(brokers.map(({ nodeId }) => nodeId)).not.toContain(down);
    expect(controllerId).toBe(brokers[0]!.nodeId);
    const [partition] = topics[0]!.partitions;
    expect(partition).toMatchObject({ errorCode: 0, leaderEpoch: 1, offlineReplicas: [down] });
    expect(partition!.isrNodes).not.toContain(down);
    expect(partition!.leaderId).toBe(broker.leaderOf('t', 0));
    expect((await at(broker.leaderOf('t', 0)).produce(batchOf(['a']))).errorCode).toBe(0);
    expect(broker.coordinatorOf('group', group)).not.toBe(down);
    await broker.startNode(down);
    const back = await TopicClient.open(port);
    const after = await metadataOf(back);
    expect(after.brokers).toHaveLength(3);
    expect(after.topics[0]!.partitions[0]).toMatchObject({ leaderId: partition!.leaderId, leaderEpoch: 1, offlineReplicas: [] });
    expect(broker.coordinatorOf('group', group)).toBe(down);
    const cluster = await back.raw.request(apis.describeCluster, 1, { includeClusterAuthorizedOperations: false });
    expect(cluster.brokers.map(({ brokerId }) => brokerId)).toEqual([1, 2, 3]);
  });

  it('leaves partitions of one replica without a leader', async () => {
    const { broker, at } = await openThree();
    await make(at(1), 1, 1);
    const down = broker.leaderOf('t', 0);
    const up = (down % 3) + 1;
    await broker.stopNode(down);
    const [partition] = await partitionsOf(at(up));
    expect(partition).toMatchObject({ leaderId: -1, leaderEpoch: 1, replicaNodes: [down], isrNodes: [], offlineReplicas: [down] });
    expect(nameOf(partition!.errorCode)).toBe('LEADER_NOT_AVAILABLE');
    expect(nameOf((await at(up).produce(batchOf(['a']))).errorCode)).toBe('NOT_LEADER_OR_FOLLOWER');
    await broker.startNode(down);
    expect((await partitionsOf(at(up)))[0]).toMatchObject({ errorCode: 0, leaderId: down, leaderEpoch: 2 });
  });

  it('is missed by min.insync.replicas with acks=all', async () => {
    const { broker, at } = await openThree();
    await make(at(1), 1, 3, { 'min.insync.replicas': '3' });
    const leader = broker.leaderOf('t', 0);
    expect((await at(leader).produce(batchOf(['a']))).errorCode).toBe(0);
    await broker.stopNode((leader % 3) + 1);
    expect(nameOf((await at(leader).produce(batchOf(['b']))).errorCode)).toBe('NOT_ENOUGH_REPLICAS');
    await broker.startNode((leader % 3) + 1);
    expect((await at(leader).produce(batchOf(['b']))).baseOffset).toBe(1);
  });
});

describe('what nodes are asked about the cluster', () => {
  it('as many replicas as nodes can be asked for, by number or by hand', async () => {
    const { at } = await openThree();
    expect(nameOf((await make(at(1), 1, 4)).errorCode)).toBe('INVALID_REPLICATION_FACTOR');
    expect(await make(at(1), 1, -1)).toMatchObject({ errorCode: 0, replicationFactor: 3 });
    const byHand = async (name: string, assigned: number[][]) => {
      const assignments = assigned.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));
      const topics = [{ name, numPartitions: -1, replicationFactor: -1, assignments, configs: [] }];
      return (await at(2).raw.request(apis.createTopics, 7, { topics, validateOnly: false })).topics[0]!;
    };
    expect(
      await byHand('u', [
        [1, 2],
        [2, 3],
      ]),
    ).toMatchObject({ errorCode: 0, numPartitions: 2, replicationFactor: 2 });
    for (const wrong of [[[1, 4]], [[1, 1]], [[1], [1, 2]], [[]]]) {
      expect(nameOf((await byHand('w', wrong)).errorCode)).toBe('INVALID_REPLICA_ASSIGNMENT');
    }
  });

  it('log directories are told by the replicas', async () => {
    const { broker, at } = await openThree();
    await make(at(1), 3, 1);
    for (const nodeId of [1, 2, 3]) {
      const { results } = await at(nodeId).raw.request(apis.describeLogDirs, 4, { topics: null });
      const told = results[0]!.topics.flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex));
      expect(told).toEqual([0, 1, 2].filter((index) => broker.leaderOf('t', index) === nodeId));
    }
  });
});

it('moves that are none are refused by name', async () => {
  const { broker, at } = await openThree();
  await make(at(1), 1, 3);
  const code = 'BROKER_CLUSTER_INVALID';
  expect(() => broker.moveLeader('t', 1, 1)).toThrow(expect.objectContaining({ code, message: 'there is no partition 1 of t' }));
  expect(() => broker.moveLeader('t', 0, 4)).toThrow(
    expect.objectContaining({ code, message: 'there is no node 4; the nodes are 1, 2, 3' }),
  );
  await broker.stopNode(2);
  expect(() => broker.moveCoordinator('group', 'g', 2)).toThrow(expect.objectContaining({ code, message: 'node 2 is down' }));
  await expect(openBroker({ virtualBrokers: 4 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

it('a broker in a thread of its own is controlled as one in this', async () => {
  const broker = await startBroker({ dataDirectory: temporaryDirectory(), port: 0, virtualBrokers: 2 });
  onTestFinished(() => broker.close());
  const nodes = await broker.nodes();
  expect(nodes.map(({ nodeId }) => nodeId)).toEqual([1, 2]);
  const client = await TopicClient.open(nodes[0]!.port);
  await make(client, 1, 2);
  await broker.moveLeader('t', 0, 1);
  expect((await client.produce(batchOf(['a']))).errorCode).toBe(0);
  const interceptor = await broker.intercept({ api: 'produce', verdict: { error: 'KAFKA_STORAGE_ERROR' } });
  expect(nameOf((await client.produce(batchOf(['b']))).errorCode)).toBe('KAFKA_STORAGE_ERROR');
  await broker.stopIntercepting(interceptor);
  await broker.moveLeader('t', 0, 2);
  expect(await broker.leaderOf('t', 0)).toBe(2);
  await broker.moveCoordinator('group', 'g', 1);
  expect(await broker.coordinatorOf('group', 'g')).toBe(1);
  await broker.stopNode(2);
  expect(await broker.leaderOf('t', 0)).toBe(1);
  await broker.startNode(2);
  await expect(broker.moveLeader('u', 0, 1)).rejects.toMatchObject({ code: 'BROKER_CLUSTER_INVALID' });
});
