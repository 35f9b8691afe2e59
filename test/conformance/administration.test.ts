import { apis, encodeBatch, zeroUuid } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { errorName, fresh, Subject, until } from './subject.ts';
import { Topic } from './topic.ts';

const subject = Subject.inThisFile();
const topicResource = 2;
const brokerResource = 4;
const timeoutMs = 10_000;

type Assignments = { partitionIndex: number; brokerIds: number[] }[];
interface TopicRequest {
  readonly name?: string;
  readonly numPartitions?: number;
  readonly replicationFactor?: number;
  readonly assignments?: Assignments;
  readonly configs?: Readonly<Record<string, string | null>>;
  readonly validateOnly?: boolean;
}

async function create({ name = fresh('topic'), validateOnly = false, configs = {}, ...asked }: TopicRequest) {
  const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const topics = [{ name, numPartitions: 1, replicationFactor: 1, assignments: [] as Assignments, ...asked, configs: pairs }];
  const answer = await subject.request(apis.createTopics, 7, { topics, timeoutMs, validateOnly });
  const { errorCode, ...told } = answer.topics[0]!;
  return { error: errorName(errorCode), ...told };
}

async function describeTopics(names: readonly string[], version = 12) {
  const topics = names.map((name) => ({ name }));
  return (await subject.request(apis.metadata, version, { topics, allowAutoTopicCreation: false })).topics;
}

const partitionsOf = async (name: string) => (await describeTopics([name]))[0]!.partitions.length;

describe('making topics', () => {
  it('a topic is made as asked for, and told with its id and all its configuration', async () => {
    const made = await create({ numPartitions: 3, configs: { 'retention.ms': '1234' } });
    expect(made).toMatchObject({ error: 'NONE', errorMessage: null, numPartitions: 3, replicationFactor: 1 });
    expect(made.topicId).not.toBe(zeroUuid);
    const config = (name: string) => made.configs!.find((entry) => entry.name === name);
    expect(config('retention.ms')).toEqual({ name: 'retention.ms', value: '1234', readOnly: false, configSource: 1, isSensitive: false });
    expect(config('cleanup.policy')).toMatchObject({ value: 'delete', configSource: 5 });
    const [found] = await until(
      () => describeTopics([made.name]),
      ([topic]) => topic!.errorCode === 0,
    );
    expect(found).toMatchObject({ name: made.name, topicId: made.topicId, isInternal: false });
    expect(found!.partitions.map(({ partitionIndex }) => partitionIndex).sort()).toEqual([0, 1, 2]);
  });

  it('-1 takes the defaults of the broker', async () => {
    expect(await create({ numPartitions: -1, replicationFactor: -1 })).toMatchObject({
      error: 'NONE',
      numPartitions: 1,
      replicationFactor: 1,
    });
  });

  it('names that exist, are empty, too long or of odd characters are refused', async () => {
    const { name } = await Topic.make(subject);
    expect(await create({ name })).toMatchObject({ error: 'TOPIC_ALREADY_EXISTS' });
    for (const odd of ['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(250)]) {
      expect(await create({ name: odd })).toMatchObject({ error: 'INVALID_TOPIC_EXCEPTION' });
    }
    expect(await create({ name: `${fresh('x')}${'x'.repeat(238)}`.slice(0, 249), validateOnly: true })).toMatchObject({ error: 'NONE' });
  });

  it('no partitions, no replicas and more replicas than brokers are refused', async () => {
    expect(await create({ numPartitions: 0 })).toMatchObject({ error: 'INVALID_PARTITIONS' });
    expect(await create({ numPartitions: -2 })).toMatchObject({ error: 'INVALID_PARTITIONS' });
    expect(await create({ replicationFactor: 0 })).toMatchObject({ error: 'INVALID_REPLICATION_FACTOR' });
    expect(await create({ replicationFactor: 3 })).toMatchObject({ error: 'INVALID_REPLICATION_FACTOR' });
  });

  it('an assignment of replicas must name each partition once, and brokers that are there', async () => {
    const assigned = (...assignments: [number, number[]][]) =>
      create({
        numPartitions: -1,
        replicationFactor: -1,
        assignments: assignments.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds })),
      });
    expect(await assigned([0, [1]], [1, [1]])).toMatchObject({ error: 'NONE', numPartitions: 2 });
    expect(await assigned([1, [1]])).toMatchObject({ error: 'INVALID_REPLICA_ASSIGNMENT' });
    expect(await assigned([0, [77]])).toMatchObject({ error: 'INVALID_REPLICA_ASSIGNMENT' });
    expect(await assigned([0, []])).toMatchObject({ error: 'INVALID_REPLICA_ASSIGNMENT' });
  });

  it('a configuration that is not known, has no value or a wrong one is refused', async () => {
    for (const configs of [
      { 'no.such.config': '1' },
      { 'retention.ms': 'soon' },
      { 'cleanup.policy': 'shred' },
      { 'max.message.bytes': '-1' },
      { 'min.insync.replicas': '0' },
      { 'message.timestamp.type': 'Never' },
      { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' },
    ]) {
      expect(await create({ configs })).toMatchObject({ error: 'INVALID_CONFIG' });
    }
    expect(await create({ configs: { 'retention.ms': null } })).toMatchObject({ error: 'INVALID_CONFIG' });
  });

  it('validate_only says what would become of it, and makes nothing', async () => {
    const made = await create({ numPartitions: 2, validateOnly: true });
    expect(made).toMatchObject({ error: 'NONE', numPartitions: 2 });
    expect((await describeTopics([made.name]))[0]).toMatchObject({ errorCode: 3 });
    expect(await create({ numPartitions: 0, validateOnly: true })).toMatchObject({ error: 'INVALID_PARTITIONS' });
  });

  it('a topic that a request names twice is not made', async () => {
    const topic = { name: fresh('topic'), numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    const { topics } = await subject.request(apis.createTopics, 7, { topics: [topic, topic], timeoutMs, validateOnly: false });
    expect(topics.map(({ errorCode }) => errorName(errorCode))).toEqual(['INVALID_REQUEST']);
  });
});

describe('deleting topics', () => {
  it('by name or by id, and then they are unknown', async () => {
    const [one, two] = [await Topic.make(subject), await create({})];
    const topics = [
      { name: one.name, topicId: zeroUuid },
      { name: null, topicId: two.topicId },
    ];
    const { responses } = await subject.request(apis.deleteTopics, 6, { topics, timeoutMs });
    expect(responses.map(({ name, errorCode }) => [name, errorName(errorCode)]).sort()).toEqual(
      [
        [one.name, 'NONE'],
        [two.name, 'NONE'],
      ].sort(),
    );
    for (const name of [one.name, two.name]) {
      await until(
        () => describeTopics([name]),
        ([topic]) => topic!.errorCode === 3,
      );
    }
    expect(await one.fetch(0)).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION' });
  });

  it('a topic that is made anew under the same name is empty', async () => {
    const topic = await Topic.make(subject);
    await topic.produce(batch('old'));
    await subject.request(apis.deleteTopics, 5, { topicNames: [topic.name], timeoutMs });
    await until(
      () => describeTopics([topic.name]),
      ([found]) => found!.errorCode === 3,
    );
    await Topic.make(subject, {}, 1, topic.name);
    expect(await topic.offsetOf(-1)).toMatchObject({ offset: 0 });
  });

  it('unknown names and ids are told apart', async () => {
    const topics = [
      { name: fresh('none'), topicId: zeroUuid },
      { name: null, topicId: '00000000-0000-4000-8000-00000000beef' },
    ];
    const { responses } = await subject.request(apis.deleteTopics, 6, { topics, timeoutMs });
    expect(responses.map(({ errorCode }) => errorName(errorCode)).sort()).toEqual(['UNKNOWN_TOPIC_ID', 'UNKNOWN_TOPIC_OR_PARTITION']);
  });
});

describe('more partitions', () => {
  const grow = async (name: string, count: number, validateOnly = false) => {
    const { results } = await subject.request(apis.createPartitions, 3, {
      topics: [{ name, count, assignments: null }],
      timeoutMs,
      validateOnly,
    });
    return errorName(results[0]!.errorCode);
  };

  it('are added, not taken away', async () => {
    const topic = await Topic.make(subject, {}, 2);
    expect(await grow(topic.name, 4, true)).toBe('NONE');
    expect(await partitionsOf(topic.name)).toBe(2);
    expect(await grow(topic.name, 4)).toBe('NONE');
    await topic.untilReady(4);
    expect(await partitionsOf(topic.name)).toBe(4);
    for (const count of [4, 3, 0, -1]) expect(await grow(topic.name, count)).toBe('INVALID_PARTITIONS');
    expect(await grow(fresh('none'), 4)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('assignments of them must name brokers that are there, one a partition', async () => {
    const topic = await Topic.make(subject);
    const assigned = async (...assignments: number[][]) => {
      const topics = [{ name: topic.name, count: 2, assignments: assignments.map((brokerIds) => ({ brokerIds })) }];
      const { results } = await subject.request(apis.createPartitions, 3, { topics, timeoutMs, validateOnly: true });
      return errorName(results[0]!.errorCode);
    };
    expect(await assigned([1])).toBe('NONE');
    expect(await assigned([77])).toBe('INVALID_REPLICA_ASSIGNMENT');
    expect(await assigned([1], [1])).toBe('INVALID_REPLICA_ASSIGNMENT');
  });
});

describe('configurations', () => {
  async function describeConfigs(name: string, keys: string[] | null = null, resourceType = topicResource) {
    const resources = [{ resourceType, resourceName: name, configurationKeys: keys }];
    const body = { resources, includeSynonyms: true, includeDocumentation: false };
    const { errorCode, configs } = (await subject.request(apis.describeConfigs, 4, body)).results[0]!;
    return { error: errorName(errorCode), configs };
  }
  const valueIn = async (name: string, key: string) => (await describeConfigs(name, [key])).configs[0]?.value;

  const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const;
  type Change = [operation: keyof typeof operations, name: string, value: string | null];

  async function alter(name: string, changes: readonly Change[], { validateOnly = false, resourceType = topicResource } = {}) {
    const configs = changes.map(([operation, key, value]) => ({
      name: key,
      configOperation: operations[operation],
      value,
    }));
    const body = { resources: [{ resourceType, resourceName: name, configs }], validateOnly };
    return errorName((await subject.request(apis.incrementalAlterConfigs, 1, body)).responses[0]!.errorCode);
  }

  async function replace(name: string, configs: Readonly<Record<string, string | null>>, validateOnly = false) {
    const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
    const body = { resources: [{ resourceType: topicResource, resourceName: name, configs: pairs }], validateOnly };
    return errorName((await subject.request(apis.alterConfigs, 2, body)).responses[0]!.errorCode);
  }

  const untilValue = (name: string, key: string, value: string) =>
    until(
      () => valueIn(name, key),
      (found) => found === value,
    );

  it('of a topic all are told, each with where its value comes from, or only those that are asked for', async () => {
    const topic = await Topic.make(subject, { 'segment.ms': '60000' });
    const { error, configs } = await describeConfigs(topic.name);
    expect(error).toBe('NONE');
    expect(configs.length).toBeGreaterThan(20);
    const one = await describeConfigs(topic.name, ['segment.ms', 'no.such.config']);
    expect(one.configs).toHaveLength(1);
    expect(one.configs[0]).toMatchObject({ name: 'segment.ms', value: '60000', configSource: 1, readOnly: false, isSensitive: false });
    expect(one.configs[0]!.synonyms[0]).toEqual({ name: 'segment.ms', value: '60000', source: 1 });
    expect(await describeConfigs(fresh('none'))).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION', configs: [] });
  });

  it('single ones are set, appended to, subtracted from and taken back', async () => {
    const { name } = await Topic.make(subject);
    expect(
      await alter(name, [
        ['set', 'retention.ms', '1000'],
        ['append', 'cleanup.policy', 'compact'],
      ]),
    ).toBe('NONE');
    await untilValue(name, 'cleanup.policy', 'delete,compact');
    expect(await valueIn(name, 'retention.ms')).toBe('1000');
    expect(await alter(name, [['subtract', 'cleanup.policy', 'delete']])).toBe('NONE');
    await untilValue(name, 'cleanup.policy', 'compact');
    expect(await alter(name, [['delete', 'cleanup.policy', null]])).toBe('NONE');
    await untilValue(name, 'cleanup.policy', 'delete');
    expect(await valueIn(name, 'retention.ms')).toBe('1000');
  });

  it('a wrong value, a wrong operation or the same name twice change nothing', async () => {
    const { name } = await Topic.make(subject);
    expect(await alter(name, [['set', 'retention.ms', 'soon']])).toBe('INVALID_CONFIG');
    expect(await alter(name, [['set', 'no.such.config', '1']])).toBe('INVALID_CONFIG');
    expect(await alter(name, [['append', 'retention.ms', '1']])).toBe('INVALID_CONFIG');
    expect(
      await alter(name, [
        ['set', 'retention.ms', '1'],
        ['set', 'retention.ms', '2'],
      ]),
    ).toBe('INVALID_REQUEST');
    expect(await alter(name, [['set', 'retention.ms', null]])).toBe('INVALID_REQUEST');
    expect(await alter(name, [['set', 'retention.ms', '7']], { validateOnly: true })).toBe('NONE');
    expect(await alter(fresh('none'), [['set', 'retention.ms', '7']])).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect((await describeConfigs(name, ['retention.ms'])).configs[0]).not.toMatchObject({ configSource: 1 });
  });

  it('replacing them all gives what is not named its default back', async () => {
    const { name } = await Topic.make(subject, { 'retention.ms': '1000' });
    expect(await replace(name, { 'segment.ms': '5000' }, true)).toBe('NONE');
    expect(await replace(name, { 'segment.ms': '5000' })).toBe('NONE');
    await untilValue(name, 'segment.ms', '5000');
    expect((await describeConfigs(name, ['retention.ms'])).configs[0]).not.toMatchObject({ configSource: 1 });
    expect(await replace(name, { 'segment.ms': 'soon' })).toBe('INVALID_CONFIG');
    expect(await replace(fresh('none'), {})).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('a change has effect on what comes after it', async () => {
    const topic = await Topic.make(subject);
    await alter(topic.name, [['set', 'max.message.bytes', '100']]);
    await until(
      () => topic.produce(batch('x'.repeat(200))),
      ({ error }) => error === 'MESSAGE_TOO_LARGE',
    );
    await alter(topic.name, [['delete', 'max.message.bytes', null]]);
    await until(
      () => topic.produce(batch('x'.repeat(200))),
      ({ error }) => error === 'NONE',
    );
  });

  it('of the broker they are told to who asks for its id', async () => {
    const own = await describeConfigs('1', ['num.partitions', 'node.id'], brokerResource);
    expect(own.error).toBe('NONE');
    expect(own.configs.find(({ name }) => name === 'num.partitions')!.value).toBe('1');
    expect(await describeConfigs('77', null, brokerResource)).toMatchObject({ error: 'INVALID_REQUEST' });
    expect(await describeConfigs('x', null, 99)).toMatchObject({ error: 'INVALID_REQUEST' });
  });
});

describe('metadata', () => {
  it('tells this broker as leader, replica and controller', async () => {
    const topic = await Topic.make(subject, {}, 2);
    const answer = await subject.request(apis.metadata, 12, { topics: [{ name: topic.name }], allowAutoTopicCreation: false });
    expect(answer.brokers).toEqual([{ nodeId: 1, host: subject.host, port: subject.port, rack: null }]);
    expect(answer.controllerId).toBe(1);
    expect(answer.clusterId).toMatch(/^[A-Za-z0-9_-]{22}$/);
    for (const partition of answer.topics[0]!.partitions) {
      expect(partition).toMatchObject({ errorCode: 0, leaderId: 1, leaderEpoch: 0, replicaNodes: [1], isrNodes: [1], offlineReplicas: [] });
    }
  });

  it('null asks for all topics and an empty list for none, but in version 0 for all', async () => {
    const { name } = await Topic.make(subject);
    const ask = async (version: number, topics: [] | null) =>
      (await subject.request(apis.metadata, version, { topics, allowAutoTopicCreation: false })).topics.map((topic) => topic.name);
    expect(await ask(12, null)).toContain(name);
    expect(await ask(12, [])).toEqual([]);
    expect(await ask(0, [])).toContain(name);
  });

  it('topics are found by id, and ids and names that are not known are told apart', async () => {
    const { name } = await Topic.make(subject);
    const { topicId } = (await describeTopics([name]))[0]!;
    const unknownId = '00000000-0000-4000-8000-00000000beef';
    const topics = [
      { topicId, name: null },
      { topicId: unknownId, name: null },
    ];
    const found = (await subject.request(apis.metadata, 12, { topics, allowAutoTopicCreation: false })).topics;
    expect(found.find((topic) => topic.topicId === topicId)).toMatchObject({ errorCode: 0, name });
    expect(errorName(found.find((topic) => topic.topicId === unknownId)!.errorCode)).toBe('UNKNOWN_TOPIC_ID');
    const [none] = await describeTopics([fresh('none')]);
    expect(errorName(none!.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    const [odd] = await describeTopics(['a b']);
    expect(errorName(odd!.errorCode)).toBe('INVALID_TOPIC_EXCEPTION');
  });

  it('no topic is made by asking where the broker does not allow it', async () => {
    const name = fresh('topic');
    const answer = await subject.request(apis.metadata, 12, { topics: [{ name }], allowAutoTopicCreation: true });
    expect(errorName(answer.topics[0]!.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('the cluster is told alike', async () => {
    const answer = await subject.request(apis.describeCluster, 1, { includeClusterAuthorizedOperations: false, endpointType: 1 });
    expect(answer).toMatchObject({ errorCode: 0, controllerId: 1, endpointType: 1 });
    expect(answer.brokers).toEqual([{ brokerId: 1, host: subject.host, port: subject.port, rack: null }]);
  });

  it('the sizes of partitions are told', async () => {
    const topic = await Topic.make(subject);
    const sent = batch('a');
    await topic.produce(sent);
    const answer = await subject.request(apis.describeLogDirs, 3, { topics: [{ topic: topic.name, partitions: [0, 7] }] });
    expect(answer.results).toHaveLength(1);
    expect(answer.results[0]).toMatchObject({ errorCode: 0 });
    expect(answer.results[0]!.topics).toEqual([
      { name: topic.name, partitions: [{ partitionIndex: 0, partitionSize: sent.length, offsetLag: 0, isFutureKey: false }] },
    ]);
  });

  it('coordinators are found for groups and transactions, several at once', async () => {
    for (const keyType of [0, 1]) {
      const { coordinators } = await subject.request(apis.findCoordinator, 4, { keyType, coordinatorKeys: ['a', 'b'] });
      const { host, port } = subject;
      expect(coordinators.map(({ key, errorCode, nodeId }) => [key, errorCode, nodeId])).toEqual([
        ['a', 0, 1],
        ['b', 0, 1],
      ]);
      expect(coordinators[0]).toMatchObject({ host, port });
    }
  });

  it('where the records of a leader epoch end is told', async () => {
    const topic = await Topic.make(subject);
    await topic.produce(batch('a'));
    const ask = async (leaderEpoch: number, currentLeaderEpoch = -1, partition = 0) => {
      const topics = [{ topic: topic.name, partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }];
      const answer = await subject.request(apis.offsetForLeaderEpoch, 4, { topics });
      const { errorCode, leaderEpoch: epoch, endOffset } = answer.topics[0]!.partitions[0]!;
      return [errorName(errorCode), epoch, endOffset];
    };
    expect(await ask(0)).toEqual(['NONE', 0, 1]);
    expect(await ask(5)).toEqual(['NONE', -1, -1]);
    expect(await ask(0, 5)).toEqual(['UNKNOWN_LEADER_EPOCH', -1, -1]);
    expect(await ask(0, -1, 7)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', -1, -1]);
  });
});

function batch(value: string): Buffer {
  return encodeBatch([{ timestampMs: Date.now(), value: Buffer.from(value) }]);
}
