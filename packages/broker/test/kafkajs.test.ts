import { apis } from '@millrace/kafka-protocol';
import { CompressionTypes, type Consumer, Kafka, logLevel } from 'kafkajs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RawClient } from './raw-client.ts';
import { openBroker, temporaryDirectory } from './test-broker.ts';

function client(address: string): Kafka {
  return new Kafka({ clientId: 'test', brokers: [address], logLevel: logLevel.NOTHING, retry: { retries: 2, initialRetryTime: 50 } });
}

async function admin(address: string) {
  const connected = client(address).admin();
  await connected.connect();
  onTestFinished(() => connected.disconnect());
  return connected;
}

async function producer(address: string, options: { idempotent?: boolean } = {}) {
  const connected = client(address).producer({ allowAutoTopicCreation: true, ...options });
  await connected.connect();
  onTestFinished(() => connected.disconnect());
  return connected;
}

/** Runs a consumer until it has seen so many records, and leaves it running. */
async function consume(address: string, groupId: string, topic: string, count: number): Promise<{ values: string[]; consumer: Consumer }> {
  const consumer = client(address).consumer({ groupId, maxWaitTimeInMs: 100, sessionTimeout: 6000, heartbeatInterval: 500 });
  await consumer.connect();
  onTestFinished(() => consumer.disconnect());
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: string[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value!.toString());
        if (values.length === count) resolve();
      },
    });
  });
  return { values, consumer };
}

/** What kafkajs does in five seconds. */
async function commitFromOutside(port: number, groupId: string, name: string, partitionIndex: number): Promise<void> {
  const client = await RawClient.open(port);
  const topics = [{ name, partitions: [{ partitionIndex, committedOffset: 0 }] }];
  await client.request(apis.offsetCommit, 8, { groupId, memberId: '', topics });
  client.close();
}

const messages = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ value: `v${from + i}` }));

describe('a client of another make', () => {
  it('produces and consumes, compressed or not', async () => {
    const { address } = await openBroker();
    const sender = await producer(address);
    await sender.send({ topic: 'plain', messages: messages(0, 5) });
    await sender.send({ topic: 'plain', messages: messages(5, 10), compression: CompressionTypes.GZIP });
    const { values } = await consume(address, 'g', 'plain', 10);
    expect(values).toEqual(messages(0, 10).map(({ value }) => value));
  });

  it('goes on where its group had committed, also after a restart of the broker', async () => {
    const dataDirectory = temporaryDirectory();
    const first = await openBroker({ dataDirectory });
    const sender = await producer(first.address, { idempotent: true });
    await sender.send({ topic: 't', messages: messages(0, 3) });
    const before = await consume(first.address, 'g', 't', 3);
    await before.consumer.disconnect();
    await sender.disconnect();
    await first.close();
    const second = await openBroker({ dataDirectory });
    const again = await producer(second.address, { idempotent: true });
    await again.send({ topic: 't', messages: messages(3, 5) });
    const { values } = await consume(second.address, 'g', 't', 2);
    expect(values).toEqual(['v3', 'v4']);
  });

  it('shares the partitions of a topic among the members of a group', async () => {
    const { address } = await openBroker({ defaultPartitions: 2 });
    const control = await admin(address);
    await control.createTopics({ topics: [{ topic: 'shared', numPartitions: 2 }] });
    const assigned: number[][] = [];
    const settled = new Promise<void>((resolve) => {
      const start = async (index: number) => {
        const consumer = client(address).consumer({ groupId: 'pair', sessionTimeout: 6000, heartbeatInterval: 200, maxWaitTimeInMs: 50 });
        onTestFinished(() => consumer.disconnect());
        consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
          assigned[index] = payload.memberAssignment.shared ?? [];
          if (assigned[0]?.length === 1 && assigned[1]?.length === 1) resolve();
        });
        await consumer.connect();
        await consumer.subscribe({ topic: 'shared' });
        await consumer.run({ eachMessage: async () => {} });
      };
      void start(0);
      void start(1);
    });
    await settled;
    expect([...assigned[0]!, ...assigned[1]!].sort()).toEqual([0, 1]);
    const described = await control.describeGroups(['pair']);
    expect(described.groups[0]).toMatchObject({ state: 'Stable', protocolType: 'consumer' });
    expect(described.groups[0]!.members).toHaveLength(2);
  });

  it('administers topics and groups', async () => {
    const { address, port } = await openBroker();
    const control = await admin(address);
    await control.createTopics({
      topics: [{ topic: 'a', numPartitions: 3, configEntries: [{ name: 'retention.ms', value: '1000' }] }],
    });
    expect(await control.listTopics()).toEqual(['a']);
    const { topics } = await control.fetchTopicMetadata({ topics: ['a'] });
    expect(topics[0]!.partitions).toHaveLength(3);
    const { resources } = await control.describeConfigs({ includeSynonyms: true, resources: [{ type: 2, name: 'a' }] });
    const configs = new Map(resources[0]!.configEntries.map((entry) => [entry.configName, entry.configValue]));
    expect(configs.get('retention.ms')).toBe('1000');
    expect(configs.get('max.message.bytes')).toBe('1048588');
    expect(configs.size).toBe(33);
    await control.createPartitions({ topicPartitions: [{ topic: 'a', count: 4 }] });
    await commitFromOutside(port, 'idle', 'a', 3);
    const [fetched] = await control.fetchOffsets({ groupId: 'idle', topics: ['a'] });
    expect(fetched!.partitions.map(({ partition, offset }) => [partition, offset])).toEqual([
      [0, '-1'],
      [1, '-1'],
      [2, '-1'],
      [3, '0'],
    ]);
    expect((await control.listGroups()).groups.map(({ groupId }) => groupId)).toEqual(['idle']);
    await control.deleteGroups(['idle']);
    expect((await control.listGroups()).groups).toEqual([]);
    await control.deleteTopics({ topics: ['a'] });
    expect(await control.listTopics()).toEqual([]);
  });

  it('commits and aborts transactions with offsets, and consumes what is committed', async () => {
    const { address } = await openBroker();
    const control = await admin(address);
    await control.createTopics({ topics: [{ topic: 'in' }, { topic: 'out', numPartitions: 2 }] });
    const sender = client(address).producer({ transactionalId: 'tx', idempotent: true, maxInFlightRequests: 1 });
    await sender.connect();
    onTestFinished(() => sender.disconnect());
    const run = async (value: string, offset: string, commits: boolean) => {
      const transaction = await sender.transaction();
      await transaction.send({
        topic: 'out',
        messages: [
          { value, partition: 0 },
          { value, partition: 1 },
        ],
      });
      await transaction.sendOffsets({ consumerGroupId: 'g', topics: [{ topic: 'in', partitions: [{ partition: 0, offset }] }] });
      await (commits ? transaction.commit() : transaction.abort());
    };
    await run('a', '1', true);
    await run('b', '2', false);
    await run('c', '3', true);
    await run('d', '4', false);
    const { values } = await consume(address, 'reader', 'out', 4);
    expect(values.sort()).toEqual(['a', 'a', 'c', 'c']);
    const [fetched] = await control.fetchOffsets({ groupId: 'g', topics: ['in'] });
    expect(fetched!.partitions[0]!.offset).toBe('3');
  });

  it('changes a configuration and deletes records', async () => {
    const { address } = await openBroker();
    const control = await admin(address);
    const sender = await producer(address);
    await sender.send({ topic: 'a', messages: messages(0, 5) });
    await control.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name: 'a', configEntries: [{ name: 'retention.ms', value: '5' }] }],
    });
    const { resources } = await control.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: 'a', configNames: ['retention.ms'] }],
    });
    expect(resources[0]!.configEntries[0]!.configValue).toBe('5');
    await control.deleteTopicRecords({ topic: 'a', partitions: [{ partition: 0, offset: '3' }] });
    expect(await control.fetchTopicOffsets('a')).toMatchObject([{ low: '3', high: '5' }]);
    const { values } = await consume(address, 'g', 'a', 2);
    expect(values).toEqual(['v3', 'v4']);
  });

  it('is told why a topic cannot be made', async () => {
    const { address } = await openBroker();
    const control = await admin(address);
    const refusal = async (topic: string, configEntries: { name: string; value: string }[] = [], replicationFactor = 1) => {
      const failure = await control.createTopics({ topics: [{ topic, configEntries, replicationFactor }] }).catch((error) => error);
      return failure.errors[0].type;
    };
    expect(await refusal('bad name')).toBe('INVALID_TOPIC_EXCEPTION');
    expect(await refusal('t', [{ name: 'no.such.thing', value: '1' }])).toBe('INVALID_CONFIG');
    expect(await refusal('t', [{ name: 'compression.type', value: 'brotli' }])).toBe('INVALID_CONFIG');
    expect(await refusal('t', [], 3)).toBe('INVALID_REPLICATION_FACTOR');
  });
});
