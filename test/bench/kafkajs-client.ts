/** kafkajs, tuned: eachBatch with large fetches, sends of many records, a transaction around several batches. */
import { type EachBatchPayload, Kafka, logLevel, type Transaction } from 'kafkajs';
import { deviceBytes } from './devices.ts';
import type { Measured } from './measure.ts';
import { partitionOf, runTask, Tally, type Task, terms } from './task.ts';

function open({ brokers }: Task): Kafka {
  return new Kafka({ clientId: 'bench-kafkajs', brokers, logLevel: logLevel.NOTHING });
}

/** Runs a consumer until the tally is complete. */
async function eachBatch(task: Task, readUncommitted: boolean, take: (payload: EachBatchPayload, tally: Tally) => Promise<void>) {
  const consumer = open(task).consumer({
    groupId: task.target,
    maxBytesPerPartition: terms.maxPartitionBytes,
    maxBytes: terms.maxFetchBytes,
    minBytes: 1 << 16,
    maxWaitTimeInMs: 100,
    readUncommitted,
  });
  await consumer.connect();
  await consumer.subscribe({ topic: task.source, fromBeginning: true });
  const tally = new Tally(task.records);
  await new Promise<void>((done, failed) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => failed(payload.error));
    const options = { autoCommit: false, partitionsConsumedConcurrently: 1, eachBatchAutoResolve: false };
    void consumer.run({
      ...options,
      eachBatch: async (payload) => {
        await take(payload, tally);
        if (tally.isComplete) done();
      },
    });
  });
  return tally.finish();
}

function consume(task: Task): Promise<Measured> {
  return eachBatch(task, true, async ({ batch }, tally) => {
    for (const { value } of batch.messages) tally.add(1, value!.length);
  });
}

async function produce(task: Task): Promise<Measured> {
  const { bytes, ends } = deviceBytes(task.records);
  // Its idempotent producer is experimental, and allows one request at a time.
  const producer = open(task).producer({ idempotent: false });
  await producer.connect();
  const tally = new Tally(task.records);
  for (let row = 0; row < ends.length; ) {
    const messages = [];
    for (const end = Math.min(ends.length, row + terms.recordsPerSend); row < end; row++) {
      const value = bytes.subarray(row === 0 ? 0 : ends[row - 1], ends[row]);
      messages.push({ partition: partitionOf(row), value });
      tally.add(1, value.length);
    }
    await producer.send({ topic: task.target, acks: -1, messages });
  }
  return tally.finish();
}

async function copy(task: Task): Promise<Measured> {
  const producer = open(task).producer({ idempotent: true, transactionalId: task.target, maxInFlightRequests: 1 });
  await producer.connect();
  const offsets = new Map<number, string>();
  let transaction: Transaction | undefined;
  let inTransaction = 0;
  return eachBatch(task, false, async ({ batch }, tally) => {
    transaction ??= await producer.transaction();
    const { messages, partition } = batch;
    for (let from = 0; from < messages.length; from += terms.recordsPerSend) {
      const part = messages.slice(from, from + terms.recordsPerSend);
      const copies = part.map(({ value, timestamp }) => ({ partition, value, timestamp }));
      await transaction.send({ topic: task.target, acks: -1, messages: copies });
    }
    for (const { value } of messages) tally.add(1, value!.length);
    offsets.set(partition, String(BigInt(batch.lastOffset()) + 1n));
    inTransaction += messages.length;
    if (inTransaction < terms.recordsPerTransaction && !tally.isComplete) return;
    const partitions = [...offsets].map(([of, offset]) => ({ partition: of, offset }));
    await transaction.sendOffsets({ consumerGroupId: task.target, topics: [{ topic: task.source, partitions }] });
    await transaction.commit();
    transaction = undefined;
    inTransaction = 0;
  });
}

await runTask({ consume, produce, copy });
