import { FakeClock, SeededRandom, silentLogger } from '@millrace/core';
import { batchHeader, encodeBatch, iterateBatches } from '@millrace/kafka-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBatchHeader } from '../../src/log/batch-header.ts';
import { type LogSettings, PartitionLog } from '../../src/log/partition-log.ts';
import { Crash, MemoryDisk } from '../memory-disk.ts';

const never = Number.POSITIVE_INFINITY;

class Bench {
  readonly clock = new FakeClock();
  readonly disk = new MemoryDisk(new SeededRandom(1));
  readonly settings: LogSettings;
  log: PartitionLog;

  constructor(settings: Partial<LogSettings> = {}) {
    this.settings = { segmentBytes: 1e9, segmentMs: never, flushMessages: never, flushMs: never, ...settings };
    this.log = this.#open();
  }

  #open(): PartitionLog {
    return PartitionLog.open('log', { disk: this.disk, clock: this.clock, logger: silentLogger }, this.settings);
  }

  append(recordCount: number, timestampMs = 0, size = 10): void {
    const bytes = encodeBatch(Array.from({ length: recordCount }, () => ({ timestampMs, value: Buffer.alloc(size) })));
    this.log.append(bytes, [readBatchHeader(bytes, 0)]);
  }

  async reopen(): Promise<void> {
    await this.log.close();
    this.log = this.#open();
  }

  kill(): void {
    this.log.abandon();
    this.log = this.#open();
  }

  read(offset: number, maxBytes = 1e6, atLeastOne = true): number[] {
    const bytes = this.log.read(offset, maxBytes, atLeastOne);
    return [...iterateBatches(bytes)].map((at) => batchHeader.baseOffset(bytes, at));
  }

  files(ending: string): string[] {
    return this.disk.list('log').filter((name) => name.endsWith(ending));
  }
}

describe('reading', () => {
  it('finds every offset in any segment, and ends where the log ends', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 3000 })), { minLength: 1, maxLength: 40 }),
        (batches) => {
          const bench = new Bench({ segmentBytes: 20_000 });
          const holders: number[] = [];
          for (const [count, size] of batches) {
            const base = bench.log.endOffset;
            bench.append(count, 0, size);
            for (let i = 0; i < count; i++) holders.push(base);
          }
          expect(holders.map((_, offset) => bench.read(offset)[0])).toEqual(holders);
          expect(bench.read(bench.log.endOffset)).toEqual([]);
          bench.kill();
          expect(holders.map((_, offset) => bench.read(offset, 1)[0])).toEqual(holders);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('cuts at whole batches wherever the limit falls', () => {
    const bench = new Bench();
    for (let i = 0; i < 300; i++) bench.append(1, 0, 50);
    const size = bench.log.sizeBytes / 300;
    for (let limit = size; limit < 20_000; limit += 333) {
      const bytes = bench.log.read(100, limit, false);
      expect(bytes.length % size).toBe(0);
      expect(bytes.length).toBe(Math.min(200, Math.floor(limit / size)) * size);
    }
    expect(bench.read(100, size - 1, false)).toEqual([]);
  });

  it('gives nothing of a batch that is larger than the limit unless one is wanted', () => {
    const bench = new Bench();
    bench.append(1, 0, 50_000);
    expect(bench.read(0, 1000, false)).toEqual([]);
    expect(bench.read(0, 1000, true)).toEqual([0]);
  });
});

describe('segments', () => {
  it('are sealed by size and by age, and named by their first offset', () => {
    const bench = new Bench({ segmentBytes: 400, segmentMs: 1000 });
    bench.append(3, 0, 50);
    bench.append(3, 0, 50);
    bench.clock.advance(1000);
    bench.append(1, 0, 1);
    expect(bench.files('.log')).toEqual(['00000000000000000000.log', '00000000000000000003.log', '00000000000000000006.log']);
  });

  it('that lie wholly before a new start are removed; the start survives a restart', async () => {
    const bench = new Bench({ segmentBytes: 300 });
    for (let i = 0; i < 6; i++) bench.append(2, 0, 100);
    bench.log.deleteBefore(5);
    expect(bench.log.startOffset).toBe(5);
    expect(bench.files('.log')[0]).toBe('00000000000000000004.log');
    await bench.reopen();
    expect(bench.log.startOffset).toBe(5);
    expect(bench.read(5)[0]).toBe(4);
  });
});

describe('the index', () => {
  function grown(): Bench {
    const bench = new Bench({ segmentBytes: 30_000 });
    for (let i = 0; i < 400; i++) bench.append(2, 1000 + i, 100);
    return bench;
  }

  it('is built again where its files are missing or damaged', async () => {
    const bench = grown();
    await bench.log.close();
    for (const [i, name] of bench.files('.index').entries()) {
      if (i % 2 === 0) bench.disk.remove(`log/${name}`);
      else bench.disk.replaceFile(`log/${name}`, Buffer.concat([bench.disk.readFile(`log/${name}`), Buffer.from('x')]));
    }
    await bench.reopen();
    expect(bench.log.endOffset).toBe(800);
    for (let offset = 0; offset < 800; offset += 7) expect(bench.read(offset, 1)).toEqual([offset - (offset % 2)]);
  });

  it('finds the first batch at or after a timestamp, in any segment', async () => {
    const bench = grown();
    const base = (timestamp: number) => {
      const batch = bench.log.batchAtTimestamp(timestamp);
      return batch === undefined ? undefined : batchHeader.baseOffset(batch, 0);
    };
    const check = () => {
      expect([0, 1000, 1001, 1250, 1399, 1400].map(base)).toEqual([0, 0, 2, 500, 798, undefined]);
      expect(batchHeader.baseOffset(bench.log.batchOfMaxTimestamp()!, 0)).toBe(798);
    };
    check();
    await bench.reopen();
    check();
  });

  it('finds a timestamp that was overtaken by a later one', () => {
    const bench = new Bench();
    for (const timestamp of [5, 90, 20, 30, 95, 40]) bench.append(1, timestamp, 5000);
    const base = (timestamp: number) => batchHeader.baseOffset(bench.log.batchAtTimestamp(timestamp)!, 0);
    expect([0, 6, 25, 91].map(base)).toEqual([0, 1, 1, 4]);
  });
});

describe('stable storage', () => {
  it('is reached at the latest after the flush interval', async () => {
    const bench = new Bench({ flushMs: 500 });
    bench.append(2);
    bench.clock.advance(500);
    await Promise.resolve();
    await bench.log.flush();
    bench.append(2);
    bench.log.abandon();
    bench.disk.restart('power');
    bench.kill();
    expect(bench.log.endOffset).toBeGreaterThanOrEqual(2);
  });

  it('that could not be reached takes what was not on it from readers', async () => {
    const bench = new Bench();
    bench.append(2);
    await bench.log.flush();
    bench.append(1);
    expect(bench.read(0)).toEqual([0, 2]);
    bench.disk.failsSyncs = true;
    await expect(bench.log.flush()).rejects.toMatchObject({ code: 'DISK_IO' });
    bench.disk.failsSyncs = false;
    expect(bench.read(0)).toEqual([0]);
    expect(() => bench.read(2)).toThrow('a sync failed');
    expect(bench.read(3)).toEqual([]);
    bench.kill();
    expect(bench.read(0)).toEqual([0, 2]);
  });

  it('a log that was closed is opened without reading its batches', async () => {
    const bench = new Bench();
    for (let i = 0; i < 50; i++) bench.append(1, 0, 1000);
    await bench.log.close();
    // Nothing checks a batch that the index covers: damage there is found by whoever reads it.
    const file = bench.disk.open('log/00000000000000000000.log', 'read-write');
    file.write([Buffer.alloc(4)], 20_000);
    bench.kill();
    expect(bench.log.endOffset).toBe(50);
  });
});

describe('a crash while old records are deleted', () => {
  it.each(['process', 'power'] as const)('at any write leaves the old start or the new one, and no offset is given twice: %s', (kind) => {
    for (let crashAt = 1; crashAt < 12; crashAt++) {
      const bench = new Bench({ segmentBytes: 300 });
      for (let i = 0; i < 6; i++) bench.append(2, 0, 100);
      bench.disk.crashAt = bench.disk.operations + crashAt;
      try {
        bench.log.deleteBefore(7);
        bench.log.roll();
        bench.log.deleteBefore(12);
      } catch (failure) {
        expect(failure).toBeInstanceOf(Crash);
      }
      bench.disk.restart(kind);
      bench.kill();
      expect([0, 7, 12]).toContain(bench.log.startOffset);
      const { startOffset, endOffset } = bench.log;
      if (kind === 'process') expect(endOffset).toBe(12);
      if (startOffset === 12) expect(endOffset).toBe(12);
      bench.append(1);
      expect(bench.log.endOffset).toBe(endOffset + 1);
      bench.kill();
      expect([bench.log.startOffset, bench.log.endOffset]).toEqual([startOffset, endOffset + 1]);
    }
  });
});

it('closing waits for stable storage once, and not for what can be had from the log again', async () => {
  const bench = new Bench();
  bench.append(2, 0, 100);
  const waited: string[] = [];
  bench.disk.fault = (operation, path) => {
    if (operation === 'sync' || operation === 'replace') waited.push(path);
    return undefined;
  };
  await bench.log.close();
  expect(waited).toEqual(['log/00000000000000000000.log']);
  expect(bench.files('.index')).toHaveLength(1);
});
