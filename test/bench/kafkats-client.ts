/** @kafkats/client, tuned: runBatch with assigned partitions and large polls, sends of many records, idempotent. */
import { type ConsumeContext, KafkaClient, type Message, type Producer, type ProducerConfig } from '@kafkats/client';
import { deviceBytes } from './devices.ts';
import type { Measured } from './measure.ts';
import { partitionOf, runTask, Tally, type Task, terms } from './task.ts';

async function open({ brokers }: Task): Promise<KafkaClient> {
  const client = new KafkaClient({ clientId: 'bench-kafkats', brokers, logLevel: 'silent' });
  await client.connect();
  return client;
}

/** Runs a consumer until the tally is complete. */
async function eachBatch(
  task: Task,
  isolationLevel: 'read_committed' | 'read_uncommitted',
  take: (messages: Message[], context: ConsumeContext, tally: Tally) => Promise<void>,
): Promise<Measured> {
  const consumer = (await open(task)).consumer({
    groupId: task.target,
    maxBytesPerPartition: terms.maxPartitionBytes,
    maxRecords: terms.recordsPerTransaction,
    maxWaitMs: 100,
    autoOffsetReset: 'earliest',
    isolationLevel,
  });
  const tally = new Tally(task.records);
  const assignment = Array.from({ length: terms.partitions }, (_, partition) => ({ topic: task.source, partition, offset: 0n }));
  await new Promise<void>((done, failed) => {
    const onBatch = async (messages: Message[], context: ConsumeContext) => {
      await take(messages, context, tally);
      if (tally.isComplete) done();
    };
    void consumer.runBatch(task.source, onBatch, { autoCommit: false, commitOffsets: false, assignment }).catch(failed);
  });
  return tally.finish();
}

function consume(task: Task): Promise<Measured> {
  return eachBatch(task, 'read_uncommitted', async (messages, _, tally) => {
    for (const { value } of messages) tally.add(1, value.length);
  });
}

async function producer(task: Task, config: ProducerConfig): Promise<Producer> {
  return (await open(task)).producer({ acks: 'all', idempotent: true, lingerMs: 5, maxBatchBytes: terms.batchBytes, ...config });
}

async function produce(task: Task): Promise<Measured> {
  const { bytes, ends } = deviceBytes(task.records);
  const sender = await producer(task, {});
  const tally = new Tally(task.records);
  const sends: Promise<unknown>[] = [];
  for (let row = 0; row < ends.length; ) {
    const messages = [];
    for (const end = Math.min(ends.length, row + terms.recordsPerSend); row < end; row++) {
      const value = bytes.subarray(row === 0 ? 0 : ends[row - 1], ends[row]);
      messages.push({ partition: partitionOf(row), value });
      tally.add(1, value.length);
    }
    sends.push(sender.send(task.target, messages));
    // A few calls at a time: it has no bound of its own on what waits.
    if (sends.length === 4) await sends.shift();
  }
  await Promise.all(sends);
  return tally.finish();
}

async function copy(task: Task): Promise<Measured> {
  const sender = await producer(task, { transactionalId: task.target });
  const offsets = new Map<number, bigint>();
  let held: Message[] = [];
  return eachBatch(task, 'read_committed', async (messages, _, tally) => {
    for (const message of messages) {
      held.push(message);
      tally.add(1, message.value.length);
    }
    const last = messages.at(-1)!;
    offsets.set(last.partition, last.offset + 1n);
    if (held.length < terms.recordsPerTransaction && !tally.isComplete) return;
    await sender.transaction(async (transaction) => {
      for (let from = 0; from < held.length; from += terms.recordsPerSend) {
        const part = held.slice(from, from + terms.recordsPerSend);
        const copies = part.map(({ partition, value, timestamp }) => ({ partition, value, timestamp: new Date(Number(timestamp)) }));
        // One call makes one batch of a partition: more would be too large for the broker.
        await transaction.send(task.target, copies);
      }
      const committed = [...offsets].map(([partition, offset]) => ({ topic: task.source, partition, offset }));
      await transaction.sendOffsets({ groupId: task.target, offsets: committed });
    });
    held = [];
  });
}

await runTask({ consume, produce, copy });
