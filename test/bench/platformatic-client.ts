/** @platformatic/kafka, tuned: a stream with large fetches, sends of many records. */
import { Consumer, type Message, MessagesStreamModes, Producer } from '@platformatic/kafka';
import { deviceBytes } from './devices.ts';
import type { Measured } from './measure.ts';
import { partitionOf, runTask, Tally, type Task, terms } from './task.ts';

async function stream(task: Task, isolationLevel: 0 | 1) {
  const consumer = new Consumer({ groupId: task.target, clientId: 'bench-platformatic', bootstrapBrokers: task.brokers });
  return {
    consumer,
    messages: await consumer.consume({
      topics: [task.source],
      mode: MessagesStreamModes.EARLIEST,
      autocommit: false,
      maxBytes: terms.maxFetchBytes,
      maxBytesPerPartition: terms.maxPartitionBytes,
      maxWaitTime: 100,
      highWaterMark: terms.recordsPerTransaction,
      isolationLevel,
    }),
  };
}

async function consume(task: Task): Promise<Measured> {
  const { messages } = await stream(task, 0);
  const tally = new Tally(task.records);
  // Events cost less than its async iterator.
  await new Promise<void>((done, failed) => {
    messages.on('error', failed);
    messages.on('data', ({ value }: Message) => {
      tally.add(1, value.length);
      if (tally.isComplete) done();
    });
  });
  return tally.finish();
}

async function produce(task: Task): Promise<Measured> {
  const { bytes, ends } = deviceBytes(task.records);
  const producer = new Producer({ clientId: 'bench-platformatic', bootstrapBrokers: task.brokers, idempotent: true });
  const tally = new Tally(task.records);
  for (let row = 0; row < ends.length; ) {
    const messages = [];
    for (const end = Math.min(ends.length, row + terms.recordsPerSend); row < end; row++) {
      const value = bytes.subarray(row === 0 ? 0 : ends[row - 1], ends[row]);
      messages.push({ topic: task.target, partition: partitionOf(row), value });
      tally.add(1, value.length);
    }
    await producer.send({ messages });
  }
  return tally.finish();
}

async function copy(task: Task): Promise<Measured> {
  const { consumer, messages } = await stream(task, 1);
  const identity = { idempotent: true, transactionalId: task.target };
  const producer = new Producer({ clientId: 'bench-platformatic', bootstrapBrokers: task.brokers, ...identity });
  const tally = new Tally(task.records);
  let held: Message[] = [];
  for await (const message of messages) {
    held.push(message);
    tally.add(1, message.value.length);
    if (held.length < terms.recordsPerTransaction && !tally.isComplete) continue;
    const transaction = await producer.beginTransaction();
    await transaction.addConsumer(consumer);
    await sendAll(transaction, task.target, held);
    const last = new Map(held.map((one) => [one.partition, one]));
    // One after the other: calls that overlap are taken for one.
    for (const one of last.values()) await transaction.addOffset(one);
    await transaction.commit();
    held = [];
    if (tally.isComplete) break;
  }
  return tally.finish();
}

async function sendAll(
  transaction: Awaited<ReturnType<Producer['beginTransaction']>>,
  topic: string,
  held: readonly Message[],
): Promise<void> {
  for (let from = 0; from < held.length; from += terms.recordsPerSend) {
    const part = held.slice(from, from + terms.recordsPerSend);
    await transaction.send({ messages: part.map(({ partition, value, timestamp }) => ({ topic, partition, value, timestamp })) });
  }
}

await runTask({ consume, produce, copy });
