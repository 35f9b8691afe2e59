import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '@millrace/core';
import { KafkaClient, openProducer } from '@millrace/kafka-client';
import { encodeBatch } from '@millrace/kafka-protocol';
import { type Admin, type Consumer, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../architecture/workspace.ts';
import { freePort, Started } from '../harness/process.ts';

/**
 * Kills the broker's process at random moments while a producer writes at full speed, and starts it again on the same
 * directory. The producer is the same one throughout: it retries, with its sequence numbers, until it is acknowledged.
 * What is in the log is read by kafkajs, which shares no code with broker or producer.
 */
const rounds = process.env['MILLRACE_TEST_LONG'] === undefined ? 20 : 100;
const tornRounds = new Set([4, 9, 14, 19]);
const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? 20_260_101);
const topic = 'killed';
const partitions = 2;

const folder = mkdtempSync(join(tmpdir(), 'millrace-kill-'));
let port: number;
let broker: Started;
let client: KafkaClient;
let kafka: Kafka;
let admin: Admin;

async function start(): Promise<Started> {
  const main = join(root, 'packages/broker/src/main.ts');
  const started = new Started(process.execPath, [
    '--conditions=source',
    main,
    '--data-dir',
    folder,
    '--port',
    String(port),
    '--partitions',
    String(partitions),
  ]);
  await started.waitFor(/listening on/);
  return started;
}

beforeAll(async () => {
  port = await freePort();
  broker = await start();
  client = new KafkaClient({ brokers: [`127.0.0.1:${port}`], clientId: 'writer' });
  kafka = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    clientId: 'reader',
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 20, maxRetryTime: 200 },
  });
  admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] });
});
afterAll(async () => {
  await admin?.disconnect();
  await client?.close();
  await broker?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Writes numbered records until told to stop; knows which are acknowledged. */
class Writer {
  readonly #producer = openProducer(client, { lingerMs: 0, batchSizeBytes: 4_096, deliveryTimeoutMs: 60_000 });
  #next = 0;
  #stopped = false;
  acknowledged = 0;

  async run(): Promise<void> {
    while (!this.#stopped) {
      const from = this.#next;
      for (; this.#next < from + 200; this.#next++) {
        const room = this.#producer.append(
          topic,
          this.#next % partitions,
          1_700_000_000_000 + this.#next,
          null,
          Buffer.from(String(this.#next).padStart(100, '0')),
        );
        if (room !== undefined) await room;
      }
      await this.#producer.flush();
      this.acknowledged = this.#next;
    }
  }

  get unacknowledged(): number {
    return this.#next - this.acknowledged;
  }

  async stop(): Promise<number> {
    this.#stopped = true;
    return this.acknowledged;
  }

  close(): Promise<void> {
    return this.#producer.close();
  }
}

/** The first half of a batch behind the end of a partition's log, as a write that was cut off leaves it. */
function tearTail(partition: number): void {
  const segment = new RegExp(`topics/[^/]+/${partition}/\\d{20}\\.log$`);
  const active = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => segment.test(path))
    .sort()
    .at(-1)!;
  const batch = encodeBatch([{ timestampMs: 1_700_000_000_000, value: Buffer.alloc(500, 'x') }]);
  appendFileSync(join(folder, active), batch.subarray(0, batch.length / 2));
}

async function readAll(): Promise<Map<number, { offsets: number[]; values: number[] }>> {
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
  const read = new Map<number, { offsets: number[]; values: number[] }>(
    Array.from({ length: partitions }, (_, partition) => [partition, { offsets: [], values: [] }]),
  );
  const consumer = kafka.consumer({ groupId: `reader-${Math.random()}`, minBytes: 1, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const of = read.get(batch.partition)!;
        for (const { offset, value } of batch.messages) {
          of.offsets.push(Number(offset));
          of.values.push(Number(value!.toString()));
        }
        if ([...ends].every(([partition, end]) => read.get(partition)!.offsets.length >= end)) resolve();
      },
    });
  });
  await consumer.disconnect();
  return read;
}

describe(`a broker that is killed ${rounds} times (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  let inFlightRounds = 0;
  let acknowledged = 0;

  it(
    'starts again each time, and the producer goes on',
    async () => {
      const writer = new Writer();
      const writing = writer.run();
      for (let round = 0; round < rounds; round++) {
        const enough = writer.acknowledged + 200 * (1 + random.below(10));
        const extraTurns = random.below(40);
        while (writer.acknowledged < enough) await turn();
        for (let count = 0; count < extraTurns; count++) await turn();
        if (writer.unacknowledged > 0) inFlightRounds++;
        broker.child.kill('SIGKILL');
        await broker.exited;
        if (tornRounds.has(round)) tearTail(round % partitions);
        broker = await start();
      }
      const resumed = writer.acknowledged + 1_000;
      while (writer.acknowledged < resumed) await turn();
      await writer.stop();
      await writing;
      acknowledged = writer.acknowledged;
      await writer.close();
      expect(inFlightRounds).toBeGreaterThanOrEqual(rounds * 0.75);
      expect(tornRounds.size).toBeGreaterThanOrEqual(3);
    },
    rounds * 6_000,
  );

  it('holds every acknowledged record once, in order, at dense offsets', async () => {
    for (const [partition, { offsets, values }] of await readAll()) {
      expect(offsets).toEqual(offsets.map((_, index) => index));
      expect(values).toEqual(values.map((_, index) => index * partitions + partition));
      expect(values.length).toBeGreaterThanOrEqual(Math.floor((acknowledged - partition + partitions - 1) / partitions));
    }
  }, 60_000);
});

describe('a group of a broker that is killed', () => {
  it('continues where it had committed', async () => {
    const groupId = 'survivor';
    const seen: number[] = [];
    const consume = async (count: number): Promise<Consumer> => {
      const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50, sessionTimeout: 6_000, heartbeatInterval: 500 });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await new Promise<void>((resolve) => {
        let left = count;
        void consumer.run({
          autoCommit: false,
          eachMessage: async ({ partition, message }) => {
            if (partition !== 0 || left === 0) return;
            seen.push(Number(message.offset));
            await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }]);
            if (--left === 0) resolve();
          },
        });
      });
      return consumer;
    };
    await (await consume(10)).disconnect();
    broker.child.kill('SIGKILL');
    await broker.exited;
    broker = await start();
    await (await consume(10)).disconnect();
    expect(seen).toEqual(Array.from({ length: 20 }, (_, offset) => offset));
  }, 60_000);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
