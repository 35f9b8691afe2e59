import { apis, batchHeader, type EncodableRequest, encodeBatch, encodeRequest, stampProducer } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { errorName, fresh, Subject } from './subject.ts';
import { Topic } from './topic.ts';

const subject = Subject.inThisFile();
const header = { correlationId: 77, clientId: 'odd' };

/** A batch of one record, damaged and with a checksum that fits again. */
function batch(damage: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = encodeBatch([{ timestampMs: Date.now(), value: Buffer.from('x') }]);
  damage(bytes);
  stampProducer(bytes, -1, -1, -1);
  return bytes;
}

/** Sends bytes on a connection of their own. @returns the answer, or undefined if the connection was closed. */
async function send(bytes: Buffer): Promise<Buffer | undefined> {
  const client = await subject.connect();
  client.sendBytes(bytes);
  return client.receive();
}

function sized(...parts: Buffer[]): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(parts.reduce((sum, { length }) => sum + length, 0));
  return Buffer.concat([size, ...parts]);
}

describe('versions', () => {
  it('what is served is told in every version of the question', async () => {
    for (const version of [0, 1, 2, 3, 4]) {
      const answer = await subject.request(apis.apiVersions, version, { clientSoftwareName: 'test', clientSoftwareVersion: '1' });
      expect(answer.errorCode).toBe(0);
      const range = (key: number) => answer.apiKeys.find(({ apiKey }) => apiKey === key);
      expect(range(apis.produce.key)!.minVersion).toBe(0);
      expect(range(apis.fetch.key)!.minVersion).toBeLessThanOrEqual(4);
      expect(range(apis.apiVersions.key)).toMatchObject({ minVersion: 0, maxVersion: 4 });
    }
  });

  it('an unknown version of the question is answered in version 0, with the versions of the question itself', async () => {
    const client = await subject.connect();
    client.sendBytes(sized(Buffer.from('0012006300000007ffff00', 'hex')));
    const frame = (await client.receive())!;
    expect(frame.readInt32BE(0)).toBe(7);
    expect(errorName(frame.readInt16BE(4))).toBe('UNSUPPORTED_VERSION');
    const listed = Array.from({ length: frame.readInt32BE(6) }, (_, i) => frame.readInt16BE(10 + i * 6));
    expect(listed).toContain(apis.apiVersions.key);
    expect(frame).toHaveLength(10 + listed.length * 6);
    expect((await client.request(apis.apiVersions, 0, {})).errorCode).toBe(0);
  });

  it('a name of the client that is no name is refused', async () => {
    const ask = async (clientSoftwareName: string) =>
      errorName((await subject.request(apis.apiVersions, 3, { clientSoftwareName, clientSoftwareVersion: '1' })).errorCode);
    expect(await ask('good-name.1')).toBe('NONE');
    expect(await ask('-bad name')).toBe('INVALID_REQUEST');
    expect(await ask('')).toBe('INVALID_REQUEST');
  });

  it('an unknown API, an unknown version and garbage close the connection', async () => {
    expect(await send(sized(Buffer.from('03e7000000000007ffff', 'hex')))).toBeUndefined();
    expect(await send(sized(Buffer.from('0003006300000007ffff', 'hex')))).toBeUndefined();
    expect(await send(Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'))).toBeUndefined();
    expect(await send(Buffer.from('7fffffff', 'hex'))).toBeUndefined();
    expect(await send(Buffer.from('ffffffff', 'hex'))).toBeUndefined();
    expect(await send(sized(Buffer.from('000300010000', 'hex')))).toBeUndefined();
  });

  it('a request larger than socket.request.max.bytes closes the connection before it is sent', async () => {
    const size = Buffer.alloc(4);
    size.writeInt32BE(100 * 1024 * 1024 + 1);
    expect(await send(size)).toBeUndefined();
  });

  it('answers come in the order of the requests', async () => {
    const topic = await Topic.make(subject);
    const client = await subject.connect();
    const waiting = client.send(apis.fetch, 12, topic.fetchBody(0, { maxWaitMs: 100 }));
    const quick = client.send(apis.apiVersions, 0, {});
    const frames = [await client.receive(), await client.receive()];
    expect(frames.map((frame) => frame!.readInt32BE(0))).toEqual([waiting, quick]);
  });
});

describe('producing', () => {
  it('batches that do not say the truth about themselves are refused', async () => {
    const topic = await Topic.make(subject);
    const produce = async (records: Buffer | null) => (await topic.produce(records)).error;
    const corrupt = batch();
    corrupt[corrupt.length - 1]! ^= 1;
    expect(await produce(corrupt)).toBe('CORRUPT_MESSAGE');
    expect(await produce(Buffer.alloc(0))).toBe('INVALID_RECORD');
    expect(await produce(batch((bytes) => bytes.writeInt32BE(5, 57)))).toBe('INVALID_RECORD');
    expect(await produce(batch((bytes) => bytes.writeInt32BE(7, 23)))).toBe('INVALID_RECORD');
    expect(await produce(batch((bytes) => bytes.writeBigInt64BE(5n, 0)))).toBe('INVALID_RECORD');
    expect(await produce(Buffer.concat([batch(), batch()]))).toBe('INVALID_RECORD');
    expect(await topic.offsetOf(-1)).toMatchObject({ offset: 0 });
    expect(await produce(batch())).toBe('NONE');
  });

  it('no client may write a control batch', async () => {
    const topic = await Topic.make(subject);
    expect((await topic.produce(batch((bytes) => bytes.writeInt16BE(0x20, 21)))).error).toBe('INVALID_RECORD');
  });

  it('a batch as large as max.message.bytes is taken, a larger one is not', async () => {
    const size = encodeBatch([{ timestampMs: Date.now(), value: Buffer.alloc(1000) }]).length;
    const topic = await Topic.make(subject, { 'max.message.bytes': String(size) });
    const produce = async (length: number) =>
      (await topic.produce(encodeBatch([{ timestampMs: Date.now(), value: Buffer.alloc(length) }]))).error;
    expect(await produce(1000)).toBe('NONE');
    expect(await produce(1001)).toBe('MESSAGE_TOO_LARGE');
  });

  it('unknown topics and partitions and odd names are refused, each for itself', async () => {
    const topic = await Topic.make(subject);
    expect(await topic.produce(batch(), { index: 9 })).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION', baseOffset: -1 });
    expect(await topic.produce(batch(), { index: -1 })).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION' });
    for (const name of [fresh('none'), 'a b', '']) {
      expect(await new Topic(subject, name).produce(batch())).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION' });
    }
  });

  it('acks other than 0, 1 and all are refused', async () => {
    const topic = await Topic.make(subject);
    for (const acks of [2, -2])
      expect(await topic.produce(batch(), { acks })).toMatchObject({ error: 'INVALID_REQUIRED_ACKS', baseOffset: -1 });
    for (const acks of [1, -1]) expect(await topic.produce(batch(), { acks })).toMatchObject({ error: 'NONE' });
  });

  it('with acks=0 nothing is answered, but it is stored', async () => {
    const topic = await Topic.make(subject);
    const client = await subject.connect();
    const body = {
      transactionalId: null,
      acks: 0,
      timeoutMs: 1000,
      topicData: [{ name: topic.name, partitionData: [{ index: 0, records: batch() }] }],
    };
    client.send(apis.produce, 9, body);
    expect((await client.request(apis.apiVersions, 0, {})).errorCode).toBe(0);
    expect(await topic.offsetOf(-1)).toMatchObject({ offset: 1 });
  });

  it('no more replicas are demanded than the topic has', async () => {
    const topic = await Topic.make(subject, { 'min.insync.replicas': '2' });
    expect(await topic.produce(batch())).toMatchObject({ error: 'NONE' });
    expect(await topic.produce(batch(), { acks: 1 })).toMatchObject({ error: 'NONE' });
  });

  it('offsets and leader epoch are the broker’s, everything else is the producer’s', async () => {
    const topic = await Topic.make(subject);
    await topic.produce(batch());
    const sent = batch((bytes) => bytes.writeInt32BE(42, 12));
    expect(await topic.produce(sent)).toMatchObject({ error: 'NONE', baseOffset: 1 });
    const { records } = await topic.fetch(1);
    expect(batchHeader.baseOffset(records, 0)).toBe(1);
    expect(batchHeader.partitionLeaderEpoch(records, 0)).toBe(0);
    expect(records.subarray(16)).toEqual(sent.subarray(16));
  });
});

describe('reading', () => {
  it('an unknown topic, an unknown partition and a future leader epoch are told apart', async () => {
    const topic = await Topic.make(subject);
    expect(await new Topic(subject, fresh('none')).fetch(0)).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION', highWatermark: -1 });
    expect(await topic.offsetOf(-1, { partition: 9 })).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION', offset: -1 });
    const ahead: EncodableRequest<typeof apis.fetch> = {
      ...topic.fetchBody(0),
      topics: [{ topic: topic.name, partitions: [{ partition: 0, currentLeaderEpoch: 5, fetchOffset: 0, partitionMaxBytes: 1000 }] }],
    };
    const { responses } = await subject.request(apis.fetch, 12, ahead);
    expect(errorName(responses[0]!.partitions[0]!.errorCode)).toBe('UNKNOWN_LEADER_EPOCH');
  });

  it('a fetch of nothing is answered with nothing', async () => {
    const answer = await subject.request(apis.fetch, 12, { maxWaitMs: 0, minBytes: 0, maxBytes: 1000, topics: [] });
    expect(answer).toMatchObject({ errorCode: 0, responses: [] });
  });

  it('a session that is not known is refused as a whole', async () => {
    const topic = await Topic.make(subject);
    const answer = await subject.request(apis.fetch, 12, { ...topic.fetchBody(0), sessionId: 12345, sessionEpoch: 3 });
    expect(errorName(answer.errorCode)).toBe('FETCH_SESSION_ID_NOT_FOUND');
  });

  it('coordinators of an unknown kind are refused', async () => {
    const { coordinators } = await subject.request(apis.findCoordinator, 4, { keyType: 7, coordinatorKeys: ['a'] });
    expect(errorName(coordinators[0]!.errorCode)).toBe('INVALID_REQUEST');
  });

  it('a request with tagged fields that nobody knows is answered as without', async () => {
    const topic = await Topic.make(subject);
    const plain = encodeRequest(apis.metadata, 12, header, { topics: [{ name: topic.name }], allowAutoTopicCreation: false });
    // The body's tagged fields are its last byte, zero: one field of the number 100 with three bytes takes its place.
    const frame = await send(sized(plain.subarray(4, -1), Buffer.from([1, 100, 3, 1, 2, 3])));
    expect(frame!.readInt32BE(0)).toBe(header.correlationId);
  });
});
