import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Broker, startBroker } from '@millrace/broker';
import { type MillraceError, SeededRandom } from '@millrace/core';
import { apis, encodeBatch, errorCode } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { MemoryDisk } from './memory-disk.ts';
import { RawClient } from './raw-client.ts';
import { openBroker, recordingLogger, temporaryDirectory } from './test-broker.ts';

async function failure(action: Promise<unknown>): Promise<MillraceError> {
  return action.then(
    () => {
      throw new Error('did not fail');
    },
    (error) => error,
  );
}

const open = (options: ConstructorParameters<typeof Broker>[0]) => failure(new Broker({ port: 0, ...options }).open());

const values = (count: number, size = 10) =>
  encodeBatch(Array.from({ length: count }, () => ({ timestampMs: 1, value: Buffer.alloc(size, 'x') })));

async function produce(client: RawClient, records: Buffer): Promise<number> {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
  const { responses } = await client.request(apis.produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  return responses[0]!.partitionResponses[0]!.errorCode;
}

async function endOffset(client: RawClient): Promise<number> {
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -1 }] }];
  return (await client.request(apis.listOffsets, 6, { replicaId: -1, topics })).topics[0]!.partitions[0]!.offset;
}

async function makeTopic(client: RawClient): Promise<void> {
  const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
  await client.request(apis.createTopics, 7, { topics, validateOnly: false });
}

describe('the data directory', () => {
  it('that is a file is refused', async () => {
    const path = `${temporaryDirectory()}/file`;
    writeFileSync(path, '');
    expect(await open({ dataDirectory: path })).toMatchObject({
      code: 'BROKER_DATA_DIRECTORY_INVALID',
      message: `the data directory ${path} is a file, not a directory`,
    });
    expect(await open({ dataDirectory: `${path}/below` })).toMatchObject({ code: 'BROKER_DATA_DIRECTORY_INVALID' });
  });

  it('of a newer format is refused and left as it is', async () => {
    const path = temporaryDirectory();
    writeFileSync(`${path}/format.json`, '{"format":2,"clusterId":"x"}');
    expect(await open({ dataDirectory: path })).toMatchObject({
      code: 'BROKER_DATA_DIRECTORY_INVALID',
      message: `the data directory ${path} has format 2; this version knows format 1`,
    });
    expect(readdirSync(path)).toEqual(['format.json']);
  });

  it('that another broker holds is refused, naming the process', async () => {
    const dataDirectory = temporaryDirectory();
    await openBroker({ dataDirectory });
    expect(await open({ dataDirectory })).toMatchObject({
      code: 'DIRECTORY_LOCKED',
      message: `the data directory ${dataDirectory} is held by process ${process.pid}`,
    });
  });

  it('left by a process that ended without closing is taken', async () => {
    const dataDirectory = temporaryDirectory();
    mkdirSync(dataDirectory, { recursive: true });
    for (const holder of ['2147483646 1', `${process.pid} before`, 'nonsense']) {
      writeFileSync(`${dataDirectory}/lock`, `${holder}\n`);
      const broker = new Broker({ dataDirectory, port: 0 });
      await broker.open();
      expect(readFileSync(`${dataDirectory}/lock`, 'utf8')).toMatch(new RegExp(`^${process.pid} \\d*\n$`));
      await broker.close();
    }
  });

  it('keeps its cluster id, and is free once the broker is closed', async () => {
    const dataDirectory = temporaryDirectory();
    const clusterId = async () => {
      const broker = new Broker({ dataDirectory, port: 0 });
      await broker.open();
      const client = await RawClient.open(broker.port);
      const metadata = await client.request(apis.metadata, 12, { topics: [] });
      client.close();
      await broker.close();
      return metadata.clusterId;
    };
    const first = await clusterId();
    expect(first).toHaveLength(22);
    expect(await clusterId()).toBe(first);
    expect(existsSync(`${dataDirectory}/lock`)).toBe(false);
  });
});

describe('a port that is taken', () => {
  it('is named, and the directory is let go', async () => {
    const { port } = await openBroker();
    const dataDirectory = temporaryDirectory();
    expect(await open({ dataDirectory, port })).toMatchObject({
      code: 'LISTEN_FAILED',
      message: `cannot listen on 127.0.0.1:${port}: the port is taken`,
    });
    await openBroker({ dataDirectory });
  });
});

describe('a full disk', () => {
  it('refuses the batch as retriable, loses nothing acknowledged, and goes on when there is room', async () => {
    const disk = new MemoryDisk(new SeededRandom(1));
    const logger = recordingLogger();
    const dataDirectory = temporaryDirectory();
    const broker = await openBroker({ dataDirectory }, { disk, logger });
    const client = await RawClient.open(broker.port);
    await makeTopic(client);
    expect(await produce(client, values(3))).toBe(0);
    disk.capacityBytes = disk.usedBytes() + 100;
    expect(await produce(client, values(1, 500))).toBe(errorCode('KAFKA_STORAGE_ERROR'));
    expect(logger.lines[0]).toMatchObject({ message: 'batch not stored', fields: { topic: 't', partition: 0 } });
    expect(await endOffset(client)).toBe(3);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    expect(await produce(client, values(2))).toBe(0);
    await broker.abandon();
    const again = await openBroker({ dataDirectory }, { disk });
    const other = await RawClient.open(again.port);
    expect(await endOffset(other)).toBe(5);
  });

  it('refuses topics and offsets without ending the broker', async () => {
    const disk = new MemoryDisk(new SeededRandom(1));
    const { port } = await openBroker({}, { disk });
    const client = await RawClient.open(port);
    await makeTopic(client);
    disk.capacityBytes = disk.usedBytes();
    const topics = [{ name: 'u', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    const made = await client.request(apis.createTopics, 7, { topics, validateOnly: false });
    expect(made.topics[0]!.errorCode).toBe(errorCode('KAFKA_STORAGE_ERROR'));
    const commit = { groupId: 'g', memberId: '', topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1 }] }] };
    const refused = await client.request(apis.offsetCommit, 8, commit);
    expect(refused.topics[0]!.partitions[0]!.errorCode).toBe(errorCode('COORDINATOR_NOT_AVAILABLE'));
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    const accepted = await client.request(apis.offsetCommit, 8, commit);
    expect(accepted.topics[0]!.partitions[0]!.errorCode).toBe(0);
  });
});

describe('a disk that fails to sync', () => {
  it('acknowledges nothing more of the partition', async () => {
    const disk = new MemoryDisk(new SeededRandom(1));
    const { port } = await openBroker({ flushMessages: 1 }, { disk });
    const client = await RawClient.open(port);
    await makeTopic(client);
    expect(await produce(client, values(1))).toBe(0);
    disk.failsSyncs = true;
    expect(await produce(client, values(1))).toBe(errorCode('KAFKA_STORAGE_ERROR'));
    disk.failsSyncs = false;
    expect(await produce(client, values(1))).toBe(errorCode('KAFKA_STORAGE_ERROR'));
  });
});

// Starting a thread takes long where the machine is busy.
describe('a broker in a thread of its own', { timeout: 30_000 }, () => {
  it('serves, and leaves a directory that the next one opens', async () => {
    const dataDirectory = temporaryDirectory();
    const first = await startBroker({ dataDirectory, port: 0 });
    const client = await RawClient.open(first.port);
    await makeTopic(client);
    expect(await produce(client, values(4))).toBe(0);
    client.close();
    await first.close();
    const second = await startBroker({ dataDirectory, port: 0 });
    expect(await endOffset(await RawClient.open(second.port))).toBe(4);
    await second.close();
    expect(await second.ended).toBeUndefined();
  });

  it('does not share its directory with another of the same process', async () => {
    const dataDirectory = temporaryDirectory();
    const first = await startBroker({ dataDirectory, port: 0 });
    expect(await failure(startBroker({ dataDirectory, port: 0 }))).toMatchObject({ code: 'DIRECTORY_LOCKED' });
    await first.close();
  });

  it('tells why it did not start', async () => {
    const path = `${temporaryDirectory()}/file`;
    writeFileSync(path, '');
    expect(await failure(startBroker({ dataDirectory: path, port: 0 }))).toMatchObject({ code: 'BROKER_DATA_DIRECTORY_INVALID' });
  });
});
