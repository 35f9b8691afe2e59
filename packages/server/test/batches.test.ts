import { FakeClock } from '@millrace/core';
import type { Admin } from '@millrace/kafka-client';
import { describe, expect, it } from 'vitest';
import { buildBatches, type RowRecords, totalSizeBytes } from '../src/insert/batches.ts';
import { TopicLimits } from '../src/insert/topic-limits.ts';

function records(values: readonly string[], partitions: readonly number[], keys: readonly string[] | null = null): RowRecords {
  const starts = new Int32Array(values.length);
  const ends = new Int32Array(values.length);
  let at = 0;
  for (const [row, value] of values.entries()) {
    starts[row] = at;
    ends[row] = at += value.length;
  }
  return {
    rowCount: values.length,
    bytes: Buffer.from(values.join('')),
    starts,
    ends,
    timestampsMs: Float64Array.from(values, (_, row) => 1000 + row),
    keys: keys?.map((key) => Buffer.from(key)) ?? null,
    partitions: Int32Array.from(partitions),
  };
}

describe('buildBatches', () => {
  it('makes one batch for each partition', () => {
    const batches = buildBatches(records(['a', 'b', 'c'], [1, 0, 1]), 1000);
    expect(batches.map(({ partition }) => partition)).toEqual([1, 0]);
  });

  it('splits what does not fit into one, in order, each within the limit', () => {
    const values = Array.from({ length: 100 }, (_, i) => `value ${i} `.padEnd(50, '.'));
    const batches = buildBatches(
      records(
        values,
        values.map(() => 0),
      ),
      1000,
    );
    expect(batches.length).toBeGreaterThan(3);
    for (const { bytes } of batches) expect(bytes.length).toBeLessThanOrEqual(1000);
  });

  it('refuses a row that does not fit alone, naming size and limit', () => {
    const values = ['small', 'x'.repeat(2000)];
    expect(() => buildBatches(records(values, [0, 0]), 1000)).toThrow('row 2 has 2040 bytes, the topic takes 1000 (max.message.bytes)');
  });

  it('never makes a batch larger than it was counted', () => {
    const all = records(['a', 'b'.repeat(500)], [0, 0], ['key', 'k'.repeat(300)]);
    expect(buildBatches(all, 10_000)[0]!.bytes.length).toBeLessThanOrEqual(totalSizeBytes(all));
  });
});

describe('TopicLimits', () => {
  function fakeAdmin(limit: number) {
    const asked: string[] = [];
    const admin = {
      describeTopicConfigs: async (topic: string) => {
        asked.push(topic);
        return [{ name: 'max.message.bytes', value: String(limit), isDefault: false, readOnly: false, sensitive: false }];
      },
    } as Partial<Admin> as Admin;
    return { admin, asked };
  }

  it('asks for the limit only when a request is large, and remembers it for a while', async () => {
    const { admin, asked } = fakeAdmin(100_000);
    const clock = new FakeClock();
    const limits = new TopicLimits(admin, clock);
    expect(await limits.limitFor('t', 100)).toBeGreaterThanOrEqual(100);
    expect(asked).toEqual([]);
    expect([await limits.limitFor('t', 1_000_000), await limits.limitFor('t', 1_000_000)]).toEqual([100_000, 100_000]);
    expect(asked).toEqual(['t']);
    clock.advance(31_000);
    await limits.limitFor('t', 1_000_000);
    expect(asked).toEqual(['t', 't']);
  });
});
