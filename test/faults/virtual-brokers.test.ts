import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker } from '@millrace/broker';
import {
  type ActiveGroupMember,
  joinGroup,
  KafkaClient,
  openProducer,
  openReader,
  openTransactionalProducer,
  type RecordReader,
} from '@millrace/kafka-client';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { Kafka, logLevel } from 'kafkajs';
import { beforeEach, expect, it, onTestFinished } from 'vitest';

const partitionCount = 3;
const topic = 'moved';
let broker: Broker;

beforeEach(async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'millrace-virtual-'));
  broker = new Broker({ dataDirectory, port: 0, virtualBrokers: 3, defaultPartitions: partitionCount });
  await broker.open();
  return async () => {
    await broker.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  };
});

const addresses = () => broker.nodes.map(({ host, port }) => `${host}:${port}`);

async function openClient(): Promise<KafkaClient> {
  const client = new KafkaClient({ brokers: addresses(), clientId: 'test' });
  onTestFinished(() => client.close());
  const admin = kafkajs().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitionCount }] });
  await admin.disconnect();
  return client;
}

function kafkajs(): Kafka {
  const retry = { retries: 20, initialRetryTime: 20, maxRetryTime: 200 };
  return new Kafka({ clientId: 'kafkajs', brokers: addresses(), logLevel: logLevel.NOTHING, retry });
}

const next = (nodeId: number) => (nodeId % 3) + 1;

/** One thing after the other that happens in clusters. */
const events: readonly (() => Promise<void> | void)[] = [
  () => broker.moveLeader(topic, 0, next(broker.leaderOf(topic, 0))),
  () => broker.moveCoordinator('group', 'g', next(broker.coordinatorOf('group', 'g')!)),
  () => void broker.intercept({ api: 'produce', times: 1, verdict: { cut: 'after' } }),
  () => broker.stopNode(broker.leaderOf(topic, 1)),
  async () => {
    for (const nodeId of [1, 2, 3]) await broker.startNode(nodeId);
  },
  () => broker.moveLeader(topic, 2, next(broker.leaderOf(topic, 2))),
  () => void broker.intercept({ api: 'fetch', times: 1, verdict: { cut: 'before' } }),
  () => broker.stopNode(broker.coordinatorOf('group', 'g')!),
  async () => {
    for (const nodeId of [1, 2, 3]) await broker.startNode(nodeId);
  },
];

/** Takes what comes until every partition has so many records; the values by partition, in order. */
async function readAll(reader: RecordReader, counts: number, onRead: (partition: number, nextOffset: number) => void = () => {}) {
  const read = Array.from({ length: partitionCount }, (): string[] => []);
  const records = new RecordSpans();
  while (read.some(({ length }) => length < counts)) {
    for (const fetched of await reader.next()) {
      for (let i = 0; i < fetched.batches.length; i += 2) {
        records.clear();
        decodeRecords(fetched.bytes, fetched.batches[i]!, fetched.batches[i + 1]!, records, { fromOffset: fetched.fromOffset });
        for (let at = 0; at < records.count; at++) read[fetched.partition]!.push(records.value(at)!.toString());
      }
      onRead(fetched.partition, fetched.nextOffset);
    }
  }
  return read;
}

const everyPartition = Array.from({ length: partitionCount }, (_, partition) => ({ topic, partition }));
const expected = (count: number) => everyPartition.map(() => Array.from({ length: count }, (_, i) => `v${i}`));

it('nothing is lost, twice or out of order for a producer and a group while leaders and coordinators move and nodes go down', async () => {
  const client = await openClient();
  const reader = openReader(client, { maxWaitMs: 50 });
  onTestFinished(() => reader.close());
  let member: ActiveGroupMember | undefined;
  const owned = new Promise<void>((resolve, reject) => {
    member = joinGroup(client, {
      groupId: 'g',
      topics: [topic],
      heartbeatIntervalMs: 50,
      onAssigned: (partitions) => {
        if (partitions.length === partitionCount) resolve();
      },
      onRevoked: () => {},
      onFailed: reject,
    });
  });
  await owned;
  reader.assign(everyPartition.map((place) => ({ ...place, offset: 0 })));
  const perEvent = 40;
  const total = perEvent * events.length * 2;
  const positions = new Map<number, number>();
  const reading = readAll(reader, total, (partition, offset) => positions.set(partition, offset));
  const producer = openProducer(client);
  for (let i = 0; i < total; i++) {
    for (const { partition } of everyPartition) await producer.append(topic, partition, 1000 + i, null, Buffer.from(`v${i}`));
    if (i % perEvent !== perEvent - 1) continue;
    const flushing = producer.flush();
    await events[Math.floor(i / perEvent) % events.length]!();
    await flushing;
    await member!.commit([...positions].map(([partition, offset]) => ({ topic, partition, offset })));
  }
  await producer.close();
  expect(await reading).toEqual(expected(total));
  const offsets = everyPartition.map((place) => ({ ...place, offset: total }));
  await member!.commit(offsets);
  expect(await member!.committed(everyPartition)).toEqual(offsets);
  await member!.leave();
});

it('a transaction whose coordinators and leaders move under it is whole', async () => {
  const client = await openClient();
  const producer = await openTransactionalProducer(client, { transactionalId: 'tx' });
  onTestFinished(() => producer.close());
  const outcomes = ['commit', 'abort', 'commit', 'abort', 'commit'] as const;
  const written: string[] = [];
  for (const [round, outcome] of outcomes.entries()) {
    producer.begin();
    const write = async (part: string) => {
      for (const { partition } of everyPartition) await producer.append(topic, partition, 1000, null, Buffer.from(`${round}${part}`));
    };
    await write('a');
    broker.moveCoordinator('transaction', 'tx', next(broker.coordinatorOf('transaction', 'tx')!));
    await write('b');
    for (const { partition } of everyPartition) broker.moveLeader(topic, partition, next(broker.leaderOf(topic, partition)));
    await producer.sendOffsets('g', [{ topic, partition: 0, offset: round + 1 }]);
    broker.moveCoordinator('group', 'g', next(broker.coordinatorOf('group', 'g')!));
    await write('c');
    const down = broker.coordinatorOf('transaction', 'tx')!;
    await broker.stopNode(down);
    await producer[outcome]();
    await broker.startNode(down);
    if (outcome === 'commit') written.push(`${round}a`, `${round}b`, `${round}c`);
  }
  const reader = openReader(client, { isolation: 'read_committed', maxWaitMs: 50 });
  onTestFinished(() => reader.close());
  reader.assign(everyPartition.map((place) => ({ ...place, offset: 0 })));
  expect(await readAll(reader, written.length)).toEqual(everyPartition.map(() => written));
});

it('kafkajs, too, loses nothing while leaders and coordinators move and nodes go down', async () => {
  await openClient();
  const producer = kafkajs().producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const consumer = kafkajs().consumer({ groupId: 'g', sessionTimeout: 6000, heartbeatInterval: 100, maxWaitTimeInMs: 50 });
  onTestFinished(async () => {
    await consumer.disconnect();
    await producer.disconnect();
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const read = everyPartition.map(() => new Set<string>());
  const perEvent = 5;
  const total = perEvent * events.length;
  let onRead = () => {};
  void consumer.run({
    eachMessage: async ({ partition, message }) => {
      read[partition]!.add(message.value!.toString());
      onRead();
    },
  });
  const caughtUp = (count: number) =>
    new Promise<void>((resolve) => {
      onRead = () => {
        if (read.every(({ size }) => size === count)) resolve();
      };
      onRead();
    });
  for (let i = 0; i < total; i++) {
    // One partition at a time: what moves to a node that has answered for another partition of the same call, kafkajs never sends again.
    for (const { partition } of everyPartition) await producer.send({ topic, messages: [{ partition, value: `v${i}` }] });
    if (i % perEvent !== perEvent - 1) continue;
    await caughtUp(i + 1);
    await events[Math.floor(i / perEvent)]!();
  }
  await caughtUp(total);
  // It may read again what it had not committed, but in order.
  expect(read.map((values) => [...values])).toEqual(expected(total));
});
