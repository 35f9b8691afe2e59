import { SeededRandom } from '@millrace/core';
import type { Value } from '@millrace/data';
import type { AggregateNode, EmitPlan } from '@millrace/planner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FakeKafka, FakeRecord } from '../fake-kafka.ts';
import { aggregate, column, int32, int64, newKafka, planOf, Run, record, scan, string, time, windowOf } from '../harness.ts';
import { Expected, type Log, type Row, type Windows } from '../window-oracle.ts';

const row = fc.record({ k: fc.constantFrom('a', 'b', 'c'), v: fc.integer({ min: 0, max: 9 }), step: fc.integer({ min: -12, max: 15 }) });
/** Event time runs forward with set-backs: some rows are out of order, some late. */
const partition = fc.array(
  fc.array(fc.oneof({ weight: 9, arbitrary: row }, { weight: 1, arbitrary: fc.constant(null) }), { minLength: 1, maxLength: 5 }),
  {
    maxLength: 12,
  },
);
const logs: fc.Arbitrary<Log> = fc.array(partition, { minLength: 1, maxLength: 3 }).map((partitions) =>
  partitions.map((batches) => {
    let t = 100;
    return batches.map((batch) =>
      batch.map((given): Row | null => {
        if (given === null) return null;
        t += given.step;
        return { k: given.k, v: given.v, t };
      }),
    );
  }),
);
const windows: fc.Arbitrary<Windows> = fc.record({
  slideMs: fc.constantFrom(10, 5, 4, 3),
  sizeMs: fc.constantFrom(10, 12),
  delayMs: fc.constantFrom(0, 3, 10),
});

function plan(
  { slideMs, sizeMs, delayMs }: Windows,
  options: { bounded?: boolean; batchPerChunk?: boolean; emit?: EmitPlan; ordered?: boolean },
) {
  const { bounded = false, batchPerChunk = false, emit = { when: 'watermark', timeoutMs: null }, ordered = false } = options;
  const aggregates = [
    aggregate('count'),
    aggregate('sum', column(1, int32)),
    ...(ordered ? [aggregate('last_value', column(1, int32))] : []),
  ];
  const node: AggregateNode = {
    node: 'aggregate',
    schema: [
      { name: 'window_start', type: time },
      { name: 'window_end', type: time },
      { name: 'k', type: string },
      { name: 'count', type: { kind: 'uint64' } },
      { name: 'sum', type: int64 },
      ...(ordered ? [{ name: 'last', type: int32 }] : []),
    ],
    input: scan({ bounded, batchPerChunk, watermark: { delayMs, idleTimeoutMs: 0 } }),
    window: windowOf(slideMs === sizeMs ? 'tumble' : 'hop', slideMs, sizeMs),
    keys: [column(0, string)],
    aggregates,
    emit,
  };
  return planOf(node, bounded);
}

function recordOf(given: Row | null): FakeRecord {
  return given === null ? { value: '{"k":' } : record(given.k, given.v, given.t);
}

/** Appends batch by batch, the partitions interleaved at random. */
function append(kafka: FakeKafka, log: Log, random: SeededRandom, from: number[], share = 1): void {
  const until = log.map((batches) => Math.floor(batches.length * share));
  for (;;) {
    const open = log.flatMap((_, p) => (from[p]! < until[p]! ? [p] : []));
    if (open.length === 0) return;
    const p = open[random.below(open.length)]!;
    kafka.append('s', p, log[p]![from[p]!++]!.map(recordOf));
  }
}

/** `[window_end, key, count, sum]` by end and key. */
function shown(rows: readonly Value[][]): Value[][] {
  const groups = rows.map((values) => [values[1]!, values[2]!, values[3]!, values[4]!]);
  return groups.sort((a, b) => (a[0] as number) - (b[0] as number) || ((a[1] as string) < (b[1] as string) ? -1 : 1));
}

function expectEndsInOrder(rows: readonly Value[][]): void {
  const ends = rows.map((values) => values[1] as number);
  expect(ends).toEqual(ends.toSorted((a, b) => a - b));
}

const seed = fc.integer({ min: 1, max: 1_000_000 });
const shapes = fc.record({ batchPerChunk: fc.boolean(), ordered: fc.boolean() });

describe('windows over a log, however it is cut and interleaved', () => {
  it('give each window once, as the definition has it, live and from history', async () => {
    await fc.assert(
      fc.asyncProperty(logs, windows, shapes, seed, fc.constantFrom(0, 0.5, 1), async (log, shape, options, seedOf, share) => {
        fc.pre(log.every((batches) => batches.flat().some((given) => given !== null)));
        const random = new SeededRandom(seedOf);
        const kafka = newKafka(log.length, random);
        const from = log.map(() => 0);
        append(kafka, log, random, from, share);
        const run = new Run(plan(shape, options), kafka);
        await run.settle();
        append(kafka, log, random, from);
        for (let i = 0; i < 4; i++) await run.settle();
        const expected = new Expected(log, shape);
        expect(run.error).toBeUndefined();
        expect(shown(run.sink.rows)).toEqual(expected.result(expected.watermarkMs));
        expectEndsInOrder(run.sink.rows);
        expect(run.task.statistics()).toMatchObject({
          rowsIn: expected.rows,
          rowsLate: expected.late,
          rowsUndecodable: expected.undecodable,
        });
        await run.cancel();
      }),
      { numRuns: 150 },
    );
  });

  it('count every record exactly once: in a window, as late, or as undecodable', async () => {
    await fc.assert(
      fc.asyncProperty(logs, windows, shapes, seed, async (log, shape, options, seedOf) => {
        const random = new SeededRandom(seedOf);
        const kafka = newKafka(log.length, random);
        append(
          kafka,
          log,
          random,
          log.map(() => 0),
        );
        const tumbling = { ...shape, slideMs: shape.sizeMs };
        const run = new Run(plan(tumbling, { ...options, bounded: true }), kafka);
        await run.done;
        const counted = run.sink.rows.reduce((sum, values) => sum + Number(values[3]), 0);
        const { rowsIn, rowsLate, rowsUndecodable, rowsFiltered, operators } = run.task.statistics();
        expect(counted + rowsLate + rowsUndecodable + rowsFiltered).toBe(rowsIn);
        expect(operators[0]!.rowsOut + rowsUndecodable).toBe(rowsIn);
        expect(rowsIn).toBe(log.flat(2).length);
      }),
      { numRuns: 60 },
    );
  });

  it('of a bounded query take in all rows, late by nothing', async () => {
    await fc.assert(
      fc.asyncProperty(logs, windows, seed, async (log, shape, seedOf) => {
        const random = new SeededRandom(seedOf);
        const kafka = newKafka(log.length, random);
        append(
          kafka,
          log,
          random,
          log.map(() => 0),
        );
        const run = new Run(plan(shape, { bounded: true, emit: { when: 'end' } }), kafka);
        await run.done;
        const all = new Expected(log, { ...shape, delayMs: Number.POSITIVE_INFINITY });
        expect(shown(run.sink.rows)).toEqual(all.result());
        expectEndsInOrder(run.sink.rows);
      }),
      { numRuns: 60 },
    );
  });
});
