/**
 * The baseline: the loop that a Node developer writes over kafkajs, tuned: eachBatch with large fetches, JSON.parse, a Map per
 * window, results sent in large batches. In memory, nothing durable.
 *
 * `node baseline-kafkajs.ts <w0|w1|w2|produce> <brokers> <records>`: prints one line of JSON.
 */
import { Kafka, logLevel, type Message } from 'kafkajs';
import { deviceRecords } from './devices.ts';
import { Meter } from './measure.ts';

const [workload, brokers, count] = [process.argv[2]!, process.argv[3]!.split(','), Number(process.argv[4])];
const kafka = new Kafka({ clientId: 'bench-baseline', brokers, logLevel: logLevel.NOTHING });
const topic = 'bench-devices';

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

const steps: Record<string, Step> = {
  w0: () => nothing,
  w1: (value) => {
    const row = JSON.parse(value.toString()) as Device;
    if (!(row.cpu_usage >= 90)) return nothing;
    return [{ value: JSON.stringify({ device: row.device, cpu_usage: row.cpu_usage, timestamp: row.timestamp }) }];
  },
  w2: (value) => {
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

async function consume(step: Step): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const available = (await admin.fetchTopicOffsets(topic)).reduce((total, partition) => total + Number(partition.high), 0);
  await admin.disconnect();
  const wanted = Math.min(count, available);
  const producer = kafka.producer({ idempotent: false });
  await producer.connect();
  const consumer = kafka.consumer({
    groupId: `bench-baseline-${Date.now()}`,
    maxBytesPerPartition: 4 << 20,
    maxBytes: 16 << 20,
    minBytes: 1 << 16,
    maxWaitTimeInMs: 100,
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
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
        for (let from = 0; from < results.length; from += 5_000) {
          await producer.send({ topic: 'bench-results-baseline', acks: -1, messages: results.slice(from, from + 5_000) });
        }
        sent += results.length;
        consumed += batch.messages.length;
        if (consumed * 2 >= wanted) meter.half();
        if (consumed >= wanted) done();
      },
    });
  });
  console.log(JSON.stringify(meter.finish(consumed, sent)));
  process.exit(0);
}

async function produce(): Promise<void> {
  const messages = [...deviceRecords(count)].map((value) => ({ value: Buffer.from(value) }));
  const producer = kafka.producer({ idempotent: false });
  await producer.connect();
  const meter = new Meter();
  for (let from = 0; from < messages.length; from += 5_000) {
    if (from * 2 >= count) meter.half();
    await producer.send({ topic: 'bench-produce-baseline', acks: -1, messages: messages.slice(from, from + 5_000) });
  }
  console.log(JSON.stringify(meter.finish(messages.length, messages.length)));
  process.exit(0);
}

if (workload === 'produce') await produce();
else await consume(steps[workload]!);
