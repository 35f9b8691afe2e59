import { randomBytes } from 'node:crypto';
import { apis, batchHeader, compressions, encodeBatch, iterateBatches, type RecordInput } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { recordsIn } from '../../packages/broker/test/topic-client.ts';
import { Subject, until } from './subject.ts';
import { Topic } from './topic.ts';
import { Transactor, untilEnded } from './transactor.ts';

const subject = Subject.inThisFile();
const hourMs = 3_600_000;
/** The smallest that Apache Kafka 4 takes. */
const segmentBytes = String(1024 * 1024);

const text = (...values: string[]): RecordInput[] => values.map((value) => ({ timestampMs: Date.now(), value: Buffer.from(value) }));
/** So large that each has a segment of its own. */
const large = (key: string | null, timestampMs = Date.now()): Buffer =>
  encodeBatch([{ timestampMs, key: key === null ? null : Buffer.from(key), value: randomBytes(700_000) }]);

describe('fetching', () => {
  it('answers with whole batches, the first being the one that holds the offset', async () => {
    const topic = await Topic.make(subject);
    await topic.produce(encodeBatch(text('a', 'b', 'c')));
    await topic.produce(encodeBatch(text('d')));
    expect(await topic.values(1)).toEqual(['a', 'b', 'c', 'd']);
    expect(await topic.values(3)).toEqual(['d']);
    expect(await topic.fetch(4)).toMatchObject({ error: 'NONE', highWatermark: 4, lastStableOffset: 4, logStartOffset: 0 });
    expect(await topic.values(4)).toEqual([]);
  });

  it('beyond the end and before the start is out of range', async () => {
    const topic = await Topic.make(subject);
    await topic.produce(encodeBatch(text('a')));
    for (const offset of [2, 1000, -1]) expect(await topic.fetch(offset)).toMatchObject({ error: 'OFFSET_OUT_OF_RANGE' });
    await topic.deleteRecords(1);
    expect(await topic.fetch(0)).toMatchObject({ error: 'OFFSET_OUT_OF_RANGE' });
  });

  it('gives one batch even if it is larger than asked for, and otherwise no more than asked for', async () => {
    const topic = await Topic.make(subject);
    const batch = () => encodeBatch([{ timestampMs: Date.now(), value: Buffer.alloc(1000) }]);
    for (let i = 0; i < 4; i++) await topic.produce(batch());
    const size = batch().length;
    expect((await topic.fetch(0, { maxBytes: 10, partitionMaxBytes: 10 })).records.length).toBe(size);
    expect((await topic.fetch(0, { partitionMaxBytes: size * 2 })).records.length).toBe(size * 2);
    expect((await topic.fetch(0)).records.length).toBe(size * 4);
  });

  it('without records waits as long as asked for, and is woken by a record', async () => {
    const topic = await Topic.make(subject);
    const startedMs = performance.now();
    expect(await topic.fetch(0, { maxWaitMs: 100 })).toMatchObject({ error: 'NONE', highWatermark: 0 });
    expect(performance.now() - startedMs).toBeGreaterThan(95);
    const reader = await subject.connect();
    const fetching = reader.request(apis.fetch, 12, topic.fetchBody(0, { maxWaitMs: 15_000 }));
    await topic.produce(encodeBatch(text('a')));
    const { responses } = await fetching;
    expect(recordsIn(responses[0]!.partitions[0]!.records!).map(({ value }) => value)).toEqual(['a']);
  });

  it('waits for as many bytes as asked for, and then gives what there is', async () => {
    const topic = await Topic.make(subject);
    const batch = encodeBatch(text('a'));
    await topic.produce(batch);
    const startedMs = performance.now();
    const answer = await topic.fetch(0, { minBytes: batch.length + 1, maxWaitMs: 100 });
    expect(performance.now() - startedMs).toBeGreaterThan(95);
    expect(answer.records).toHaveLength(batch.length);
    const reader = await subject.connect();
    const fetching = reader.request(apis.fetch, 12, topic.fetchBody(0, { minBytes: batch.length + 1, maxWaitMs: 15_000 }));
    await topic.produce(batch);
    const { responses } = await fetching;
    expect(responses[0]!.partitions[0]!.records).toHaveLength(batch.length * 2);
  });

  it('of several partitions tells each, known or not', async () => {
    const topic = await Topic.make(subject, {}, 2);
    await topic.produce(encodeBatch(text('a')), { index: 1 });
    expect(await topic.fetch(0, { partition: 1 })).toMatchObject({ error: 'NONE', highWatermark: 1 });
    expect(await topic.fetch(0, { partition: 2 })).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION', highWatermark: -1 });
  });

  it.each(compressions.filter((name) => name !== 'none'))(
    'gives back batches in %s byte by byte, but for their offset',
    async (compression) => {
      const topic = await Topic.make(subject);
      await topic.produce(encodeBatch(text('before')));
      const batch = encodeBatch(text('a'.repeat(500), 'b'.repeat(500)), { compression });
      expect(await topic.produce(batch)).toMatchObject({ error: 'NONE', baseOffset: 1 });
      const { records } = await topic.fetch(1);
      expect(records.subarray(16)).toEqual(batch.subarray(16));
      expect(recordsIn(records).map(({ offset }) => offset)).toEqual([1, 2]);
    },
  );
});

describe('timestamps', () => {
  it('the first record at or after a time is found, the start, the end, and the newest', async () => {
    const topic = await Topic.make(subject);
    const nowMs = Date.now();
    const at = (...agoMs: number[]) => encodeBatch(agoMs.map((ago) => ({ timestampMs: nowMs - ago, value: Buffer.from(String(ago)) })));
    await topic.produce(at(3000, 1000));
    await topic.produce(at(2000, 500));
    expect(await topic.offsetOf(nowMs - 5000)).toMatchObject({ offset: 0, timestamp: nowMs - 3000 });
    expect(await topic.offsetOf(nowMs - 2500)).toMatchObject({ offset: 1, timestamp: nowMs - 1000 });
    expect(await topic.offsetOf(nowMs - 500)).toMatchObject({ offset: 3, timestamp: nowMs - 500 });
    expect(await topic.offsetOf(nowMs)).toEqual({ error: 'NONE', offset: -1, timestamp: -1, leaderEpoch: -1 });
    expect(await topic.offsetOf(-1)).toEqual({ error: 'NONE', offset: 4, timestamp: -1, leaderEpoch: 0 });
    expect(await topic.offsetOf(-2)).toEqual({ error: 'NONE', offset: 0, timestamp: -1, leaderEpoch: 0 });
    expect(await topic.offsetOf(-3)).toEqual({ error: 'NONE', offset: 3, timestamp: nowMs - 500, leaderEpoch: 0 });
  });

  it('in an empty log there is no newest record and nothing at any time', async () => {
    const topic = await Topic.make(subject);
    expect(await topic.offsetOf(-3)).toMatchObject({ error: 'NONE', offset: -1, timestamp: -1 });
    expect(await topic.offsetOf(0)).toMatchObject({ error: 'NONE', offset: -1, timestamp: -1 });
    expect(await topic.offsetOf(-1)).toMatchObject({ offset: 0 });
  });

  it('with LogAppendTime the broker stamps all records of a batch with its own time, and tells it', async () => {
    const topic = await Topic.make(subject, { 'message.timestamp.type': 'LogAppendTime' });
    const beforeMs = Date.now() - 5;
    const produced = await topic.produce(encodeBatch([{ timestampMs: 1 }, { timestampMs: 2 }]));
    expect(produced.error).toBe('NONE');
    expect(produced.logAppendTimeMs).toBeGreaterThanOrEqual(beforeMs);
    const { records } = await topic.fetch(0);
    expect(batchHeader.isLogAppendTime(records, 0)).toBe(true);
    expect(batchHeader.maxTimestamp(records, 0)).toBe(produced.logAppendTimeMs);
    expect(await topic.offsetOf(produced.logAppendTimeMs)).toMatchObject({ offset: 0, timestamp: produced.logAppendTimeMs });
  });

  it('with CreateTime the producer’s are kept, and no time of the broker is told', async () => {
    const topic = await Topic.make(subject);
    const timestampMs = Date.now() - hourMs;
    expect(await topic.produce(encodeBatch([{ timestampMs }]))).toMatchObject({ error: 'NONE', logAppendTimeMs: -1 });
    expect(batchHeader.maxTimestamp((await topic.fetch(0)).records, 0)).toBe(timestampMs);
  });

  it('too old or too far ahead is refused where the topic bounds it', async () => {
    const topic = await Topic.make(subject, {
      'message.timestamp.before.max.ms': String(hourMs),
      'message.timestamp.after.max.ms': String(hourMs),
    });
    const send = async (timestampMs: number) => (await topic.produce(encodeBatch([{ timestampMs }]))).error;
    expect(await send(Date.now() - 2 * hourMs)).toBe('INVALID_TIMESTAMP');
    expect(await send(Date.now() + 2 * hourMs)).toBe('INVALID_TIMESTAMP');
    expect(await send(Date.now())).toBe('NONE');
  });
});

describe('deleting records', () => {
  it('moves the start, for fetches and for offsets, and not back', async () => {
    const topic = await Topic.make(subject);
    await topic.produce(encodeBatch(text('a', 'b', 'c')));
    expect(await topic.deleteRecords(2)).toEqual({ error: 'NONE', lowWatermark: 2 });
    expect(await topic.deleteRecords(1)).toEqual({ error: 'NONE', lowWatermark: 2 });
    expect(await topic.offsetOf(-2)).toMatchObject({ offset: 2 });
    expect(await topic.fetch(2)).toMatchObject({ error: 'NONE', logStartOffset: 2, highWatermark: 3 });
    expect(await topic.deleteRecords(-1)).toEqual({ error: 'NONE', lowWatermark: 3 });
    expect(await topic.produce(encodeBatch(text('d')))).toMatchObject({ baseOffset: 3, logStartOffset: 3 });
  });

  it('beyond the end, before the start of all, in unknown partitions and of compacted topics is refused', async () => {
    const topic = await Topic.make(subject);
    await topic.produce(encodeBatch(text('a')));
    expect(await topic.deleteRecords(2)).toEqual({ error: 'OFFSET_OUT_OF_RANGE', lowWatermark: -1 });
    expect(await topic.deleteRecords(-5)).toEqual({ error: 'OFFSET_OUT_OF_RANGE', lowWatermark: -1 });
    expect(await new Topic(subject, `${topic.name}-none`).deleteRecords(0)).toEqual({
      error: 'UNKNOWN_TOPIC_OR_PARTITION',
      lowWatermark: -1,
    });
    const compacted = await Topic.make(subject, { 'cleanup.policy': 'compact' });
    expect(await compacted.deleteRecords(0)).toEqual({ error: 'POLICY_VIOLATION', lowWatermark: -1 });
  });
});

describe('what is not kept', () => {
  it.concurrent('segments that are older than retention.ms go, but not the one that is written to', async () => {
    const topic = await Topic.make(subject, { 'retention.ms': String(hourMs), 'segment.bytes': segmentBytes });
    for (const agoMs of [5 * hourMs, 4 * hourMs, 0]) await topic.produce(large(null, Date.now() - agoMs));
    await until(
      () => topic.offsetOf(-2),
      ({ offset }) => offset === 2,
    );
    expect(await topic.offsetOf(-1)).toMatchObject({ offset: 3 });
  });

  it.concurrent('segments beyond retention.bytes go, the oldest first', async () => {
    const topic = await Topic.make(subject, { 'retention.bytes': '1500000', 'segment.bytes': segmentBytes });
    for (let i = 0; i < 4; i++) await topic.produce(large(null));
    await until(
      () => topic.offsetOf(-2),
      ({ offset }) => offset === 1,
    );
    expect((await topic.fetch(1, { maxBytes: 1 << 22, partitionMaxBytes: 1 << 22 })).error).toBe('NONE');
  });

  it.concurrent('with compaction the last record of each key stays, at its offset', async () => {
    const topic = await Topic.make(subject, {
      'cleanup.policy': 'compact',
      'segment.bytes': segmentBytes,
      'min.cleanable.dirty.ratio': '0.01',
    });
    for (const key of ['a', 'b', 'a', 'c', 'a']) await topic.produce(large(key));
    const kept = await until(
      () => keysOf(topic),
      (keys) => keys.length === 4,
    );
    // The segment that is written to is not compacted, nor what only it replaces.
    expect(kept).toEqual([
      [1, 'b'],
      [2, 'a'],
      [3, 'c'],
      [4, 'a'],
    ]);
    expect(await topic.offsetOf(-2)).toMatchObject({ offset: 0 });
  });

  it.concurrent('compaction keeps what a transaction committed, takes what it aborted, and stops at an open one', async () => {
    const topic = await Topic.make(subject, {
      'cleanup.policy': 'compact',
      'segment.bytes': segmentBytes,
      'min.cleanable.dirty.ratio': '0.01',
      'delete.retention.ms': '0',
    });
    const producer = await Transactor.open(subject);
    await keyedTransaction(producer, topic, 'a', 0, 'commit');
    await keyedTransaction(producer, topic, 'b', 1, 'abort');
    for (const key of ['c', 'c', 'd']) await topic.produce(large(key));
    const kept = await until(
      () => keysOf(topic),
      (keys) => keys.length === 3,
    );
    expect(kept.map(([, key]) => key)).toEqual(['a', 'c', 'd']);
  });

  it('a compacted topic takes no record without a key', async () => {
    const topic = await Topic.make(subject, { 'cleanup.policy': 'compact' });
    const mixed = encodeBatch([{ timestampMs: Date.now(), key: Buffer.from('k') }, { timestampMs: Date.now() }]);
    expect((await topic.produce(mixed)).error).toBe('INVALID_RECORD');
    expect(await topic.offsetOf(-1)).toMatchObject({ offset: 0 });
  });
});

/** Offsets and keys of all that is left, through all segments. */
async function keysOf(topic: Topic): Promise<[number, string | null][]> {
  const found: [number, string | null][] = [];
  const { offset: end } = await topic.offsetOf(-1);
  for (let next = 0; next < end; ) {
    const { records } = await topic.fetch(next);
    const batches = [...iterateBatches(records)];
    if (batches.length === 0) break;
    found.push(...recordsIn(records).map(({ offset, key }): [number, string | null] => [offset, key]));
    next = batchHeader.lastOffset(records, batches.at(-1)!) + 1;
  }
  return found;
}

async function keyedTransaction(producer: Transactor, topic: Topic, key: string, baseSequence: number, outcome: 'commit' | 'abort') {
  await producer.add(topic);
  const record = { timestampMs: Date.now(), key: Buffer.from(key), value: randomBytes(700_000) };
  const { producerId, producerEpoch, transactionalId } = producer;
  const batch = encodeBatch([record], { producerId, producerEpoch, baseSequence, transactional: true });
  expect(await topic.produce(batch, { transactionalId })).toMatchObject({ error: 'NONE' });
  expect(await producer.end(outcome)).toBe('NONE');
  await untilEnded(subject, transactionalId);
}
