import { FakeClock, SeededRandom, silentLogger } from '@millrace/core';
import {
  apis,
  type BatchTraits,
  batchHeader,
  type Compression,
  encodeBatch,
  errorCode,
  iterateBatches,
  verifyCrc,
} from '@millrace/kafka-protocol';
import fc from 'fast-check';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRefusal } from '../src/topic/check-produced.ts';
import type { Partition } from '../src/topic/partition.ts';
import { Topics } from '../src/topic/topics.ts';
import { Crash, MemoryDisk } from './memory-disk.ts';
import { openBroker, recordingLogger } from './test-broker.ts';
import { batchOf, committedIn, recordsIn, TopicClient } from './topic-client.ts';

type Pair = readonly [key: string | null, value: string | null];
const startMs = 1e12;

/** One partition of a compacted topic, on a disk in memory. */
class Bench {
  readonly clock = new FakeClock(startMs);
  readonly disk: MemoryDisk;
  readonly configs: Record<string, string>;
  topics!: Topics;
  /** Of each key the last value, null being one that was taken away. */
  readonly expected = new Map<string, string | null>();

  constructor(configs: Record<string, string> = {}, seed = 1) {
    this.disk = new MemoryDisk(new SeededRandom(seed));
    this.configs = { 'cleanup.policy': 'compact', 'segment.bytes': '300', 'min.cleanable.dirty.ratio': '0', ...configs };
    this.open();
  }

  open(): void {
    const ports = { disk: this.disk, clock: this.clock, random: new SeededRandom(7), logger: silentLogger };
    this.topics = new Topics(ports, { directory: 'topics', defaults: {}, producerExpirationMs: 1e15 });
    this.topics.open();
  }

  restart(): void {
    this.topics.abandon();
    this.open();
  }

  get partition(): Partition {
    return (this.topics.get('t') ?? this.topics.create('t', 1, this.configs)).partitions[0]!;
  }

  append(pairs: readonly Pair[], traits: BatchTraits = {}): void {
    const records = pairs.map(([key, value]) => ({ timestampMs: this.clock.now(), key: bytes(key), value: bytes(value) }));
    const appended = this.partition.append(encodeBatch(records, traits), -1, () => undefined);
    if (isRefusal(appended)) throw new Error(appended.message);
    for (const [key, value] of pairs) this.expected.set(key!, value);
  }

  /** Seals what is there, by one more record. */
  seal(): void {
    this.append([['seal', 'x'.repeat(180)]]);
    this.append([['seal', 'y'.repeat(180)]]);
  }

  all(): Buffer {
    const { partition } = this;
    const parts: Buffer[] = [];
    for (let offset = partition.startOffset; offset < partition.highWatermark; ) {
      const part = partition.read(offset, 1, true);
      parts.push(part);
      offset = batchHeader.lastOffset(part, 0) + 1;
    }
    return Buffer.concat(parts);
  }

  pairs(): string[] {
    return recordsIn(this.all())
      .filter(({ key }) => key !== 'seal')
      .map(({ offset, key, value }) => `${offset}:${key}=${value}`);
  }

  state(): Map<string, string | null> {
    return new Map(recordsIn(this.all()).map(({ key, value }) => [key!, value]));
  }
}

const bytes = (text: string | null) => (text === null ? null : Buffer.from(text));

describe('compaction', () => {
  it('keeps of each key the last record, at its offset, and the records of the active segment', async () => {
    const bench = new Bench();
    bench.append([
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
    ]);
    bench.append([
      ['a', '3'],
      ['c', '1'],
    ]);
    bench.seal();
    bench.append([['c', '2']]);
    expect(await bench.partition.compact()).toBe(true);
    expect(bench.pairs()).toEqual(['1:b=1', '3:a=3', '4:c=1', '7:c=2']);
    expect(await bench.partition.compact()).toBe(false);
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as Compression[])(
    'leaves batches that every reader can read: %s',
    async (compression) => {
      const bench = new Bench();
      bench.append(
        [
          ['a', '1'],
          ['b', '1'],
          ['c', '1'],
        ],
        { compression, producerId: 5, producerEpoch: 0, baseSequence: 0 },
      );
      bench.append(
        [
          ['a', '2'],
          ['c', '2'],
        ],
        { compression, producerId: 5, producerEpoch: 0, baseSequence: 3 },
      );
      bench.seal();
      await bench.partition.compact();
      const all = bench.all();
      for (const at of iterateBatches(all)) expect(verifyCrc(all, at)).toBe(true);
      expect(bench.pairs()).toEqual(['1:b=1', '3:a=2', '4:c=2']);
      expect(batchHeader.baseOffset(all, 0)).toBe(0);
      expect(batchHeader.lastOffset(all, 0)).toBe(2);
    },
  );

  it('keeps a tombstone for its time in the compacted part, and no longer', async () => {
    const bench = new Bench({ 'delete.retention.ms': '1000' });
    bench.append([['a', '1']]);
    bench.append([
      ['a', null],
      ['b', '1'],
    ]);
    bench.seal();
    await bench.partition.compact();
    expect(bench.pairs()).toEqual(['1:a=null', '2:b=1']);
    bench.clock.advance(999);
    bench.seal();
    await bench.partition.compact();
    expect(bench.pairs()).toEqual(['1:a=null', '2:b=1']);
    bench.restart();
    bench.clock.advance(1);
    bench.seal();
    await bench.partition.compact();
    expect(bench.pairs()).toEqual(['2:b=1']);
  });

  it('waits until enough of the log is new, or old enough', async () => {
    const bench = new Bench({ 'min.cleanable.dirty.ratio': '0.9', 'max.compaction.lag.ms': '5000' });
    for (let i = 0; i < 10; i++) bench.append([[`k${i}`, 'x'.repeat(200)]]);
    expect(await bench.partition.compact()).toBe(true);
    bench.append([['k0', 'x'.repeat(200)]]);
    bench.append([['k1', 'x'.repeat(200)]]);
    expect(await bench.partition.compact()).toBe(false);
    bench.clock.advance(5001);
    expect(await bench.partition.compact()).toBe(true);
  });

  it('leaves young records alone', async () => {
    const bench = new Bench({ 'min.compaction.lag.ms': '1000' });
    bench.append([
      ['a', '1'],
      ['a', '2'],
    ]);
    bench.seal();
    expect(await bench.partition.compact()).toBe(false);
    bench.clock.advance(1000);
    expect(await bench.partition.compact()).toBe(true);
    expect(bench.pairs()).toEqual(['1:a=2']);
  });

  it('does not touch a topic that is not to be compacted', async () => {
    const bench = new Bench({ 'cleanup.policy': 'delete' });
    bench.append([
      ['a', '1'],
      ['a', '2'],
    ]);
    bench.seal();
    expect(await bench.partition.compact()).toBe(false);
  });

  it('joins small segments, leaves no gap, and finds every offset and timestamp afterwards', async () => {
    const bench = new Bench({ 'segment.bytes': '2000' });
    for (let i = 0; i < 60; i++) {
      bench.append([[`k${i % 3}`, 'x'.repeat(100)]]);
      bench.clock.advance(10);
    }
    bench.append([['last', 'x'.repeat(1900)]]);
    const segments = () => bench.disk.list(`topics/${bench.topics.get('t')!.id}/0`).filter((name) => name.endsWith('.log')).length;
    const before = segments();
    await bench.partition.compact();
    bench.append([['behind', 'x'.repeat(1800)]]);
    await bench.partition.compact();
    const after = segments();
    expect([before > 5, after < before]).toEqual([true, true]);
    for (const when of ['now', 'after a restart']) {
      expect(
        recordsIn(bench.all()).map(({ offset }) => offset),
        when,
      ).toEqual([57, 58, 59, 60, 61]);
      for (let offset = 0; offset < 62; offset++) {
        const [first] = recordsIn(bench.partition.read(offset, 1, true)).filter((record) => record.offset >= offset);
        expect(first?.offset, `${offset} ${when}`).toBe(Math.max(57, offset));
      }
      expect(batchHeader.baseOffset(bench.partition.batchAtTimestamp(startMs, 0)!, 0)).toBe(57);
      bench.restart();
      expect(segments()).toBe(after);
    }
  });

  it('keeps what a producer wrote last, if only as an empty batch, so that a repetition is known after a loss of the snapshot', async () => {
    const bench = new Bench();
    const traits = { producerId: 9, producerEpoch: 0, baseSequence: 0 };
    bench.append(
      [
        ['a', '1'],
        ['a', '2'],
      ],
      traits,
    );
    bench.append([['a', '3']]);
    bench.seal();
    await bench.partition.compact();
    const directory = `topics/${bench.topics.get('t')!.id}/0`;
    bench.topics.abandon();
    bench.disk.remove(`${directory}/producers.snapshot`);
    bench.open();
    const repeated = encodeBatch(
      [0, 1].map(() => ({ timestampMs: 1, key: Buffer.from('a'), value: null })),
      traits,
    );
    expect(bench.partition.append(repeated, -1, () => undefined)).toMatchObject({ baseOffset: 0 });
    expect(bench.pairs()).toEqual(['2:a=3']);
  });

  it('takes out aborted records, lets them take no other away, stops at an open transaction, and drops markers that mark nothing', async () => {
    const bench = new Bench({ 'delete.retention.ms': '1000' });
    const { partition } = bench;
    const sequences = new Map<number, number>();
    const transactional = (producerId: number, pairs: readonly Pair[]) => {
      const baseSequence = sequences.get(producerId) ?? 0;
      sequences.set(producerId, baseSequence + pairs.length);
      bench.append(pairs, { producerId, producerEpoch: 0, baseSequence, transactional: true });
    };
    bench.append([['a', 'kept']]);
    transactional(1, [
      ['a', 'aborted'],
      ['z', 'aborted'],
    ]);
    partition.appendMarker(1, 0, 'abort');
    transactional(2, [['b', 'old']]);
    partition.appendMarker(2, 0, 'commit');
    transactional(2, [['b', 'new']]);
    partition.appendMarker(2, 0, 'commit');
    bench.seal();
    await partition.compact();
    expect(bench.pairs()).toEqual(['0:a=kept', '6:b=new']);
    const committed = () => {
      const { records, aborted } = partition.readCommitted(0, 1e6, true);
      return committedIn(records, aborted).kept.map(({ value }) => value);
    };
    expect(committed()).toContain('kept');

    transactional(1, [['a', 'open']]);
    bench.seal();
    bench.append([['b', 'newest']]);
    bench.seal();
    bench.clock.advance(1000);
    await partition.compact();
    expect(partition.lastStableOffset).toBeLessThan(partition.highWatermark);
    expect(bench.pairs().filter((pair) => /a=|b=new$/.test(pair))).toHaveLength(3);
    partition.appendMarker(1, 0, 'commit');
    bench.seal();
    await partition.compact();
    bench.clock.advance(1000);
    bench.seal();
    await partition.compact();
    bench.restart();
    expect(bench.partition.lastStableOffset).toBe(bench.partition.highWatermark);
    expect(
      bench
        .pairs()
        .map((pair) => pair.split(':')[1])
        .sort(),
    ).toEqual(['a=open', 'b=newest']);
    bench.topics.abandon();
    bench.disk.remove(`topics/${bench.topics.get('t')!.id}/0/producers.snapshot`);
    bench.open();
    expect(bench.partition.openTransactions(), 'every record that is left has its marker').toEqual([]);
    const all = bench.all();
    const markers = [...iterateBatches(all)].filter((at) => batchHeader.isControl(all, at)).map((at) => batchHeader.baseOffset(all, at));
    expect(markers).not.toContain(5);
  });

  it('gives the state that the whole log gives, whatever is written and whenever it is compacted', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const pair = fc.tuple(key, fc.option(fc.string({ maxLength: 40 })));
    const step = fc.oneof(fc.array(pair, { minLength: 1, maxLength: 5 }), fc.constantFrom('compact', 'restart', 'wait'));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const bench = new Bench({ 'delete.retention.ms': '500' });
        for (const what of steps) {
          if (what === 'compact') await bench.partition.compact();
          else if (what === 'restart') bench.restart();
          else if (what === 'wait') bench.clock.advance(300);
          else bench.append(what as Pair[]);
        }
        await bench.partition.compact();
        for (const when of ['now', 'after a restart']) {
          const state = bench.state();
          for (const [name, value] of bench.expected) expect(state.get(name) ?? null, `${name} ${when}`).toBe(value);
          bench.restart();
        }
      }),
      { numRuns: 30 },
    );
  });
});

function expectState(bench: Bench, label: string): void {
  const state = bench.state();
  for (const [key, value] of bench.expected) expect(state.get(key) ?? null, `${label} ${key}`).toBe(value);
}

describe('a topic that is compacted and deleted', () => {
  it('keeps of each key the last record, and that only for its time', async () => {
    const bench = new Bench({ 'cleanup.policy': 'compact,delete', 'retention.ms': '1000' });
    for (const value of ['1', '2', '3']) bench.append([['a', value]]);
    bench.seal();
    await bench.partition.compact();
    expect(bench.pairs()).toEqual(['2:a=3']);
    bench.clock.advance(600);
    bench.append([['b', '1']]);
    bench.seal();
    bench.partition.applyRetention();
    expect(bench.pairs()).toEqual(['2:a=3', '5:b=1']);
    bench.clock.advance(600);
    bench.partition.applyRetention();
    expect(bench.pairs()).toEqual(['5:b=1']);
    expect(bench.partition.startOffset).toBeGreaterThan(2);
    bench.clock.advance(1000);
    bench.partition.applyRetention();
    expect(bench.pairs()).toEqual([]);
  });
});

describe('a crash while a log is compacted', () => {
  it.each(['process', 'power'] as const)('at any write leaves of each key the last record: %s', async (kind) => {
    for (let seed = 0; seed < 25; seed++) {
      const bench = new Bench({ 'flush.messages': '1', 'delete.retention.ms': '0', 'segment.bytes': '400' }, seed);
      for (let i = 0; i < 24; i++) {
        bench.append([
          [`k${i % 5}`, i % 7 === 3 ? null : `v${i}`],
          [`k${(i * 3) % 5}`, `w${i}`],
        ]);
        await bench.partition.flush();
        if (i === 12) await bench.partition.compact();
      }
      const endOffset = bench.partition.highWatermark;
      bench.disk.crashAt = bench.disk.operations + 1 + seed;
      try {
        await bench.partition.compact();
        await bench.partition.compact();
      } catch (failure) {
        expect(failure).toBeInstanceOf(Crash);
      }
      bench.topics.abandon();
      bench.disk.restart(kind);
      bench.open();
      const label = `seed ${seed}`;
      expect(bench.partition.highWatermark, label).toBe(endOffset);
      expectState(bench, label);
      await bench.partition.compact();
      expectState(bench, label);
      const names = bench.disk.list(`topics/${bench.topics.get('t')!.id}/0`);
      expect(
        names.filter((name) => name.endsWith('.cleaned')),
        label,
      ).toEqual([]);
    }
  });
});

describe('a compacted topic', () => {
  it('refuses records without a key, compressed or not', async () => {
    const { port } = await openBroker();
    const client = await (await TopicClient.open(port)).make({ 'cleanup.policy': 'compact' });
    for (const compression of ['none', 'zstd'] as const) {
      const refused = await client.produce(batchOf(['a'], { compression }));
      expect([refused.errorCode, refused.errorMessage]).toEqual([
        errorCode('INVALID_RECORD'),
        'record 0 of the batch has no key, and the topic is compacted',
      ]);
    }
    const withKey = encodeBatch([{ timestampMs: 1, key: Buffer.from('k'), value: null }]);
    expect((await client.produce(withKey)).errorCode).toBe(0);
  });

  it('is compacted from time to time, and read without a gap by a client of another make', async () => {
    const clock = new FakeClock(Date.now());
    const logger = recordingLogger();
    const { address, port } = await openBroker({ compactionCheckMs: 1000 }, { clock, logger });
    const client = await (await TopicClient.open(port)).make({
      'cleanup.policy': 'compact,delete',
      'segment.bytes': '400',
      'min.cleanable.dirty.ratio': '0.1',
    });
    for (let i = 0; i < 40; i++) {
      const producer = { producerId: i % 7, producerEpoch: 0, baseSequence: Math.floor(i / 7) };
      await client.produce(
        encodeBatch([{ timestampMs: clock.now(), key: Buffer.from(`k${i % 4}`), value: Buffer.from(`v${i}`) }], producer),
      );
    }
    clock.advance(1000);
    const left = async () => {
      let count = 0;
      for (let offset = 0; offset < 40; ) {
        const { records } = await client.fetch(offset);
        count += recordsIn(records!).filter((record) => record.offset >= offset).length;
        for (const at of iterateBatches(records!)) offset = batchHeader.lastOffset(records!, at) + 1;
      }
      return count;
    };
    while ((await left()) > 12) await client.raw.request(apis.apiVersions, 0, {});
    const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: 'g', maxWaitTimeInMs: 50 });
    onTestFinished(() => consumer.disconnect());
    await consumer.connect();
    await consumer.subscribe({ topic: 't', fromBeginning: true });
    const state = new Map<string, string>();
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          state.set(message.key!.toString(), message.value!.toString());
          if (message.offset === '39') resolve();
        },
      });
    });
    expect([...state].sort()).toEqual([
      ['k0', 'v36'],
      ['k1', 'v37'],
      ['k2', 'v38'],
      ['k3', 'v39'],
    ]);
    expect(logger.lines).toEqual([]);
  });
});
