import type { AggregateNode, EmitPlan, PlanNode, WindowPlan } from '@millrace/planner';
import { describe, expect, it } from 'vitest';
import {
  aggregate,
  column,
  int32,
  int64,
  newKafka,
  planOf,
  Run,
  record,
  type ScanOptions,
  scan,
  string,
  time,
  windowOf,
} from '../harness.ts';

const count = { name: 'count', type: { kind: 'uint64' } as const };
const sum = { name: 'sum', type: int64 };
const aggregates = [aggregate('count'), aggregate('sum', column(1, int32))];

const grouped = (emit: EmitPlan, options: ScanOptions = {}, keys = 1): AggregateNode => ({
  node: 'aggregate',
  schema: [...(keys === 1 ? [{ name: 'k', type: string }] : []), count, sum],
  input: scan(options),
  window: null,
  keys: keys === 1 ? [column(0, string)] : [],
  aggregates,
  emit,
});

const windowed = (
  emit: EmitPlan,
  window: WindowPlan = windowOf('tumble', 10, 10),
  options: ScanOptions = { watermark: {} },
): AggregateNode => ({
  node: 'aggregate',
  schema: [{ name: 'window_start', type: time }, { name: 'window_end', type: time }, { name: 'k', type: string }, count, sum],
  input: scan(options),
  window,
  keys: [column(0, string)],
  aggregates,
  emit,
});

async function start(root: PlanNode, kafka = newKafka()) {
  const run = new Run(planOf(root), kafka);
  await run.settle();
  const append = async (...rows: readonly (readonly [k: string, v: number, t: number])[]) => {
    kafka.append(
      's',
      0,
      rows.map(([k, v, t]) => record(k, v, t)),
    );
    await run.settle();
  };
  return { run, kafka, append };
}

describe('EMIT PERIODIC of a global aggregation', () => {
  const periodic = (repeat: boolean): EmitPlan => ({ when: 'periodic', intervalMs: 2000, repeat });

  it('gives a snapshot every so often, if something changed', async () => {
    const { run, append } = await start(grouped(periodic(false), {}, 0));
    await run.advance(2000);
    expect(run.sink.take()).toEqual([]);
    await append(['a', 1, 0], ['b', 2, 0]);
    expect(run.sink.take()).toEqual([]);
    await run.advance(2000);
    expect(run.sink.take()).toEqual([[2n, 3n]]);
    await run.advance(4000);
    expect(run.sink.take()).toEqual([]);
    await append(['a', 4, 0]);
    await run.advance(2000);
    expect(run.sink.take()).toEqual([[3n, 7n]]);
    await run.cancel();
  });

  it('with REPEAT also gives it if nothing changed, but nothing before the first row', async () => {
    const { run, append } = await start(grouped(periodic(true), {}, 0));
    await run.advance(2000);
    expect(run.sink.take()).toEqual([]);
    await append(['a', 1, 0]);
    await run.advance(2000);
    await run.advance(2000);
    expect(run.sink.take()).toEqual([
      [1n, 1n],
      [1n, 1n],
    ]);
    await run.cancel();
  });

  it('is silent in the history, then shows it once', async () => {
    const kafka = newKafka();
    kafka.append('s', 0, [record('a', 1, 0), record('a', 2, 0)]);
    kafka.append('s', 0, [record('b', 4, 0)]);
    const { run } = await start(grouped(periodic(false)), kafka);
    expect(run.sink.chunks).toEqual([
      [
        ['a', 2n, 3n],
        ['b', 1n, 4n],
      ],
    ]);
    await run.cancel();
  });
});

describe('EMIT ON UPDATE', () => {
  it('gives each changed group once for each record batch', async () => {
    const { run, append } = await start(grouped({ when: 'update', batchMs: null }, { batchPerChunk: true }));
    await append(['a', 1, 0], ['b', 1, 0], ['a', 2, 0]);
    await append(['b', 1, 0]);
    expect(run.sink.chunks).toEqual([
      [
        ['a', 2n, 3n],
        ['b', 1n, 1n],
      ],
      [['b', 2n, 2n]],
    ]);
    await run.cancel();
  });

  it('WITH BATCH gives them at most that often', async () => {
    const { run, append } = await start(grouped({ when: 'update', batchMs: 1000 }, { batchPerChunk: true }));
    await append(['a', 1, 0]);
    await append(['a', 1, 0], ['b', 1, 0]);
    expect(run.sink.take()).toEqual([]);
    await run.advance(1000);
    expect(run.sink.take()).toEqual([
      ['a', 2n, 2n],
      ['b', 1n, 1n],
    ]);
    await run.advance(5000);
    expect(run.sink.take()).toEqual([]);
    await run.cancel();
  });

  it('of a window gives nothing more when it closes unchanged', async () => {
    const { run, append } = await start(windowed({ when: 'update', batchMs: null }, undefined, { watermark: {}, batchPerChunk: true }));
    await append(['a', 1, 3]);
    await append(['a', 1, 12]);
    expect(run.sink.rows).toEqual([
      [0, 10, 'a', 1n, 1n],
      [10, 20, 'a', 1n, 1n],
    ]);
    await run.cancel();
  });

  it('of a window gives each that closes in the history once, and what is open at its end', async () => {
    const kafka = newKafka();
    for (const t of [1, 2, 11, 12, 21]) kafka.append('s', 0, [record('a', 1, t)]);
    const { run } = await start(windowed({ when: 'update', batchMs: null }, undefined, { watermark: {}, batchPerChunk: true }), kafka);
    expect(run.sink.rows.map((row) => [row[1], row[3]])).toEqual([
      [10, 2n],
      [20, 2n],
      [30, 1n],
    ]);
    await run.cancel();
  });
});

describe('EMIT PER EVENT', () => {
  it('gives the state of its group after each row', async () => {
    const { run, append } = await start(grouped({ when: 'event' }));
    await append(['a', 1, 0], ['b', 5, 0], ['a', 2, 0]);
    expect(run.sink.rows).toEqual([
      ['a', 1n, 1n],
      ['b', 1n, 5n],
      ['a', 2n, 3n],
    ]);
    await run.cancel();
  });
});

describe('EMIT PERIODIC of windows', () => {
  it('gives those that changed, and those that closed since with their last state', async () => {
    const { run, append } = await start(windowed({ when: 'periodic', intervalMs: 1000, repeat: false }));
    await append(['a', 1, 3]);
    await run.advance(1000);
    expect(run.sink.take()).toEqual([[0, 10, 'a', 1n, 1n]]);
    await append(['a', 1, 4], ['a', 1, 12]);
    await run.advance(1000);
    expect(run.sink.take()).toEqual([
      [0, 10, 'a', 2n, 2n],
      [10, 20, 'a', 1n, 1n],
    ]);
    await run.advance(1000);
    expect(run.sink.take()).toEqual([]);
    await run.cancel();
  });
});

describe('EMIT AFTER WATERMARK', () => {
  it('gives one chunk for each window, its groups in the order of their first rows', async () => {
    const { run, append } = await start(windowed({ when: 'watermark', timeoutMs: null }));
    await append(['b', 1, 3], ['a', 1, 1], ['b', 1, 2], ['a', 1, 13]);
    await append(['x', 1, 25]);
    expect(run.sink.chunks).toEqual([
      [
        [0, 10, 'b', 2n, 2n],
        [0, 10, 'a', 1n, 1n],
      ],
      [[10, 20, 'a', 1n, 1n]],
    ]);
    await run.cancel();
  });

  it('gives the groups of merged panes in the order of their first rows as well', async () => {
    const { run, append } = await start(
      windowed({ when: 'watermark', timeoutMs: null }, windowOf('hop', 5, 10), { watermark: { delayMs: 10 } }),
    );
    await append(['late', 1, 7], ['early', 1, 2]);
    await append(['x', 1, 20]);
    expect(run.sink.chunks.map((chunk) => chunk.map((row) => [row[1], row[2]]))).toEqual([
      [[5, 'early']],
      [
        [10, 'late'],
        [10, 'early'],
      ],
    ]);
    await run.cancel();
  });

  it('AND TIMEOUT closes what is open when no row comes; a row that comes later is late', async () => {
    const { run, append } = await start(windowed({ when: 'watermark', timeoutMs: 3000 }));
    await append(['a', 1, 3]);
    await run.advance(2999);
    expect(run.sink.take()).toEqual([]);
    await run.advance(1);
    expect(run.sink.take()).toEqual([[0, 10, 'a', 1n, 1n]]);
    await append(['a', 1, 4], ['a', 1, 11]);
    expect(run.task.statistics()).toMatchObject({ rowsLate: 1, samples: { late: [{ timeMs: 4, windowEndMs: 10, watermarkMs: 10 }] } });
    await run.cancel();
  });

  it('counts a row that is out of order but not later than the watermark before its batch', async () => {
    const { run, append } = await start(windowed({ when: 'watermark', timeoutMs: null }));
    await append(['a', 1, 1], ['a', 2, 3], ['a', 4, 2]);
    await append(['a', 8, 6]);
    await append(['a', 16, 12], ['a', 32, 4]);
    await append(['a', 64, 5]);
    await append(['a', 128, 21]);
    expect(run.sink.rows.map((row) => row[4])).toEqual([47n, 16n]);
    expect(run.task.statistics().rowsLate).toBe(1);
    await run.cancel();
  });

  it('by calendar days of a zone knows that a day may have 23 hours', async () => {
    const window: WindowPlan = {
      ...windowOf('tumble', 1, 1, 'Europe/Berlin'),
      slide: { amount: 1, unit: 'day' },
      size: { amount: 1, unit: 'day' },
    };
    const { run, append } = await start(windowed({ when: 'watermark', timeoutMs: null }, window));
    await append(['a', 1, Date.UTC(2026, 2, 29, 10)]);
    await append(['a', 1, Date.UTC(2026, 2, 30, 10)]);
    expect(run.sink.rows[0]!.slice(0, 2)).toEqual([Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 2, 29, 22)]);
    await run.cancel();
  });
});

describe('an aggregation of bounded input', () => {
  const end: EmitPlan = { when: 'end' };

  it('without keys gives one row even of nothing', async () => {
    const { run } = await start(grouped(end, { bounded: true }, 0));
    await run.done;
    expect(run.sink.rows).toEqual([[0n, 0n]]);
  });

  it('with keys gives no row of nothing', async () => {
    const { run } = await start(grouped(end, { bounded: true }));
    await run.done;
    expect(run.sink.rows).toEqual([]);
  });

  it('reads to the end offsets that stood when it started, and no further', async () => {
    const kafka = newKafka();
    kafka.append('s', 0, [record('a', 1, 0)]);
    const run = new Run(planOf(grouped(end, { bounded: true }, 0)), kafka);
    await Promise.resolve();
    await run.done;
    kafka.append('s', 0, [record('a', 1, 0)]);
    expect(run.sink.rows).toEqual([[1n, 1n]]);
  });

  it('ends with a clear error at its memory bound', async () => {
    const kafka = newKafka();
    kafka.append(
      's',
      0,
      Array.from({ length: 5000 }, (_, i) => record(`key-${i}`, 1, 0)),
    );
    const run = new Run(planOf(grouped(end, { bounded: true })), kafka, { memoryBytes: 50_000 });
    await run.done;
    expect(run.error).toMatchObject({ code: 'QUERY_MEMORY_EXCEEDED', details: { limitBytes: 50_000 } });
  });
});
