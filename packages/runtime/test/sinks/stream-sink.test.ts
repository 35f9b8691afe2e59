import { FakeClock, SeededRandom } from '@millrace/core';
import { type Chunk, columnOf } from '@millrace/data';
import { createRecordEncoder } from '@millrace/formats';
import type { Producer } from '@millrace/kafka-client';
import { partitionForKey } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { StreamSink, type StreamTarget } from '../../src/sinks/stream-sink.ts';
import { column, fields, int32, string, time } from '../harness.ts';

class RecordingProducer {
  readonly records: { readonly partition: number; readonly timestampMs: number; readonly key: string | null; readonly value: string }[] =
    [];
  flushes = 0;
  room: Promise<void> | undefined;

  appendSpans(...[, partition, timestampMs, keys, keyStart, keyEnd, values, start, end]: Parameters<Producer['appendSpans']>) {
    const text = (bytes: Uint8Array, from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString();
    this.records.push({ partition, timestampMs, key: keyStart < 0 ? null : text(keys, keyStart, keyEnd), value: text(values, start, end) });
    return this.room;
  }

  async flush() {
    this.flushes++;
  }

  async close() {}
}

const rows = [
  ['a', -1, 10],
  ['b', 5, 20],
] as const;
const chunk: Chunk = {
  rowCount: 2,
  columns: fields.map(({ type }, i) =>
    columnOf(
      type,
      rows.map((row) => row[i]!),
    ),
  ),
};

async function sinkTo(target: Partial<StreamTarget>) {
  const clock = new FakeClock(5000);
  const producer = new RecordingProducer();
  const encoder = createRecordEncoder('JSONEachRow', [fields[0]!, fields[1]!], {
    timezone: 'UTC',
    quote64BitIntegers: true,
    quoteDenormals: false,
  });
  const sink = new StreamSink(
    { topic: 'out', valueColumns: [0, 1], time: null, key: null, sharding: null, ...target },
    encoder,
    producer as unknown as Producer,
    async () => 3,
    { clock, random: new SeededRandom(1), timezone: 'UTC' },
  );
  await sink.start();
  return { sink, producer, clock };
}

describe('a stream sink', () => {
  it('writes rows as records stamped with their event time', async () => {
    const { sink, producer } = await sinkTo({ time: column(2, time) });
    sink.chunk(chunk);
    expect(producer.records).toEqual([
      { partition: 0, timestampMs: 10, key: null, value: '{"k":"a","v":-1}' },
      { partition: 0, timestampMs: 20, key: null, value: '{"k":"b","v":5}' },
    ]);
    expect(sink.rowsOut).toBe(2);
  });

  it('takes partitions in turn, chunk by chunk, and the time of writing, where nothing says otherwise', async () => {
    const { sink, producer } = await sinkTo({});
    for (let i = 0; i < 4; i++) sink.chunk(chunk);
    expect(producer.records.map(({ partition }) => partition)).toEqual([0, 0, 1, 1, 2, 2, 0, 0]);
    expect(producer.records[0]!.timestampMs).toBe(5000);
  });

  it('goes by the key as Kafka does', async () => {
    const { sink, producer } = await sinkTo({ key: column(0, string) });
    sink.chunk(chunk);
    expect(producer.records.map(({ key, partition }) => [key, partition])).toEqual(
      ['a', 'b'].map((key) => [key, partitionForKey(Buffer.from(key), 3)]),
    );
  });

  it('goes by the remainder of the sharding expression, which is never negative', async () => {
    const { sink, producer } = await sinkTo({ sharding: column(1, int32), key: column(0, string) });
    sink.chunk(chunk);
    expect(producer.records.map(({ partition }) => partition)).toEqual([2, 2]);
  });

  it('waits where the producer asks for it, and looks for failures every second', async () => {
    const { sink, producer, clock } = await sinkTo({});
    producer.room = Promise.resolve();
    sink.chunk(chunk);
    expect(sink.ready()).toBe(producer.room);
    expect(sink.ready()).toBeUndefined();
    clock.advance(1000);
    await sink.ready();
    expect(producer.flushes).toBe(1);
  });
});
