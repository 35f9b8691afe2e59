/** Millrace's own data plane: reads every record's span, writes idempotently with acks=all. */
import { type FetchedPartition, KafkaClient, openProducer, openReader, openTransactionalProducer } from '@millrace/kafka-client';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { deviceBytes } from './devices.ts';
import type { Measured } from './measure.ts';
import { partitionOf, runTask, Tally, type Task, terms } from './task.ts';

const spans = new RecordSpans();

function open({ brokers }: Task): KafkaClient {
  return new KafkaClient({ brokers, clientId: 'bench-millrace' });
}

function allPartitions(topic: string) {
  return Array.from({ length: terms.partitions }, (_, partition) => ({ topic, partition, offset: 0 }));
}

/** Calls back with each batch's records in {@link spans}. */
function eachBatch({ bytes, batches, fromOffset }: FetchedPartition, take: () => void): void {
  for (let index = 0; index < batches.length; index += 2) {
    spans.clear();
    decodeRecords(bytes, batches[index]!, batches[index + 1]!, spans, { fromOffset });
    take();
  }
}

function valueBytes({ count, valueStarts, valueEnds }: RecordSpans): number {
  let bytes = 0;
  for (let row = 0; row < count; row++) bytes += valueEnds[row]! - valueStarts[row]!;
  return bytes;
}

async function consume(task: Task): Promise<Measured> {
  const reader = openReader(open(task));
  const tally = new Tally(task.records);
  reader.assign(allPartitions(task.source));
  while (!tally.isComplete) {
    for (const fetched of await reader.next()) {
      eachBatch(fetched, () => tally.add(spans.count, valueBytes(spans)));
      reader.release(fetched);
    }
  }
  return tally.finish();
}

async function produce(task: Task): Promise<Measured> {
  const { bytes, ends } = deviceBytes(task.records);
  const producer = openProducer(open(task), { lingerMs: 5, batchSizeBytes: terms.batchBytes });
  const tally = new Tally(task.records);
  const nowMs = Date.now();
  let start = 0;
  for (let row = 0; row < ends.length; row++) {
    const end = ends[row]!;
    const room = producer.appendSpans(task.target, partitionOf(row), nowMs, bytes, -1, -1, bytes, start, end);
    if (room !== undefined) await room;
    tally.add(1, end - start);
    start = end;
  }
  await producer.flush();
  return tally.finish();
}

async function copy(task: Task): Promise<Measured> {
  const client = open(task);
  const reader = openReader(client, { isolation: 'read_committed' });
  const producer = await openTransactionalProducer(client, { transactionalId: task.target, lingerMs: 5, batchSizeBytes: terms.batchBytes });
  const tally = new Tally(task.records);
  const offsets = allPartitions(task.source);
  let inTransaction = 0;
  reader.assign(offsets);
  while (!tally.isComplete) {
    for (const fetched of await reader.next()) {
      if (!producer.inTransaction) producer.begin();
      const before = tally.records;
      let room: Promise<void> | null = null;
      eachBatch(fetched, () => {
        const { bytes, count, timestamps, valueStarts, valueEnds } = spans;
        for (let row = 0; row < count; row++) {
          const [start, end] = [valueStarts[row]!, valueEnds[row]!];
          room = producer.appendSpans(task.target, fetched.partition, timestamps[row]!, bytes, -1, -1, bytes, start, end) ?? null;
        }
        tally.add(count, valueBytes(spans));
      });
      await room;
      offsets[fetched.partition] = { ...offsets[fetched.partition]!, offset: fetched.nextOffset };
      reader.release(fetched);
      inTransaction += tally.records - before;
    }
    if (inTransaction < terms.recordsPerTransaction && !tally.isComplete) continue;
    await producer.sendOffsets(task.target, offsets);
    await producer.commit();
    inTransaction = 0;
  }
  return tally.finish();
}

await runTask({ consume, produce, copy });
