import type { AggregateNode } from '@millrace/planner';
import { describe, expect, it } from 'vitest';
import type { FakeKafka } from '../fake-kafka.ts';
import { aggregate, column, fields, newKafka, planOf, Run, record, type ScanOptions, scan, string, time, windowOf } from '../harness.ts';

const counted = (watermark: ScanOptions['watermark'] = {}): AggregateNode => ({
  node: 'aggregate',
  schema: [
    { name: 'window_start', type: time },
    { name: 'window_end', type: time },
    { name: 'k', type: string },
    { name: 'count', type: { kind: 'uint64' } },
  ],
  input: scan({ watermark: watermark! }),
  window: windowOf('tumble', 10, 10),
  keys: [column(0, string)],
  aggregates: [aggregate('count')],
  emit: { when: 'watermark', timeoutMs: null },
});

async function start(kafka: FakeKafka, watermark?: ScanOptions['watermark']) {
  const run = new Run(planOf(counted(watermark)), kafka);
  await run.settle();
  const append = async (partition: number, ...times: number[]) => {
    kafka.append(
      's',
      partition,
      times.map((t) => record(`p${partition}`, 1, t)),
    );
    await run.settle();
  };
  return { run, append };
}

const ends = (run: Run) => run.sink.take().map((row) => [row[1], row[2], row[3]]);

describe('the watermark over partitions', () => {
  it('is the smallest of them, until one is idle', async () => {
    const kafka = newKafka(2);
    await kafka.append('s', 1, [record('p1', 1, 2)]);
    const { run, append } = await start(kafka);
    await append(0, 5, 35);
    expect(ends(run)).toEqual([]);
    await run.advance(4000);
    await append(0, 36);
    await run.advance(1000);
    expect(ends(run)).toEqual([
      [10, 'p1', 1n],
      [10, 'p0', 1n],
    ]);
    await run.cancel();
  });

  it('does not wait for a partition that is empty at the start', async () => {
    const { run, append } = await start(newKafka(2));
    await append(0, 5);
    await append(0, 15);
    expect(ends(run)).toEqual([[10, 'p0', 1n]]);
    await run.cancel();
  });

  it('waits for it with an idle time-out of 0', async () => {
    const { run, append } = await start(newKafka(2), { idleTimeoutMs: 0 });
    await append(0, 5, 15);
    await run.advance(3_600_000);
    expect(ends(run)).toEqual([]);
    await append(1, 12);
    expect(ends(run)).toEqual([[10, 'p0', 1n]]);
    await run.cancel();
  });

  it('rises to the largest when partitions fall idle at one tick, the first deadline first', async () => {
    const kafka = newKafka(2);
    kafka.append('s', 0, [record('p0', 1, 5)]);
    kafka.append('s', 1, [record('p1', 1, 25)]);
    const { run } = await start(kafka);
    await run.advance(10_000);
    expect(ends(run)).toEqual([[10, 'p0', 1n]]);
    await run.cancel();
  });

  it('stands while all are idle, and a partition that comes back may find its windows closed', async () => {
    const { run, append } = await start(newKafka(2));
    await append(1, 3);
    await append(0, 25);
    await run.advance(5000);
    ends(run);
    await append(1, 4, 26);
    expect(run.task.statistics().rowsLate).toBe(1);
    expect(run.task.statistics().partitions.map(({ isIdle }) => isIdle)).toEqual([true, false]);
    await run.cancel();
  });

  it('is moved by rows that a filter drops', async () => {
    const kafka = newKafka();
    const node = counted();
    const predicate = { kind: 'constant', type: { kind: 'bool' }, value: false } as const;
    const run = new Run(planOf({ ...node, input: { node: 'filter', schema: fields, input: node.input, predicate } }), kafka);
    await run.settle();
    kafka.append('s', 0, [record('a', 1, 50)]);
    await run.settle();
    expect(run.task.statistics().partitions[0]).toMatchObject({ eventTimeMs: 50, watermarkMs: 50 });
    await run.cancel();
  });

  it('is not moved by rows further ahead of the clock than max_future_skew', async () => {
    const kafka = newKafka();
    const { run, append } = await start(kafka, { maxFutureSkewMs: 1000 });
    const now = run.clock.now();
    await append(0, now, now + 1_000_000);
    expect(run.task.statistics().partitions[0]).toMatchObject({ eventTimeMs: now });
    await run.cancel();
  });

  it('reports the record that moves it by more than a day', async () => {
    const { run, append } = await start(newKafka());
    await append(0, 5);
    await append(0, 6, 200_000_000);
    expect(run.warnings).toEqual([
      [expect.objectContaining({ topic: 's', partition: 0, offset: 2 }), expect.stringContaining('more than a day')],
    ]);
    await run.cancel();
  });

  it('does not let partitions fall idle while the sink has no room', async () => {
    const kafka = newKafka(2);
    kafka.append('s', 1, [record('p1', 1, 1)]);
    const { run, append } = await start(kafka);
    const room = Promise.withResolvers<void>();
    run.sink.room = room.promise;
    await append(0, 5, 25);
    await run.advance(60_000);
    run.sink.room = undefined;
    room.resolve();
    await append(1, 7);
    await append(0, 26);
    await run.advance(4999);
    expect(ends(run)).toEqual([]);
    expect(run.task.statistics().rowsLate).toBe(0);
    await run.cancel();
  });

  it('passes over records without event time and counts them', async () => {
    const kafka = newKafka();
    const { run } = await start(kafka);
    kafka.append('s', 0, [{ value: '{"k":"a","v":1}' }, record('a', 1, 5), { value: '{"k":"a","v":1,"t":null}' }]);
    await run.settle();
    expect(run.task.statistics()).toMatchObject({ rowsIn: 3, rowsUndecodable: 2 });
    expect(run.task.statistics().samples.undecodable.map(({ offset, reason }) => [offset, reason])).toEqual([
      [0, 'the record has no event time'],
      [2, 'the record has no event time'],
    ]);
    await run.cancel();
  });
});

describe('a scan', () => {
  it('takes up a new partition within a second', async () => {
    const kafka = newKafka(1);
    const { run, append } = await start(kafka);
    kafka.addPartition('s');
    await append(1, 5);
    await run.advance(400);
    await append(1, 15);
    expect(ends(run)).toEqual([[10, 'p1', 1n]]);
    await run.cancel();
  });

  it('ends with PLAN_STREAM_UNKNOWN within a second when its topic is deleted', async () => {
    const kafka = newKafka();
    const { run } = await start(kafka);
    kafka.deleteTopic('s');
    for (let i = 0; i < 10; i++) await run.advance(100);
    await run.done;
    expect(run.error).toMatchObject({ code: 'PLAN_STREAM_UNKNOWN', message: expect.stringContaining('was deleted') });
  });

  it('ends when its topic was deleted and made anew', async () => {
    const kafka = newKafka();
    const { run } = await start(kafka);
    kafka.deleteTopic('s');
    kafka.createTopic('s');
    await run.advance(400);
    await run.done;
    expect(run.error).toMatchObject({ code: 'PLAN_STREAM_UNKNOWN', message: expect.stringContaining('made anew') });
  });

  it('fails with PLAN_STREAM_UNKNOWN when there is no such topic', async () => {
    const kafka = newKafka();
    kafka.deleteTopic('s');
    const { run } = await start(kafka);
    expect(run.error).toMatchObject({ code: 'PLAN_STREAM_UNKNOWN' });
  });

  it('waits for brokers that are away, says so once, and lets nobody fall idle meanwhile', async () => {
    const kafka = newKafka(2);
    kafka.append('s', 1, [record('p1', 1, 1)]);
    const { run, append } = await start(kafka);
    await append(0, 5, 25);
    kafka.isAway = true;
    for (let i = 0; i < 40; i++) await run.advance(400);
    expect(run.task.statistics().state).toBe('waiting');
    expect(run.warnings).toHaveLength(1);
    kafka.isAway = false;
    await run.advance(400);
    await append(1, 7);
    expect(run.task.statistics()).toMatchObject({ state: 'running', rowsLate: 0 });
    await run.cancel();
  });

  it('starts at given offsets, moved to the nearer end where the log does not hold them', async () => {
    const kafka = newKafka(2);
    kafka.append('s', 0, [record('a', 1, 0), record('b', 1, 0), record('c', 1, 0)]);
    kafka.append('s', 1, [record('d', 1, 0)]);
    const run = new Run(planOf(scan({ start: { at: 'offsets', offsets: [1, 99] } })), kafka);
    await run.settle();
    kafka.append('s', 1, [record('e', 1, 0)]);
    await run.settle();
    expect(run.sink.rows.map((row) => row[0])).toEqual(['b', 'c', 'e']);
    await run.cancel();
  });

  it('says where a batch is whose records are damaged', async () => {
    const kafka = newKafka();
    kafka.append('s', 0, [record('a', 1, 0)]);
    kafka.append('s', 0, [record('b', 1, 0), record('c', 1, 0)]);
    // The count of headers of the last record.
    kafka.damage('s', 0, 1);
    const run = new Run(planOf(scan()), kafka);
    await run.done;
    expect(run.error).toMatchObject({ code: 'KAFKA_PROTOCOL_INVALID', details: { topic: 's', partition: 0, offset: 1 } });
  });

  it('shows itself as a consumer group that is deleted at its end', async () => {
    const kafka = newKafka();
    kafka.append('s', 0, [record('a', 1, 0)]);
    const run = new Run(planOf(scan()), kafka);
    await run.settle();
    await run.advance(1000);
    expect(kafka.committed.at(-1)).toEqual({ topic: 's', partition: 0, offset: 1 });
    await run.cancel();
    await run.task.released;
    expect(kafka.deletedGroups).toEqual(['millrace.query.q']);
  });
});
