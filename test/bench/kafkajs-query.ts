/**
 * Queries as a Node developer writes them over kafkajs, tuned: eachBatch with large fetches, JSON.parse, a Map per window, results
 * sent in large batches. In memory, nothing durable.
 */
import { Kafka, logLevel, type Message } from 'kafkajs';
import { type Measured, Meter } from './measure.ts';
import { runTask, type Task, terms } from './task.ts';

interface Device {
  readonly device: string;
  readonly cpu_usage: number;
  readonly timestamp: string;
}

/** One message in, the messages that it gives out. */
type Step = (value: Buffer) => Message[];

const windows = new Map<number, Map<string, { count: number; sum: number; max: number }>>();
const nothing: Message[] = [];
let watermark = Number.NEGATIVE_INFINITY;
/** The end of the earliest open window: before it there is nothing to close. */
let nextEnd = Number.POSITIVE_INFINITY;

const steps = {
  w1: (value: Buffer): Message[] => {
    const row = JSON.parse(value.toString()) as Device;
    if (!(row.cpu_usage >= 90)) return nothing;
    return [{ value: JSON.stringify({ device: row.device, cpu_usage: row.cpu_usage, timestamp: row.timestamp }) }];
  },
  w2: (value: Buffer): Message[] => {
    const row = JSON.parse(value.toString()) as Device;
    const time = Date.parse(`${row.timestamp.replace(' ', 'T')}Z`);
    const start = time - (time % 10_000);
    let window = windows.get(start);
    if (window === undefined) {
      windows.set(start, (window = new Map()));
      nextEnd = Math.min(nextEnd, start + 10_000);
    }
    const group = window.get(row.device);
    if (group === undefined) window.set(row.device, { count: 1, sum: row.cpu_usage, max: row.cpu_usage });
    else {
      group.count++;
      group.sum += row.cpu_usage;
      if (row.cpu_usage > group.max) group.max = row.cpu_usage;
    }
    if (time - 2_000 > watermark) watermark = time - 2_000;
    return watermark >= nextEnd ? closeWindows() : nothing;
  },
};

function closeWindows(): Message[] {
  const results: Message[] = [];
  for (const [start, groups] of windows) {
    if (start + 10_000 > watermark) continue;
    for (const [device, { count: n, sum, max }] of groups) {
      results.push({ value: JSON.stringify({ window_start: start, device, n, average: sum / n, max }) });
    }
    windows.delete(start);
  }
  nextEnd = Math.min(...[...windows.keys()].map((start) => start + 10_000));
  return results;
}

async function query(step: Step, { brokers, records, source, target }: Task): Promise<Measured> {
  const kafka = new Kafka({ clientId: 'bench-kafkajs', brokers, logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: false });
  await producer.connect();
  const consumer = kafka.consumer({
    groupId: target,
    maxBytesPerPartition: terms.maxPartitionBytes,
    maxBytes: terms.maxFetchBytes,
    minBytes: 1 << 16,
    maxWaitTimeInMs: 100,
  });
  await consumer.connect();
  await consumer.subscribe({ topic: source, fromBeginning: true });
  const meter = new Meter();
  let consumed = 0;
  let sent = 0;
  await new Promise<void>((done) => {
    void consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch }) => {
        const results: Message[] = [];
        for (const { value } of batch.messages) for (const result of step(value!)) results.push(result);
        for (let from = 0; from < results.length; from += terms.recordsPerSend) {
          await producer.send({ topic: target, acks: -1, messages: results.slice(from, from + terms.recordsPerSend) });
        }
        sent += results.length;
        consumed += batch.messages.length;
        if (consumed * 2 >= records) meter.half();
        if (consumed >= records) done();
      },
    });
  });
  return meter.finish(consumed, sent);
}

await runTask({ w1: (task) => query(steps.w1, task), w2: (task) => query(steps.w2, task) });
