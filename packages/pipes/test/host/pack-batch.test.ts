import { type Column, gather, parseDataType, sliceColumn, type Value } from '@millrace/data';
import type { EventBatch } from '@millrace/pipes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchRows } from '../../src/host/events/batch-rows.ts';
import { pickRows } from '../../src/host/events/pick-rows.ts';
import { BatchPacker, type PackedColumn } from '../../src/host/worker/pack-batch.ts';
import { BatchUnpacker } from '../../src/host/worker/unpack-batch.ts';
import { deleteBatch, rowsBatch } from './event-batches.ts';

const values: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  int32: fc.integer(),
  'nullable(float64)': fc.option(fc.double({ noNaN: true })),
  uint64: fc.bigInt(0n, 2n ** 64n - 1n),
  'nullable(int64)': fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
  string: fc.string({ unit: 'grapheme' }),
  'nullable(string)': fc.option(fc.string()),
  'array(nullable(int32))': fc.array(fc.option(fc.integer())),
};

const batches = fc
  .tuple(fc.uniqueArray(fc.constantFrom(...Object.keys(values)), { minLength: 1 }), fc.integer({ min: 1, max: 12 }))
  .chain(([types, count]) => {
    const columns = types.map((type) =>
      fc.array(values[type]!, { minLength: count, maxLength: count }).map((list) => [type, list] as const),
    );
    return fc.tuple(...columns).map((given) => rowsBatch(Object.fromEntries(given.map(([type, list]) => [type, [type, list]]))));
  });

function shown(batch: EventBatch) {
  const event = new BatchRows(batch, 'UTC');
  const records = Array.from({ length: event.rowCount }, (_, row) => [event.key(row)?.toString(), event.time(row), event.origin(row)]);
  return { ...batch, chunk: event.rows, records, sourceRows: null };
}

/** Another batch with the same rows, whose lanes are parts of larger ones. */
function withSlack(batch: EventBatch): EventBatch {
  const { rowCount, columns } = batch.chunk;
  const doubled = Int32Array.from({ length: rowCount * 2 }, (_, i) => i % rowCount);
  const inner = (column: Column) => sliceColumn(gather(column, doubled, rowCount * 2), rowCount, rowCount * 2);
  return { ...batch, chunk: { rowCount, columns: columns.map(inner) } };
}

describe('a batch that crosses a thread border', () => {
  it('is the same on the other side, whatever its lanes are parts of', () => {
    const [packer, unpacker] = [new BatchPacker(), new BatchUnpacker()];
    fc.assert(
      fc.property(batches, fc.nat(), (batch, seed) => {
        const rows = Int32Array.from({ length: batch.chunk.rowCount }, (_, i) => i).filter((row) => (seed >> row) % 2 === 0);
        for (const each of [batch, withSlack(batch), pickRows(batch, rows)]) {
          const packed = packer.pack(each);
          const moved = structuredClone(packed, { transfer: [packed.buffer] });
          expect(shown(unpacker.unpack(moved))).toEqual(shown(each));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('needs no records where it shares those of the batch that it was made of', () => {
    const from = rowsBatch({ v: ['int32', [1, 2, 3]] });
    const made = { ...from, sourceRows: Int32Array.of(0, 0, 2) };
    const packed = new BatchPacker().pack(made, from);
    expect(packed.records).toBeUndefined();
    expect(shown(new BatchUnpacker().unpack(packed, from))).toEqual(shown(made));
  });

  it('tells a schema once, also if it comes as another object', () => {
    const packer = new BatchPacker();
    const again = () => packer.pack(rowsBatch({ v: ['int32', [1]] }));
    expect([again().schema, again().schema]).toEqual([[{ name: 'v', type: parseDataType('int32') }], undefined]);
  });

  it('may be of deletions', () => {
    const unpacked = new BatchUnpacker().unpack(new BatchPacker().pack(deleteBatch(2)));
    expect([unpacked.kind, unpacked.chunk.rowCount, unpacked.records.count]).toEqual(['delete', 2, 2]);
  });

  it('is refused if its lanes do not fit', () => {
    const packed = new BatchPacker().pack(rowsBatch({ v: ['int32', [1, 2]], s: ['string', ['a', 'b']] }));
    const [number, text] = packed.columns as readonly PackedColumn[] as readonly [
      PackedColumn & { kind: 'number' },
      PackedColumn & { kind: 'string' },
    ];
    const damaged = [
      { ...packed, rowCount: 3 },
      { ...packed, rowCount: -1 },
      { ...packed, rowCount: 0.5 },
      { ...packed, columns: packed.columns.slice(1) },
      { ...packed, columns: [packed.columns[1], packed.columns[0]] },
      { ...packed, columns: [{ ...number, valuesAt: 1e9 }, text] },
      { ...packed, columns: [{ ...number, valuesAt: 3 }, text] },
      { ...packed, columns: [number, { ...text, startsAt: number.valuesAt + 4 }] },
      { ...packed, columns: [number, { ...text, byteLength: 1 }] },
      { ...packed, sourceRowsAt: number.valuesAt },
      { ...packed, records: { ...packed.records!, count: 1 } },
      { ...packed, records: undefined },
      { ...packed, schema: undefined, schemaId: 7 },
      { ...packed, buffer: {} },
    ] as (typeof packed)[];
    for (const each of damaged) {
      expect(() => new BatchUnpacker().unpack(each)).toThrow(expect.objectContaining({ code: 'INTERNAL_INVARIANT' }));
    }
  });
});
