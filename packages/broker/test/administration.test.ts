import { FakeClock } from '@millrace/core';
import { apis, errorCode, errorOf } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { openBroker, temporaryDirectory } from './test-broker.ts';
import { batchOf, recordsIn, TopicClient } from './topic-client.ts';

const dayMs = 24 * 60 * 60 * 1000;

describe('deleting records', () => {
  it('moves the start, hides what lies before, and refuses what lies beyond the end', async () => {
    const { port } = await openBroker();
    const client = await (await TopicClient.open(port)).make();
    await client.produce(batchOf(['a', 'b', 'c', 'd']));
    expect(await client.deleteRecords(2)).toMatchObject({ errorCode: 0, lowWatermark: 2 });
    expect((await client.fetch(1)).errorCode).toBe(errorCode('OFFSET_OUT_OF_RANGE'));
    expect((await client.fetch(2)).logStartOffset).toBe(2);
    expect((await client.listOffset(-2)).offset).toBe(2);
    expect((await client.listOffset(0)).offset).toBe(2);
    expect(await client.deleteRecords(1)).toMatchObject({ errorCode: 0, lowWatermark: 2 });
    expect(await client.deleteRecords(5)).toMatchObject({ errorCode: errorCode('OFFSET_OUT_OF_RANGE'), lowWatermark: -1 });
    expect(await client.deleteRecords(-1)).toMatchObject({ errorCode: 0, lowWatermark: 4 });
    expect((await client.produce(batchOf(['e']))).baseOffset).toBe(4);
  });

  it('survives the end of the process, and gives no offset twice', async () => {
    const dataDirectory = temporaryDirectory();
    const first = await openBroker({ dataDirectory });
    const client = await (await TopicClient.open(first.port)).make({ 'segment.bytes': '150' });
    for (const value of ['a', 'b', 'c', 'd']) await client.produce(batchOf([value.repeat(50)]));
    await client.deleteRecords(-1);
    await first.abandon();
    const { port } = await openBroker({ dataDirectory });
    const again = await TopicClient.open(port);
    expect((await again.fetch(4)).logStartOffset).toBe(4);
    expect((await again.produce(batchOf(['e']))).baseOffset).toBe(4);
  });

  it('is refused for a topic that is only compacted, and for one that does not exist', async () => {
    const { port } = await openBroker();
    const client = await (await TopicClient.open(port)).make({ 'cleanup.policy': 'compact' });
    expect((await client.deleteRecords(0)).errorCode).toBe(errorCode('POLICY_VIOLATION'));
    expect((await client.about('u').deleteRecords(0)).errorCode).toBe(errorCode('UNKNOWN_TOPIC_OR_PARTITION'));
  });
});

describe('the directory of logs', () => {
  it('is told with the sizes of the partitions asked for, or of all', async () => {
    const dataDirectory = temporaryDirectory();
    const { port } = await openBroker({ dataDirectory });
    const client = await (await TopicClient.open(port)).make({}, 2);
    await client.about('u').make();
    const batch = batchOf(['a']);
    await client.produce(batch, { index: 1 });
    const ask = async (topics: { topic: string; partitions: number[] }[] | null) => {
      const { results } = await client.raw.request(apis.describeLogDirs, 4, { topics });
      expect(results.map(({ logDir, errorCode: error }) => [logDir, error])).toEqual([[dataDirectory, 0]]);
      return results[0]!.topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, partitionSize }) => [name, partitionIndex, partitionSize]),
      );
    };
    expect(await ask(null)).toEqual([
      ['t', 0, 0],
      ['t', 1, batch.length],
      ['u', 0, 0],
    ]);
    const asked = [
      { topic: 't', partitions: [1, 9] },
      { topic: 'none', partitions: [0] },
    ];
    expect(await ask(asked)).toEqual([['t', 1, batch.length]]);
  });
});

describe('leader epochs', () => {
  it('there is one, which ends where the log ends', async () => {
    const { port } = await openBroker();
    const client = await (await TopicClient.open(port)).make();
    await client.produce(batchOf(['a', 'b']));
    const ask = async (partition: number, currentLeaderEpoch: number, leaderEpoch: number) => {
      const topics = [{ topic: 't', partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }];
      const answer = await client.raw.request(apis.offsetForLeaderEpoch, 4, { topics });
      const { errorCode: error, leaderEpoch: epoch, endOffset } = answer.topics[0]!.partitions[0]!;
      return [errorOf(error).name, epoch, endOffset];
    };
    expect(await ask(0, -1, 0)).toEqual(['NONE', 0, 2]);
    expect(await ask(0, 0, 1)).toEqual(['NONE', -1, -1]);
    expect(await ask(0, 1, 0)).toEqual(['UNKNOWN_LEADER_EPOCH', -1, -1]);
    expect(await ask(1, 0, 0)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', -1, -1]);
  });
});

describe('the configuration of a topic', () => {
  type Change = readonly [name: string, operation: number, value: string | null];

  async function change(client: TopicClient, changes: readonly Change[], { resourceType = 2, validateOnly = false } = {}) {
    const configs = changes.map(([name, configOperation, value]) => ({ name, configOperation, value }));
    const resources = [{ resourceType, resourceName: client.topic, configs }];
    const { responses } = await client.raw.request(apis.incrementalAlterConfigs, 1, { resources, validateOnly });
    return errorOf(responses[0]!.errorCode).name;
  }

  async function shown(client: TopicClient, name: string) {
    const resources = [{ resourceType: 2, resourceName: client.topic, configurationKeys: [name] }];
    const { results } = await client.raw.request(apis.describeConfigs, 4, { resources, includeSynonyms: false });
    return results[0]!.configs[0]!;
  }

  it('is changed one by one, with effect at once, and stays changed after a restart', async () => {
    const dataDirectory = temporaryDirectory();
    const first = await openBroker({ dataDirectory });
    const client = await (await TopicClient.open(first.port)).make({ 'segment.bytes': '5000' });
    expect((await client.produce(batchOf(['x'.repeat(200)]))).errorCode).toBe(0);
    expect(await change(client, [['max.message.bytes', 0, '200']])).toBe('NONE');
    expect((await client.produce(batchOf(['x'.repeat(200)]))).errorCode).toBe(errorCode('MESSAGE_TOO_LARGE'));
    await first.abandon();
    const { port } = await openBroker({ dataDirectory });
    const again = await TopicClient.open(port);
    expect(await shown(again, 'max.message.bytes')).toMatchObject({ value: '200', configSource: 1 });
    expect(await shown(again, 'segment.bytes')).toMatchObject({ value: '5000' });
    expect(await change(again, [['max.message.bytes', 1, null]])).toBe('NONE');
    expect(await shown(again, 'max.message.bytes')).toMatchObject({ value: '1048588', configSource: 5 });
    expect((await again.produce(batchOf(['x'.repeat(200)]))).errorCode).toBe(0);
  });

  it('has lists that are appended to and subtracted from', async () => {
    const { port } = await openBroker();
    const client = await (await TopicClient.open(port)).make();
    expect(await change(client, [['cleanup.policy', 2, 'compact']])).toBe('NONE');
    expect((await shown(client, 'cleanup.policy')).value).toBe('delete,compact');
    expect(await change(client, [['cleanup.policy', 3, 'delete']])).toBe('NONE');
    expect((await shown(client, 'cleanup.policy')).value).toBe('compact');
    expect(await change(client, [['retention.ms', 2, '5']])).toBe('INVALID_CONFIG');
  });

  it('may have anything taken back, also what is not known', async () => {
    const { port } = await openBroker();
    const client = await (await TopicClient.open(port)).make();
    expect(await change(client, [['no.such.thing', 1, null]])).toBe('NONE');
  });

  it.each([
    ['an unknown name', [['no.such.thing', 0, '1']], 'INVALID_CONFIG'],
    ['a value that is not legal', [['retention.ms', 0, '-2']], 'INVALID_CONFIG'],
    ['no value', [['retention.ms', 0, null]], 'INVALID_REQUEST'],
    ['an unknown operation', [['retention.ms', 7, '1']], 'INVALID_REQUEST'],
    [
      'the same name twice',
      [
        ['retention.ms', 0, '1'],
        ['retention.ms', 1, null],
      ],
      'INVALID_REQUEST',
    ],
    [
      'values that cannot stand together',
      [
        ['min.compaction.lag.ms', 0, '10'],
        ['max.compaction.lag.ms', 0, '9'],
      ],
      'INVALID_CONFIG',
    ],
    [
      'one good and one bad',
      [
        ['retention.bytes', 0, '1'],
        ['flush.ms', 0, 'x'],
      ],
      'INVALID_CONFIG',
    ],
  ] as [string, Change[], string][])('refuses %s and changes nothing', async (_, changes, error) => {
    const { port } = await openBroker();
    const client = await (await TopicClient.open(port)).make();
    expect(await change(client, changes)).toBe(error);
    expect((await shown(client, 'retention.bytes')).value).toBe('-1');
  });

  it('is only checked where nothing more is asked for, and that of the broker is not changed', async () => {
    const { port } = await openBroker();
    const client = await (await TopicClient.open(port)).make();
    expect(await change(client, [['retention.ms', 0, '5']], { validateOnly: true })).toBe('NONE');
    expect((await shown(client, 'retention.ms')).value).toBe('-1');
    expect(await change(client, [['retention.ms', 0, '5']], { resourceType: 4 })).toBe('INVALID_REQUEST');
    expect(await change(client.about('u'), [['retention.ms', 0, '5']])).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('is replaced as a whole by the older request', async () => {
    const { port } = await openBroker();
    const client = await (await TopicClient.open(port)).make({ 'retention.bytes': '7' });
    const replace = async (value: string | null) => {
      const resources = [{ resourceType: 2, resourceName: 't', configs: [{ name: 'retention.ms', value }] }];
      const { responses } = await client.raw.request(apis.alterConfigs, 2, { resources, validateOnly: false });
      return errorOf(responses[0]!.errorCode).name;
    };
    expect(await replace(null)).toBe('INVALID_REQUEST');
    expect((await shown(client, 'retention.bytes')).value).toBe('7');
    expect(await replace('9')).toBe('NONE');
    expect((await shown(client, 'retention.ms')).value).toBe('9');
    expect((await shown(client, 'retention.bytes')).value).toBe('-1');
  });
});

describe('retention', () => {
  const startMs = 1_000_000_000;

  async function filled(configs: Record<string, string>) {
    const clock = new FakeClock(startMs);
    const { port } = await openBroker({ retentionCheckMs: 1000 }, { clock });
    const client = await (await TopicClient.open(port)).make({ 'segment.bytes': '200', ...configs });
    for (const value of ['a', 'b', 'c']) {
      await client.produce(batchOf([value.repeat(100)], {}, clock.now()));
      clock.advance(100_000);
    }
    const start = async () => (await client.listOffset(-2)).offset;
    return { clock, client, start };
  }

  it('keeps everything where nothing else is said', async () => {
    const { clock, start } = await filled({});
    clock.jump(1000 * dayMs);
    clock.advance(2000);
    expect(await start()).toBe(0);
  });

  it('deletes segments whose newest record is too old, and at last the active one', async () => {
    const { clock, client, start } = await filled({ 'retention.ms': '350000' });
    expect(await start()).toBe(0);
    clock.advance(52_000);
    expect(await start()).toBe(1);
    clock.advance(100_000);
    expect(await start()).toBe(2);
    clock.advance(100_000);
    expect(await start()).toBe(3);
    expect((await client.fetch(3)).errorCode).toBe(0);
    expect((await client.produce(batchOf(['d'], {}, clock.now()))).baseOffset).toBe(3);
    clock.advance(2000);
    expect(recordsIn((await client.fetch(3)).records!).map(({ value }) => value)).toEqual(['d']);
  });

  it('deletes the oldest segments as long as enough bytes are left', async () => {
    const { clock, start } = await filled({ 'retention.bytes': '200' });
    clock.advance(2000);
    expect(await start()).toBe(1);
  });

  it('takes a changed limit into account', async () => {
    const { clock, client, start } = await filled({});
    const configs = [{ name: 'retention.ms', configOperation: 0, value: '1' }];
    const resources = [{ resourceType: 2, resourceName: 't', configs }];
    await client.raw.request(apis.incrementalAlterConfigs, 1, { resources, validateOnly: false });
    clock.advance(2000);
    expect(await start()).toBe(3);
  });

  it('does not touch a topic that is only compacted', async () => {
    const { clock, start } = await filled({ 'retention.ms': '1', 'cleanup.policy': 'compact' });
    clock.jump(dayMs);
    clock.advance(2000);
    expect(await start()).toBe(0);
  });
});
