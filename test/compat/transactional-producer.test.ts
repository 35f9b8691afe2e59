import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker, type Verdict } from '@millrace/broker';
import { asMillraceError, SeededRandom } from '@millrace/core';
import {
  Coordinator,
  createAdmin,
  fetchOffsets,
  KafkaClient,
  openReader,
  openTransactionalProducer,
  type TransactionalProducer,
} from '@millrace/kafka-client';
import { apis, decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fresh, isKafka3 } from '../conformance/subject.ts';

/** Our transactional producer on either broker, each transaction with an epoch of its own (KIP-890). */
const isApacheKafka = process.env['KAFKA_BROKERS'] !== undefined;
let broker: Broker | undefined;
let directory: string;
let client: KafkaClient;
const partitionCount = 2;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-transactions-'));
  if (!isApacheKafka) {
    broker = new Broker({ dataDirectory: directory, port: 0 });
    await broker.open();
  }
  client = new KafkaClient({ brokers: [process.env['KAFKA_BROKERS'] ?? broker!.address], clientId: 'test', requestTimeoutMs: 10_000 });
});
afterAll(async () => {
  await client?.close();
  await broker?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function makeTopic(): Promise<string> {
  const topic = fresh('topic');
  const admin = createAdmin({ brokers: [process.env['KAFKA_BROKERS'] ?? broker!.address], clientId: 'test' });
  await admin.createTopic({ topic, partitions: partitionCount, replicationFactor: 1 });
  await admin.close();
  return topic;
}

/** The values of both partitions that read_committed shows, each in its order. */
async function committed(topic: string): Promise<string[][]> {
  const reader = openReader(client, { isolation: 'read_committed', maxWaitMs: 10 });
  const values: string[][] = Array.from({ length: partitionCount }, () => []);
  reader.assign(values.map((_, partition) => ({ topic, partition, offset: 0 })));
  const open = new Set(values.keys());
  const spans = new RecordSpans();
  while (open.size > 0) {
    for (const fetched of await reader.next()) {
      const { partition, bytes, batches, fromOffset, nextOffset, lastStableOffset } = fetched;
      for (let at = 0; at < batches.length; at += 2) {
        spans.clear();
        decodeRecords(bytes, batches[at]!, batches[at + 1]!, spans, { fromOffset });
        for (let row = 0; row < spans.count; row++) values[partition]!.push(spans.value(row)!.toString());
      }
      if (nextOffset >= lastStableOffset) open.delete(partition);
      reader.release(fetched);
    }
  }
  await reader.close();
  return values;
}

const bytes = (value: unknown) => Buffer.from(`${value}`);
const offsetsAt = (topic: string, offset: number) => [{ topic, partition: 0, offset }];

async function epochOf(transactionalId: string): Promise<number> {
  const { transactionStates } = await new Coordinator(client, transactionalId, { kind: 'transaction' }).call((connection) =>
    connection.request(apis.describeTransactions, { transactionalIds: [transactionalId] }),
  );
  return transactionStates[0]!.producerEpoch;
}

/** Apache Kafka answers a commit before its markers are written. */
const untilMarked = { timeout: 20_000, interval: 20 };

describe('our transactional producer', () => {
  it('commits and aborts records and offsets, each transaction under another epoch where the broker offers that', async () => {
    const [topic, group, transactionalId] = [await makeTopic(), fresh('group'), fresh('task')];
    const producer = await openTransactionalProducer(client, { transactionalId });
    const before = await epochOf(transactionalId);
    for (let round = 0; round < 6; round++) {
      producer.begin();
      for (const partition of [0, 1]) await producer.append(topic, partition, 1, null, bytes(round));
      await producer.sendOffsets(group, offsetsAt(topic, round));
      await (round % 3 === 2 ? producer.abort() : producer.commit());
    }
    expect(await epochOf(transactionalId)).toBe(isKafka3 ? before : before + 6);
    await expect
      .poll(() => committed(topic), untilMarked)
      .toEqual([
        ['0', '1', '3', '4'],
        ['0', '1', '3', '4'],
      ]);
    expect(await fetchOffsets(new Coordinator(client, group), null)).toEqual(offsetsAt(topic, 4));
    await producer.close();
  });

  it('is fenced by its successor, whatever it tries', async () => {
    const [topic, transactionalId] = [await makeTopic(), fresh('task')];
    const zombie = await openTransactionalProducer(client, { transactionalId });
    zombie.begin();
    await zombie.append(topic, 0, 1, null, bytes('zombie'));
    await zombie.sendOffsets(fresh('group'), offsetsAt(topic, 1));
    const owner = await openTransactionalProducer(client, { transactionalId });
    await zombie.append(topic, 1, 1, null, bytes('late'));
    await expect(zombie.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
    expect(() => zombie.begin()).toThrow(expect.objectContaining({ code: 'KAFKA_FENCED' }));
    owner.begin();
    await owner.append(topic, 0, 1, null, bytes('owner'));
    await owner.commit();
    await expect.poll(() => committed(topic), untilMarked).toEqual([['owner'], []]);
  });

  it('is told when its transaction has taken too long, and its successor goes on', async () => {
    const [topic, transactionalId] = [await makeTopic(), fresh('task')];
    const slow = await openTransactionalProducer(client, { transactionalId, transactionTimeoutMs: 100 });
    slow.begin();
    await slow.sendOffsets(fresh('group'), offsetsAt(topic, 1));
    const ended = async () => (await epochOf(transactionalId)) > 0;
    await expect.poll(ended, { timeout: 30_000, interval: 20 }).toBe(true);
    await expect(slow.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
    const next = await openTransactionalProducer(client, { transactionalId });
    next.begin();
    await next.append(topic, 0, 1, null, bytes('next'));
    await next.commit();
    await expect.poll(() => committed(topic), untilMarked).toEqual([['next'], []]);
  });
});

/** Counts up in transactions; where it stands is what the group's offset says. */
class Counter {
  readonly #topic: string;
  readonly #group = fresh('group');
  readonly #transactionalId = fresh('task');
  #producer: TransactionalProducer | undefined;
  position = 0;

  constructor(topic: string) {
    this.#topic = topic;
  }

  async run(until: number, random: SeededRandom): Promise<void> {
    while (this.position < until) {
      try {
        this.#producer ??= await this.#begin();
        await this.#transaction(this.#producer, this.position + 1 + random.below(20));
      } catch {
        // As after a crash: the next producer of the id settles what this one left.
        this.#producer = undefined;
      }
    }
  }

  async #begin(): Promise<TransactionalProducer> {
    const producer = await openTransactionalProducer(client, { transactionalId: this.#transactionalId, operationTimeoutMs: 5_000 });
    const [known] = await fetchOffsets(new Coordinator(client, this.#group), null);
    this.position = known?.offset ?? 0;
    return producer;
  }

  async #transaction(producer: TransactionalProducer, end: number): Promise<void> {
    producer.begin();
    for (let next = this.position; next < end; next++) await producer.append(this.#topic, next % partitionCount, 1, null, bytes(next));
    await producer.sendOffsets(this.#group, offsetsAt(this.#topic, end));
    await this.#commit(producer);
    this.position = end;
  }

  async #commit(producer: TransactionalProducer): Promise<void> {
    for (;;) {
      try {
        return await producer.commit();
      } catch (error) {
        const { code } = asMillraceError(error);
        if (code !== 'KAFKA_TIMED_OUT' && code !== 'KAFKA_BROKER_UNAVAILABLE') throw error;
      }
    }
  }
}

const faults: readonly Verdict[] = [
  { cut: 'before' },
  { cut: 'after' },
  { delayMs: 5, cut: 'after' },
  { error: 'NOT_COORDINATOR' },
  { error: 'CONCURRENT_TRANSACTIONS' },
  { error: 'COORDINATOR_NOT_AVAILABLE', takesEffect: true },
  { error: 'TRANSACTION_ABORTABLE' },
];
const aimed: ReadonlySet<string> = new Set(['produce', 'txnOffsetCommit', 'endTxn', 'initProducerId', 'findCoordinator', 'offsetFetch']);

describe.skipIf(isApacheKafka)('our transactional producer, whose requests and answers get lost', () => {
  it.each([1, 2, 3, 4])('counts without a gap and without a number twice (seed %i)', async (seed) => {
    const topic = await makeTopic();
    const random = new SeededRandom(seed);
    const counter = new Counter(topic);
    let count = 0;
    const stop = broker!.intercept(({ api }) => {
      if (!aimed.has(api) || random.below(12) > 0) return undefined;
      count++;
      const fault = faults[random.below(faults.length)]!;
      return fault.error === 'TRANSACTION_ABORTABLE' && api !== 'produce' && api !== 'txnOffsetCommit' ? { cut: 'after' } : fault;
    });
    try {
      await counter.run(400, random);
    } finally {
      stop();
    }
    expect(count).toBeGreaterThan(5);
    const numbers = Array.from({ length: counter.position }, (_, n) => String(n));
    expect(await committed(topic)).toEqual([0, 1].map((partition) => numbers.filter((n) => Number(n) % partitionCount === partition)));
  });
});
