import { FakeClock } from '@millrace/core';
import { apis, batchHeader, type Compression, compressions, errorOf, stampProducer, verifyCrc } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { openBroker, temporaryDirectory } from './test-broker.ts';
import { batchOf, recordsIn, TopicClient } from './topic-client.ts';

const nameOf = (code: number) => errorOf(code).name;
const startMs = 1e12;

async function openTopic(configs: Record<string, string> = {}, clock = new FakeClock(startMs)) {
  const dataDirectory = temporaryDirectory();
  const broker = await openBroker({ dataDirectory }, { clock });
  const client = await (await TopicClient.open(broker.port)).make(configs);
  return { broker, client, clock };
}

async function alter(client: TopicClient, name: string, value: string | null) {
  const configs = [{ name, configOperation: value === null ? 1 : 0, value }];
  const resources = [{ resourceType: 2, resourceName: client.topic, configs }];
  const { responses } = await client.raw.request(apis.incrementalAlterConfigs, 1, { resources, validateOnly: false });
  return nameOf(responses[0]!.errorCode);
}

async function describeTopic(client: TopicClient) {
  const resources = [{ resourceType: 2, resourceName: client.topic, configurationKeys: null }];
  const asked = { resources, includeSynonyms: true, includeDocumentation: true };
  return (await client.raw.request(apis.describeConfigs, 4, asked)).results[0]!.configs;
}

const values = Array.from({ length: 50 }, (_, i) => `value ${i % 7}`);

describe('compression.type', () => {
  const targets = ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

  it.each(targets)('%s stores batches so, however they were compressed, with the same records, offsets and producer', async (target) => {
    const { client } = await openTopic({ 'compression.type': target });
    const stored = compressions.indexOf(target === 'uncompressed' ? 'none' : target);
    for (const [i, compression] of (['none', 'gzip', 'snappy', 'lz4', 'zstd'] as Compression[]).entries()) {
      const batch = batchOf(values, { compression, producerId: 9, producerEpoch: 0, baseSequence: i * values.length }, startMs);
      const repeated = Buffer.from(batch);
      const isSame = batchHeader.compression(batch, 0) === stored;
      const size = batch.length;
      expect(await client.produce(batch)).toMatchObject({ errorCode: 0, baseOffset: i * values.length });
      expect((await client.produce(repeated)).baseOffset).toBe(i * values.length);
      const { records } = await client.fetch(i * values.length);
      expect(verifyCrc(records!, 0)).toBe(true);
      expect(batchHeader.compression(records!, 0)).toBe(stored);
      expect(batchHeader.producerId(records!, 0)).toBe(9);
      expect(batchHeader.baseSequence(records!, 0)).toBe(i * values.length);
      expect(batchHeader.maxTimestamp(records!, 0)).toBe(startMs + values.length - 1);
      if (isSame) expect(records!.length).toBe(size);
      const read = recordsIn(records!);
      expect(read.map(({ value }) => value)).toEqual(values);
      expect(read.map(({ offset }) => offset)).toEqual(values.map((_, at) => i * values.length + at));
    }
  });

  it('goes with LogAppendTime', async () => {
    const { client } = await openTopic({ 'compression.type': 'zstd', 'message.timestamp.type': 'LogAppendTime' });
    expect((await client.produce(batchOf(values))).logAppendTimeMs).toBe(startMs);
    const { records } = await client.fetch(0);
    expect(batchHeader.isLogAppendTime(records!, 0)).toBe(true);
    expect(verifyCrc(records!, 0)).toBe(true);
    expect(recordsIn(records!)).toHaveLength(values.length);
  });

  it('tries as hard as it is told', async () => {
    const text = Array.from({ length: 2000 }, (_, i) => `${(i * 7919) % 1009} ${(i * 104_729) % 10_007} and so on`);
    const sizes = [];
    for (const [codec, level] of [
      ['gzip', '1'],
      ['gzip', '9'],
      ['zstd', '1'],
      ['zstd', '19'],
    ] as const) {
      const { client } = await openTopic({ 'compression.type': codec, [`compression.${codec}.level`]: level });
      await client.produce(batchOf(text));
      sizes.push((await client.fetch(0)).records!.length);
    }
    expect(sizes[1]).toBeLessThan(sizes[0]!);
    expect(sizes[3]).toBeLessThan(sizes[2]!);
  });

  it('takes effect at once, and applies max.message.bytes to what is stored', async () => {
    const { client } = await openTopic({ 'max.message.bytes': '500' });
    const small = () => batchOf(['a'.repeat(2000)], { compression: 'zstd' });
    expect((await client.produce(small())).errorCode).toBe(0);
    expect(await alter(client, 'compression.type', 'uncompressed')).toBe('NONE');
    expect(nameOf((await client.produce(small())).errorCode)).toBe('MESSAGE_TOO_LARGE');
    expect(await alter(client, 'compression.type', null)).toBe('NONE');
    expect((await client.produce(small())).baseOffset).toBe(1);
  });

  it('does not unpack a bomb', async () => {
    const compression = 'zstd';
    const { client } = await openTopic({ 'compression.type': 'uncompressed', 'max.message.bytes': '20000000' });
    const bomb = batchOf(['0'.repeat(65 * 1024 * 1024)], { compression });
    const refused = await client.produce(bomb);
    expect(refused.errorMessage).toContain('would become larger than 67108864 bytes');
    expect((await client.produce(batchOf(['a'], { compression }))).baseOffset).toBe(0);
  }, 30_000);

  it('refuses what cannot be unpacked', async () => {
    const { client } = await openTopic({ 'compression.type': 'gzip' });
    const damaged = batchOf(values);
    damaged.writeInt32BE(values.length - 1, 57);
    damaged.writeInt32BE(values.length - 2, 23);
    stampProducer(damaged, -1, -1, -1); // a checksum that is right
    expect(nameOf((await client.produce(damaged)).errorCode)).toBe('INVALID_RECORD');
  });
});

/** One thing that a configuration forbids, before it is set and after. */
const effects: readonly [name: string, value: string, produce: (client: TopicClient) => Promise<string>, before: string, after: string][] =
  [
    [
      'max.message.bytes',
      '100',
      async (client) => nameOf((await client.produce(batchOf(['a'.repeat(200)]))).errorCode),
      'NONE',
      'MESSAGE_TOO_LARGE',
    ],
    [
      'message.timestamp.type',
      'LogAppendTime',
      async (client) => String((await client.produce(batchOf(['a']))).logAppendTimeMs),
      '-1',
      String(startMs),
    ],
    [
      'message.timestamp.before.max.ms',
      '1000',
      async (client) => nameOf((await client.produce(batchOf(['a'], {}, startMs - 2000))).errorCode),
      'NONE',
      'INVALID_TIMESTAMP',
    ],
    [
      'message.timestamp.after.max.ms',
      '1000',
      async (client) => nameOf((await client.produce(batchOf(['a'], {}, startMs + 2000))).errorCode),
      'NONE',
      'INVALID_TIMESTAMP',
    ],
    [
      'cleanup.policy',
      'compact',
      async (client) => nameOf((await client.produce(batchOf(['without a key']))).errorCode),
      'NONE',
      'INVALID_RECORD',
    ],
    [
      'cleanup.policy',
      'compact,delete',
      async (client) => nameOf((await client.produce(batchOf(['without a key']))).errorCode),
      'NONE',
      'INVALID_RECORD',
    ],
    ['cleanup.policy', 'compact', async (client) => nameOf((await client.deleteRecords(0)).errorCode), 'NONE', 'POLICY_VIOLATION'],
    [
      'segment.bytes',
      '100',
      async (client) => nameOf((await client.produce(batchOf(['a'.repeat(200)]))).errorCode),
      'NONE',
      'RECORD_LIST_TOO_LARGE',
    ],
  ];

it.each(effects)('%s=%s counts from when it is set to when it is taken back', async (name, value, attempt, before, after) => {
  const { client } = await openTopic();
  expect(await attempt(client)).toBe(before);
  expect(await alter(client, name, value)).toBe('NONE');
  expect(await attempt(client)).toBe(after);
  expect(await alter(client, name, null)).toBe('NONE');
  expect(await attempt(client)).toBe(before);
});

it('takes no timestamp more than an hour ahead unless told otherwise, and any behind', async () => {
  const { client } = await openTopic();
  const hourMs = 3_600_000;
  expect((await client.produce(batchOf(['a'], {}, startMs + hourMs))).errorCode).toBe(0);
  expect(nameOf((await client.produce(batchOf(['a'], {}, startMs + hourMs + 1))).errorCode)).toBe('INVALID_TIMESTAMP');
  expect((await client.produce(batchOf(['a'], {}, 0))).errorCode).toBe(0);
});

/** What Apache Kafka 4.1.1 describes of a topic of which nothing was said: name, default, type, what the default is called at the broker. */
const ofKafka = `
cleanup.policy|delete|7|log.cleanup.policy
compression.gzip.level|-1|3|compression.gzip.level
compression.lz4.level|9|3|compression.lz4.level
compression.type|producer|2|compression.type
compression.zstd.level|3|3|compression.zstd.level
delete.retention.ms|86400000|5|log.cleaner.delete.retention.ms
file.delete.delay.ms|60000|5|log.segment.delete.delay.ms
flush.messages|9223372036854775807|5|log.flush.interval.messages
flush.ms|9223372036854775807|5|
follower.replication.throttled.replicas||7|
index.interval.bytes|4096|3|log.index.interval.bytes
leader.replication.throttled.replicas||7|
local.retention.bytes|-2|5|log.local.retention.bytes
local.retention.ms|-2|5|log.local.retention.ms
max.compaction.lag.ms|9223372036854775807|5|log.cleaner.max.compaction.lag.ms
max.message.bytes|1048588|3|message.max.bytes
message.timestamp.after.max.ms|3600000|5|log.message.timestamp.after.max.ms
message.timestamp.before.max.ms|9223372036854775807|5|log.message.timestamp.before.max.ms
message.timestamp.type|CreateTime|2|log.message.timestamp.type
min.cleanable.dirty.ratio|0.5|6|log.cleaner.min.cleanable.ratio
min.compaction.lag.ms|0|5|log.cleaner.min.compaction.lag.ms
min.insync.replicas|1|3|min.insync.replicas
preallocate|false|1|log.preallocate
remote.log.copy.disable|false|1|
remote.log.delete.on.disable|false|1|
remote.storage.enable|false|1|
retention.bytes|-1|5|log.retention.bytes
retention.ms|604800000|5|log.retention.hours
segment.bytes|1073741824|3|log.segment.bytes
segment.index.bytes|10485760|3|log.index.size.max.bytes
segment.jitter.ms|0|5|
segment.ms|604800000|5|
unclean.leader.election.enable|false|1|unclean.leader.election.enable
`;

describe('a description', () => {
  it('names every configuration of Kafka 4.1, with its default, type and synonym', async () => {
    const broker = await openBroker({ topicDefaults: { 'retention.ms': '604800000' } });
    const client = await (await TopicClient.open(broker.port)).make();
    const told = await describeTopic(client);
    const lines = told.map(({ name, value, configType, synonyms }) => `${name}|${value}|${configType}|${synonyms.at(-1)?.name ?? ''}`);
    expect(lines).toEqual(ofKafka.trim().split('\n'));
    for (const config of told)
      expect(config).toMatchObject({ readOnly: false, isSensitive: false, documentation: expect.stringMatching(/\w/) });
  });

  it('tells where each value comes from, and what would count without it', async () => {
    const { client } = await openTopic({ 'retention.ms': '5', 'segment.bytes': '1000' });
    const told = new Map((await describeTopic(client)).map((config) => [config.name, config]));
    expect(told.get('retention.ms')).toMatchObject({
      value: '5',
      configSource: 1,
      synonyms: [
        { name: 'retention.ms', value: '5', source: 1 },
        { name: 'log.retention.ms', value: '-1', source: 4 },
        { name: 'log.retention.hours', value: '168', source: 5 },
      ],
    });
    expect(told.get('segment.ms')).toMatchObject({ configSource: 5, synonyms: [] });
    await alter(client, 'retention.ms', null);
    const [after] = (await describeTopic(client)).filter(({ name }) => name === 'retention.ms');
    expect(after).toMatchObject({ value: '-1', configSource: 4 });
  });
});

it.each([
  ['compression.type', 'brotli'],
  ['compression.gzip.level', '0'],
  ['compression.gzip.level', '10'],
  ['compression.zstd.level', '23'],
  ['compression.lz4.level', '18'],
  ['message.timestamp.type', 'AppendTime'],
  ['min.insync.replicas', '0'],
  ['remote.storage.enable', 'true'],
  ['preallocate', 'yes'],
  ['leader.replication.throttled.replicas', '1'],
  ['local.retention.ms', '-3'],
  ['retention.ms', '-2'],
  ['segment.ms', '0'],
  ['min.cleanable.dirty.ratio', '1.1'],
  ['nothing.of.the.kind', '1'],
])('%s=%s is refused with INVALID_CONFIG, when it is set and when a topic is made', async (name, value) => {
  const { client } = await openTopic();
  expect(await alter(client, name, value)).toBe('INVALID_CONFIG');
  const topics = [{ name: 'u', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [{ name, value }] }];
  const made = await client.raw.request(apis.createTopics, 7, { topics, validateOnly: false });
  expect(nameOf(made.topics[0]!.errorCode)).toBe('INVALID_CONFIG');
});

describe('a description of a broker', () => {
  async function describeBroker(client: TopicClient, resourceName: string) {
    const resources = [{ resourceType: 4, resourceName, configurationKeys: null }];
    const asked = { resources, includeSynonyms: true, includeDocumentation: true };
    return (await client.raw.request(apis.describeConfigs, 4, asked)).results[0]!;
  }

  it('tells what is set and what is not, as the node has it', async () => {
    const broker = await openBroker({ virtualBrokers: 2, defaultPartitions: 4, topicDefaults: { 'segment.bytes': '5000' } });
    const [first, second] = broker.nodes;
    const client = await TopicClient.open(second!.port);
    const { configs } = await describeBroker(client, '2');
    const told = new Map(configs.map((config) => [config.name, config]));
    expect(configs.map(({ name }) => name)).toEqual([...told.keys()].sort());
    for (const config of configs)
      expect(config).toMatchObject({ readOnly: true, isSensitive: false, documentation: expect.stringMatching(/\w/) });
    expect(told.get('broker.id')!.value).toBe('2');
    expect(told.get('advertised.listeners')!.value).toBe(`PLAINTEXT://127.0.0.1:${second!.port}`);
    expect(told.get('num.partitions')).toMatchObject({
      value: '4',
      configSource: 4,
      configType: 3,
      synonyms: [
        { name: 'num.partitions', value: '4', source: 4 },
        { name: 'num.partitions', value: '1', source: 5 },
      ],
    });
    expect(told.get('log.segment.bytes')).toMatchObject({ value: '5000', configSource: 4 });
    expect(told.get('log.retention.ms')).toMatchObject({ value: '-1', configSource: 4, configType: 5 });
    expect(told.get('auto.create.topics.enable')).toMatchObject({ value: 'true', configSource: 5, configType: 1 });
    expect(nameOf((await describeBroker(client, String(first!.nodeId))).errorCode)).toBe('INVALID_REQUEST');
  });
});
