import { FakeClock, SeededRandom } from '@millrace/core';
import { type Chunk, columnOf, type DataType, type Schema, type Value, valueAt } from '@millrace/data';
import { encodeBatch } from '@millrace/kafka-protocol';
import type { ScanNode } from '@millrace/planner';
import { describe, expect, it } from 'vitest';
import { ExchangeFeed } from '../../src/exchange/exchange-feed.ts';
import { type ExchangeRequest, ExchangeSink } from '../../src/exchange/exchange-sink.ts';
import type { Mark } from '../../src/operators/operator.ts';
import { column } from '../harness.ts';
import { Changelog } from '../state/resuming.ts';

const string: DataType = { kind: 'string' };
const int64: DataType = { kind: 'int64' };
const schema: Schema = [
  { name: 'k', type: string },
  { name: 'n', type: { kind: 'nullable', inner: int64 } },
];
const request: ExchangeRequest = {
  kind: 'exchange',
  topic: 'x',
  partitions: 3,
  keys: [column(0, string)],
  schema,
  timeColumn: null,
  replayTopic: 'again',
};
const node = { node: 'scan', schema, stream: 'rows of s', topic: 'x', exchange: { hasWatermarks: true } } as unknown as ScanNode;

/** What was sent, by part of the groups. */
class Sent {
  readonly values: Buffer[][] = [[], [], []];
  readonly sink = new ExchangeSink(
    request,
    {
      appendSpans: (_topic, partition, _time, _key, _from, _to, bytes, start, end) =>
        void this.values[partition]!.push(Buffer.from(bytes.subarray(start, end))),
    },
    { clock: new FakeClock(), random: new SeededRandom(1), timezone: 'UTC' },
  );
}

/** What comes out of one part: rows, and watermarks among them. */
class Received {
  readonly seen: (Value[] | string)[] = [];
  readonly feed = new ExchangeFeed(node, {
    chunk: (chunk) => {
      const late = chunk.lateBeforeMs === undefined ? '' : ` late before ${chunk.lateBeforeMs}`;
      for (let row = 0; row < chunk.rowCount; row++)
        this.seen.push([...chunk.columns.map((of, i) => valueAt(of, schema[i]!.type, row)), late.trim()]);
    },
    mark: (mark: Mark) => void this.seen.push(mark.kind === 'watermark' ? `watermark ${mark.timeMs}` : mark.kind),
  });
  #offset = 0;

  take(values: readonly Buffer[]): this {
    for (const value of values) {
      const batch = encodeBatch([{ timestampMs: 0, value }], { baseOffset: this.#offset++ });
      this.feed.add(batch, 0, batch.length, 0);
      this.feed.flush(0);
    }
    return this;
  }
}

const chunkOf = (rows: readonly (readonly [string, bigint | null])[], lateBeforeMs?: number): Chunk => ({
  rowCount: rows.length,
  columns: [
    columnOf(
      string,
      rows.map(([k]) => k),
    ),
    columnOf(
      schema[1]!.type,
      rows.map(([, n]) => n),
    ),
  ],
  ...(lateBeforeMs !== undefined && { lateBeforeMs }),
});

describe('rows that change hands', () => {
  it('come together by their keys, in order, with what made them late', () => {
    const sent = new Sent();
    const rows = Array.from({ length: 40 }, (_, i) => [`k${i % 7}`, i % 5 === 0 ? null : BigInt(i)] as const);
    sent.sink.chunk(chunkOf(rows, 17), { topic: 's', partition: 1 });
    sent.sink.chunk(chunkOf([['k1', 100n]]), { topic: 'again', partition: 0 });
    const received = sent.values.map((values) => new Received().take(values).seen as Value[][]);
    for (const of of received) expect(of.length).toBeGreaterThan(0);
    const keysOf = (of: readonly Value[][]) => new Set(of.map(([k]) => k));
    expect(received.reduce((sum, of) => sum + keysOf(of).size, 0)).toBe(7);
    for (let key = 0; key < 7; key++) {
      const all = received.flat().filter(([k, n]) => k === `k${key}` && n !== 100n);
      expect(all).toEqual(rows.filter(([k]) => k === `k${key}`).map(([k, n]) => [k, n, 'late before 17']));
    }
    expect(received.flat().find(([, n]) => n === 100n)).toEqual(['k1', 100n, '']);
  });

  it('are followed by a watermark when all partitions of the source were heard of, the least of those that are not idle', () => {
    const sent = new Sent();
    const tell = (partition: number, watermarkMs: number, isIdle = false, count = 2) =>
      sent.sink.tell([{ partition, watermarkMs, isIdle }], count);
    tell(0, 50);
    tell(0, 50);
    tell(1, 20);
    tell(1, 30);
    tell(1, 30, true);
    tell(2, Number.NEGATIVE_INFINITY, false, 3);
    tell(0, 90, false, 3);
    tell(2, 70, false, 3);
    // What is told twice is sent once.
    for (const values of sent.values) expect(values).toHaveLength(7);
    expect(new Received().take(sent.values[1]!).seen).toEqual(['watermark 20', 'watermark 30', 'watermark 50', 'watermark 70']);
  });

  it('go on where they were left off', () => {
    const sent = new Sent();
    const tell = (partition: number, watermarkMs: number) => sent.sink.tell([{ partition, watermarkMs, isIdle: false }], 2);
    for (const [partition, watermarkMs] of [
      [0, 10],
      [1, 5],
      [0, 30],
      [1, 20],
      [1, 25],
    ] as const)
      tell(partition, watermarkMs);
    const [values] = sent.values as [Buffer[]];
    for (let cut = 0; cut <= values.length; cut++) {
      const before = new Received().take(values.slice(0, cut));
      const changelog = new Changelog();
      changelog.take(before.feed.state!);
      const after = new Received();
      after.feed.state!.restore(changelog.list());
      after.take(values.slice(cut));
      expect([...before.seen, ...after.seen]).toEqual(['watermark 5', 'watermark 20', 'watermark 25']);
    }
  });

  it('wait for a partition that was heard of before, also after a restart, whoever does not know of it', () => {
    const sent = new Sent();
    const tell = (partition: number, watermarkMs: number, count: number) =>
      sent.sink.tell([{ partition, watermarkMs, isIdle: false }], count);
    for (const [partition, watermarkMs, count] of [
      [0, 10, 1],
      [1, 5, 2],
      [0, 30, 1],
      [1, 20, 2],
    ] as const)
      tell(partition, watermarkMs, count);
    const [values] = sent.values as [Buffer[]];
    const before = new Received().take(values.slice(0, 2));
    const changelog = new Changelog();
    changelog.take(before.feed.state!);
    const after = new Received();
    after.feed.state!.restore(changelog.list());
    after.take(values.slice(2));
    expect([before.seen, after.seen]).toEqual([['watermark 10'], ['watermark 20']]);
  });

  it('are refused if they are none', () => {
    expect(() => new Received().take([Buffer.from('{"k":"a"}')])).toThrow(/rows of s, which x holds in partition 0 from offset 0 on/);
    const sent = new Sent();
    sent.sink.chunk(chunkOf([['k', 1n]]), null);
    const value = sent.values.flat()[0]!;
    for (let cut = 0; cut < value.length; cut++) expect(() => new Received().take([value.subarray(0, cut)])).toThrow();
  });
});

describe('rows of several records', () => {
  const timed: Schema = [{ name: 't', type: { kind: 'datetime64', precision: 3, zone: 'UTC' } }];
  /** The chunks and watermarks that come of records which arrive together, as `times late before`. */
  function merged(
    records: readonly (readonly [lateBeforeMs: number, ...times: number[]] | readonly ['mark', number])[],
    batchPerChunk = false,
  ) {
    const values: Buffer[] = [];
    const write = { ...request, schema: timed, keys: [], timeColumn: 0 };
    const appendSpans = (
      ...[, part, , , , , bytes, start, end]: Parameters<ConstructorParameters<typeof ExchangeSink>[1]['appendSpans']>
    ) => {
      if (part === 0) values.push(Buffer.from(bytes.subarray(start, end)));
    };
    const sink = new ExchangeSink(write, { appendSpans }, { clock: new FakeClock(), random: new SeededRandom(1), timezone: 'UTC' });
    for (const record of records) {
      if (record[0] === 'mark') sink.tell([{ partition: 0, watermarkMs: record[1]!, isIdle: false }], 1);
      else {
        const [lateBeforeMs, ...times] = record as readonly number[];
        sink.chunk(
          { rowCount: times.length, columns: [columnOf(timed[0]!.type, times)], lateBeforeMs: lateBeforeMs! },
          { topic: 's', partition: 0 },
        );
      }
    }
    const seen: string[] = [];
    const feed = new ExchangeFeed({ ...node, schema: timed, batchPerChunk } as ScanNode, {
      chunk: ({ columns, rowCount, lateBeforeMs }) =>
        void seen.push(
          `${Array.from({ length: rowCount }, (_, row) => valueAt(columns[0]!, timed[0]!.type, row))} late before ${lateBeforeMs}`,
        ),
      mark: (mark) => void seen.push(mark.kind === 'watermark' ? `watermark ${mark.timeMs}` : mark.kind),
    });
    const batch = encodeBatch(values.map((value) => ({ timestampMs: 0, value })));
    feed.add(batch, 0, batch.length, 0);
    expect(feed.flush(0)).toBe(values.length);
    return seen;
  }

  it('share a chunk where none is earlier than what it is judged by', () => {
    expect(
      merged([
        [5, 5, 9],
        [8, 8, 12],
        ['mark', 10],
        [12, 13],
      ]),
    ).toEqual(['5,9,8,12,13 late before 5', 'watermark 10']);
  });

  it('stay apart where one may be late, or each batch counts', () => {
    expect(
      merged([
        [5, 5, 9],
        ['mark', 7],
        [8, 7, 12],
        [12, 13],
      ]),
    ).toEqual(['5,9 late before 5', 'watermark 7', '7,12,13 late before 8']);
    expect(
      merged(
        [
          [5, 5],
          [5, 6],
        ],
        true,
      ),
    ).toEqual(['5 late before 5', '6 late before 5']);
  });
});
