import { FakeClock } from '@millrace/core';
import { apis, batchHeader, decodeResponse, encodeBatch, encodeRequest, errorCode, iterateBatches } from '@millrace/kafka-protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RawClient } from './raw-client.ts';
import { openBroker, recordingLogger } from './test-broker.ts';

async function connect(port: number): Promise<RawClient> {
  const client = await RawClient.open(port);
  onTestFinished(() => client.close());
  return client;
}

const batchOf = (values: string[], traits = {}, timestampMs = 1000) =>
  encodeBatch(
    values.map((value, i) => ({ timestampMs: timestampMs + i, value: Buffer.from(value) })),
    traits,
  );

function produceBody(records: Buffer, acks = -1, index = 0) {
  return { acks, timeoutMs: 1000, topicData: [{ name: 't', partitionData: [{ index, records }] }] };
}

function fetchBody(
  fetchOffset: number,
  options: { maxWaitMs?: number; minBytes?: number; partitionMaxBytes?: number; maxBytes?: number } = {},
) {
  const { maxWaitMs = 0, minBytes = 1, partitionMaxBytes = 1024 * 1024, maxBytes = 1024 * 1024 } = options;
  return { maxWaitMs, minBytes, maxBytes, topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes }] }] };
}

async function withTopic(port: number, configs: { name: string; value: string }[] = []): Promise<RawClient> {
  const client = await connect(port);
  const made = await client.request(apis.createTopics, 7, {
    topics: [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs }],
    validateOnly: false,
  });
  expect(made.topics[0]!.errorCode).toBe(0);
  return client;
}

async function produce(client: RawClient, records: Buffer, version = 9) {
  const { responses } = await client.request(apis.produce, version, produceBody(records));
  return responses[0]!.partitionResponses[0]!;
}

async function fetch(client: RawClient, ...args: Parameters<typeof fetchBody>) {
  const { responses } = await client.request(apis.fetch, 12, fetchBody(...args));
  return responses[0]!.partitions[0]!;
}

describe('connections', () => {
  it('an unknown version of ApiVersions is answered in version 0 with its own range', async () => {
    const { port } = await openBroker();
    const client = await connect(port);
    client.sendBytes(Buffer.from('0000000c' + '0012' + '0063' + '0000002a' + '0001' + '78' + '00', 'hex'));
    const frame = await client.receive();
    expect(frame!.readInt32BE(0)).toBe(42);
    const answer = decodeResponse(apis.apiVersions, 0, frame!);
    expect(answer.errorCode).toBe(errorCode('UNSUPPORTED_VERSION'));
    expect(answer.apiKeys).toEqual([{ apiKey: 18, minVersion: 0, maxVersion: 4 }]);
  });

  it('lists Produce and JoinGroup from version 0, which old clients look for', async () => {
    const { port } = await openBroker();
    const { apiKeys } = await (await connect(port)).request(apis.apiVersions, 3, { clientSoftwareName: 'x', clientSoftwareVersion: '1' });
    const ranges = new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]));
    expect(ranges.get(0)).toEqual([0, 12]);
    expect(ranges.get(1)).toEqual([4, 12]);
    expect(ranges.get(11)).toEqual([0, 9]);
    expect([24, 25, 26, 28].map((key) => ranges.get(key)![1])).toEqual([3, 4, 5, 5]);
  });

  it('answers pipelined requests in the order of the requests, also behind one that waits', async () => {
    const { port } = await openBroker();
    const client = await withTopic(port);
    const waiting = client.send(apis.fetch, 12, fetchBody(0, { maxWaitMs: 60 }));
    const next = client.send(apis.metadata, 12, { topics: null });
    const last = client.send(apis.apiVersions, 0, {});
    const order = [];
    for (let i = 0; i < 3; i++) order.push((await client.receive())!.readInt32BE(0));
    expect(order).toEqual([waiting, next, last]);
  });

  it('sends nothing for acks=0, and the next answer is that of the next request', async () => {
    const { port } = await openBroker();
    const client = await withTopic(port);
    client.send(apis.produce, 9, produceBody(batchOf(['a']), 0));
    const { records } = await fetch(client, 0, { maxWaitMs: 1000 });
    expect(records!.length).toBeGreaterThan(0);
  });

  it.each([
    ['a size beyond the limit', '7fffffff'],
    ['a negative size', 'ffffffff'],
    ['a request that ends within its header', '00000004' + '00030001'],
    ['an unknown api', '0000000e' + '03e7' + '0000' + '00000001' + '0004' + '74657374'],
    ['a version that is not served', '0000000e' + '0001' + '0001' + '00000001' + '0004' + '74657374'],
    ['a body that is none', '00000012' + '0003' + '0001' + '00000001' + '0004' + '74657374' + '7fffffff'],
  ])('closes the connection on %s, with one line in the log', async (_, hex) => {
    const logger = recordingLogger();
    const { port } = await openBroker({}, { logger });
    const client = await connect(port);
    client.sendBytes(Buffer.from(hex, 'hex'));
    await client.closed();
    expect(logger.lines.map(({ message }) => message)).toEqual(['closed a connection']);
  });

  it('refuses connections beyond the limit', async () => {
    const logger = recordingLogger();
    const { port } = await openBroker({ connectionsMax: 1 }, { logger });
    await (await connect(port)).request(apis.apiVersions, 0, {});
    await (await connect(port)).closed();
    expect(logger.lines).toHaveLength(1);
  });

  it('takes a request in pieces of any size', async () => {
    const { port } = await openBroker();
    const client = await withTopic(port);
    const bytes = encodeRequest(apis.produce, 9, { correlationId: 77, clientId: null }, produceBody(batchOf(['x'.repeat(100)])));
    for (const byte of bytes) client.sendBytes(Buffer.from([byte]));
    expect((await client.receive())!.readInt32BE(0)).toBe(77);
  });
});

describe('produce', () => {
  it('stores the bytes as they came, but for base offset and leader epoch', async () => {
    const { port } = await openBroker();
    const client = await withTopic(port);
    await produce(client, batchOf(['a', 'b']));
    const sent = batchOf(['c'], { compression: 'zstd' });
    const { baseOffset, errorCode: error } = await produce(client, Buffer.from(sent));
    expect([error, baseOffset]).toEqual([0, 2]);
    const { records } = await fetch(client, 2);
    expect(records!.subarray(16)).toEqual(sent.subarray(16));
    expect(batchHeader.baseOffset(records!, 0)).toBe(2);
    expect(batchHeader.partitionLeaderEpoch(records!, 0)).toBe(0);
  });

  const broken = (change: (bytes: Buffer) => void) => {
    const bytes = batchOf(['a', 'b']);
    change(bytes);
    return bytes;
  };
  const timestampAhead = [{ name: 'message.timestamp.after.max.ms', value: '1000' }];
  it.each([
    ['a wrong checksum', broken((bytes) => bytes.writeUInt8(bytes[70]! ^ 1, 70)), 'CORRUPT_MESSAGE', []],
    ['a batch cut off', batchOf(['a']).subarray(0, 65), 'INVALID_RECORD', []],
    ['too few bytes for a batch', Buffer.alloc(20), 'INVALID_RECORD', []],
    ['a size that is none', broken((bytes) => bytes.writeInt32BE(3, 8)), 'CORRUPT_MESSAGE', []],
    ['an old format', broken((bytes) => bytes.writeInt8(1, 16)), 'INVALID_RECORD', []],
    ['two batches', Buffer.concat([batchOf(['a']), batchOf(['b'])]), 'INVALID_RECORD', []],
    ['a control batch', batchOf(['a'], { control: true }), 'INVALID_RECORD', []],
    [
      'a transactional batch in a request that names no transactional id',
      batchOf(['a'], { transactional: true, producerId: 1, producerEpoch: 0, baseSequence: 0 }),
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      [],
    ],
    ['a transactional batch without a producer', batchOf(['a'], { transactional: true }), 'INVALID_RECORD', []],
    ['a producer id without a sequence', batchOf(['a'], { producerId: 1 }), 'INVALID_RECORD', []],
    ['more than max.message.bytes', batchOf(['a'.repeat(300)]), 'MESSAGE_TOO_LARGE', [{ name: 'max.message.bytes', value: '200' }]],
    ['a timestamp too far ahead', batchOf(['a'], {}, Date.now() + 60_000), 'INVALID_TIMESTAMP', timestampAhead],
  ] as const)('refuses %s and stores nothing', async (_, records, error, configs) => {
    const { port } = await openBroker();
    const client = await withTopic(port, [...configs]);
    expect((await produce(client, records)).errorCode).toBe(errorCode(error));
    expect((await fetch(client, 0)).highWatermark).toBe(0);
  });

  it('refuses an unknown partition and unknown acks', async () => {
    const { port } = await openBroker();
    const client = await withTopic(port);
    const unknown = await client.request(apis.produce, 9, produceBody(batchOf(['a']), -1, 7));
    expect(unknown.responses[0]!.partitionResponses[0]!.errorCode).toBe(errorCode('UNKNOWN_TOPIC_OR_PARTITION'));
    const acks = await client.request(apis.produce, 9, produceBody(batchOf(['a']), 2));
    expect(acks.responses[0]!.partitionResponses[0]!.errorCode).toBe(errorCode('INVALID_REQUIRED_ACKS'));
  });

  it('stamps the time of arrival where the topic asks for it, with a checksum that holds', async () => {
    const { port } = await openBroker({}, { clock: new FakeClock(5_000_000) });
    const client = await withTopic(port, [{ name: 'message.timestamp.type', value: 'LogAppendTime' }]);
    expect((await produce(client, batchOf(['a']))).logAppendTimeMs).toBe(5_000_000);
    const { records } = await fetch(client, 0);
    expect(batchHeader.isLogAppendTime(records!, 0)).toBe(true);
    expect(batchHeader.maxTimestamp(records!, 0)).toBe(5_000_000);
    expect((await produce(client, Buffer.from(batchOf(['b'])))).errorCode).toBe(0);
  });

  it('answers a repeated batch with its first offset, and refuses a gap, an old epoch and a new epoch that does not begin at 0', async () => {
    const { port } = await openBroker();
    const client = await withTopic(port);
    const send = (producerEpoch: number, baseSequence: number, values = ['x', 'y']) =>
      produce(client, batchOf(values, { producerId: 5, producerEpoch, baseSequence }));
    expect(await send(1, 0)).toMatchObject({ errorCode: 0, baseOffset: 0 });
    for (let i = 1; i < 6; i++) expect(await send(1, i * 2)).toMatchObject({ errorCode: 0, baseOffset: i * 2 });
    expect(await send(1, 2)).toMatchObject({ errorCode: 0, baseOffset: 2 });
    expect(await send(1, 0)).toMatchObject({ errorCode: errorCode('OUT_OF_ORDER_SEQUENCE_NUMBER') });
    expect(await send(1, 14)).toMatchObject({ errorCode: errorCode('OUT_OF_ORDER_SEQUENCE_NUMBER') });
    expect(await send(0, 12)).toMatchObject({ errorCode: errorCode('INVALID_PRODUCER_EPOCH') });
    expect(await send(2, 3)).toMatchObject({ errorCode: errorCode('OUT_OF_ORDER_SEQUENCE_NUMBER') });
    expect(await send(2, 0)).toMatchObject({ errorCode: 0, baseOffset: 12 });
    expect((await fetch(client, 0)).highWatermark).toBe(14);
  });

  it('begins sequences anew behind the largest', async () => {
    const { port } = await openBroker();
    const client = await withTopic(port);
    const send = (baseSequence: number, values: string[]) =>
      produce(client, batchOf(values, { producerId: 5, producerEpoch: 0, baseSequence }));
    expect((await send(2 ** 31 - 2, ['a', 'b', 'c'])).errorCode).toBe(0);
    expect((await send(1, ['d'])).errorCode).toBe(0);
    expect((await send(2 ** 31 - 2, ['a', 'b', 'c'])).baseOffset).toBe(0);
  });
});

describe('fetch', () => {
  async function withBatches(sizes: number[]) {
    const { port } = await openBroker();
    const client = await withTopic(port);
    for (const size of sizes) await produce(client, batchOf(Array.from({ length: size }, (_, i) => `v${i}`)));
    return client;
  }

  const bases = (records: Buffer | null) => [...iterateBatches(records!)].map((at) => batchHeader.baseOffset(records!, at));

  it('answers an offset within a batch with the whole batch', async () => {
    const client = await withBatches([3, 5, 2]);
    expect(bases((await fetch(client, 5)).records)).toEqual([3, 8]);
  });

  it('answers with whole batches within the limit, but with at least one', async () => {
    const client = await withBatches([3, 3, 3, 3]);
    const size = batchOf(['v0', 'v1', 'v2']).length;
    const limited = async (partitionMaxBytes: number) => bases((await fetch(client, 0, { partitionMaxBytes })).records);
    expect(await limited(1)).toEqual([0]);
    expect(await limited(size * 2)).toEqual([0, 3]);
    expect(await limited(size * 3 - 1)).toEqual([0, 3]);
    expect(await limited(size * 100)).toEqual([0, 3, 6, 9]);
  });

  it('gives the first partition with records at least one batch, and no other beyond the limit', async () => {
    const { port } = await openBroker();
    const client = await connect(port);
    const names = ['t', 'u'];
    const topics = names.map((name) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }));
    await client.request(apis.createTopics, 7, { topics, validateOnly: false });
    const topicData = names.map((name) => ({ name, partitionData: [{ index: 0, records: batchOf(['x']) }] }));
    await client.request(apis.produce, 9, { acks: -1, timeoutMs: 1, topicData });
    const { responses } = await client.request(apis.fetch, 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1,
      topics: names.map((topic) => ({ topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] })),
    });
    expect(responses.map(({ partitions }) => bases(partitions[0]!.records).length)).toEqual([1, 0]);
  });

  it('refuses an offset outside of the log at once', async () => {
    const client = await withBatches([3]);
    for (const offset of [-1, 4]) {
      expect((await fetch(client, offset, { maxWaitMs: 10_000 })).errorCode).toBe(errorCode('OFFSET_OUT_OF_RANGE'));
    }
  });

  it('waits for as many bytes as asked for, and wakes with the append that brings them', async () => {
    const { port } = await openBroker();
    const client = await withTopic(port);
    const other = await connect(port);
    const size = batchOf(['a']).length;
    const waiting = fetch(client, 0, { maxWaitMs: 60_000, minBytes: size + 1 });
    let isAnswered = false;
    void waiting.then(() => (isAnswered = true));
    await produce(other, batchOf(['a']));
    await other.request(apis.apiVersions, 0, {});
    expect(isAnswered).toBe(false);
    await produce(other, batchOf(['b']));
    expect(bases((await waiting).records)).toEqual([0, 1]);
  });

  it('answers with nothing once the time is up', async () => {
    const client = await withBatches([]);
    const { records, errorCode: error } = await fetch(client, 0, { maxWaitMs: 20 });
    expect([records!.length, error]).toEqual([0, 0]);
  });

  it('wakes when the topic is deleted', async () => {
    const { port } = await openBroker();
    const client = await withTopic(port);
    const waiting = fetch(client, 0, { maxWaitMs: 60_000 });
    await (await connect(port)).request(apis.deleteTopics, 5, { topicNames: ['t'], timeoutMs: 1000 });
    expect((await waiting).errorCode).toBe(errorCode('UNKNOWN_TOPIC_OR_PARTITION'));
  });

  it('keeps no sessions', async () => {
    const client = await withBatches([1]);
    const answer = await client.request(apis.fetch, 12, { ...fetchBody(0), sessionId: 9, sessionEpoch: 3 });
    expect(answer.errorCode).toBe(errorCode('FETCH_SESSION_ID_NOT_FOUND'));
  });
});

describe('list offsets', () => {
  it('finds the record at or after a timestamp within its batch, the ends, and the newest record', async () => {
    const { port } = await openBroker();
    const client = await withTopic(port);
    const at = (values: number[]) =>
      encodeBatch(
        values.map((timestampMs) => ({ timestampMs, value: null })),
        { compression: 'gzip' },
      );
    await produce(client, at([100, 300, 200]));
    await produce(client, at([150, 900]));
    await produce(client, at([400]));
    const find = async (timestamp: number) => {
      const { topics } = await client.request(apis.listOffsets, 7, {
        replicaId: -1,
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp }] }],
      });
      const { offset, timestamp: found, errorCode: error } = topics[0]!.partitions[0]!;
      expect(error).toBe(0);
      return [offset, found];
    };
    expect(await find(-1)).toEqual([6, -1]);
    expect(await find(-2)).toEqual([0, -1]);
    expect(await find(-3)).toEqual([4, 900]);
    expect(await find(0)).toEqual([0, 100]);
    expect(await find(250)).toEqual([1, 300]);
    expect(await find(301)).toEqual([4, 900]);
    expect(await find(901)).toEqual([-1, -1]);
  });
});

describe('metadata', () => {
  it('tells topics by name and by id, and makes none that the client does not want', async () => {
    const { port } = await openBroker({ defaultPartitions: 3 });
    const client = await connect(port);
    const ask = (topics: { topicId?: string; name: string | null }[] | null, allowAutoTopicCreation: boolean) =>
      client.request(apis.metadata, 12, { topics, allowAutoTopicCreation });
    expect((await ask([{ name: 'new' }], false)).topics[0]!.errorCode).toBe(errorCode('UNKNOWN_TOPIC_OR_PARTITION'));
    const [made] = (await ask([{ name: 'new' }], true)).topics;
    expect(made).toMatchObject({ errorCode: 0, name: 'new' });
    expect(made!.partitions).toHaveLength(3);
    expect((await ask([{ topicId: made!.topicId, name: null }], false)).topics[0]).toMatchObject({ name: 'new', errorCode: 0 });
    expect((await ask([], false)).topics).toEqual([]);
    expect((await ask(null, false)).topics).toHaveLength(1);
    expect((await ask([{ name: 'no/good' }], true)).topics[0]!.errorCode).toBe(errorCode('INVALID_TOPIC_EXCEPTION'));
  });

  it('makes no topics where the broker may not', async () => {
    const { port } = await openBroker({ autoCreateTopics: false });
    const { topics } = await (await connect(port)).request(apis.metadata, 12, { topics: [{ name: 'new' }], allowAutoTopicCreation: true });
    expect(topics[0]!.errorCode).toBe(errorCode('UNKNOWN_TOPIC_OR_PARTITION'));
  });
});
