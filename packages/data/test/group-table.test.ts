import { columnOf, type DataType, GroupTable, parseDataType, type Value, valueAt, valueKey } from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const types = ['nullable(int32)', 'float64', 'nullable(int64)', 'uint64', 'nullable(string)', 'array(nullable(int8))', 'bool'].map(
  parseDataType,
);

/** Few distinct values, so that groups repeat. */
function fewValues(type: DataType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'nullable':
      return fc.option(fewValues(type.inner), { nil: null });
    case 'float64':
      return fc.constantFrom(0, -0, 1, 1.5, Number.NaN, Infinity, 2 ** 40);
    case 'int64':
      return fc.constantFrom(0n, -1n, 1n << 62n, 1n);
    case 'uint64':
      return fc.constantFrom(0n, (1n << 64n) - 1n);
    case 'string':
      return fc.constantFrom('', 'a', 'ab', 'abcd', 'abcde', 'x'.repeat(100), `${'x'.repeat(99)}y`);
    case 'array':
      return fc.constantFrom<Value[]>([], [1], [1, 2], [null], [12]);
    case 'bool':
      return fc.boolean();
    default:
      return fc.integer({ min: -40, max: 40 });
  }
}

const tables = fc.array(fc.constantFrom(...types), { minLength: 0, maxLength: 3 });
const inputs = tables.chain((keys) =>
  fc.tuple(fc.constant(keys), fc.array(fc.array(fc.tuple(fc.boolean(), ...keys.map(fewValues)), { maxLength: 30 }), { maxLength: 5 })),
);

function keyOf(row: readonly Value[]): string {
  return String(valueKey(row.map((value) => (Object.is(value, -0) ? 0 : value))));
}

describe('GroupTable', () => {
  it('gives rows the same group exactly if a Map over their keys would, whatever the chunks', () => {
    fc.assert(
      fc.property(inputs, ([keys, chunks]) => {
        const table = new GroupTable(keys);
        const expected = new Map<string, number>();
        for (const rows of chunks) {
          const into = new Int32Array(rows.length);
          const selection = Uint8Array.from(rows, ([taken]) => Number(taken));
          const columns = keys.map((type, i) =>
            columnOf(
              type,
              rows.map((row) => row[i + 1] as Value),
            ),
          );
          table.intern(columns, rows.length, into, selection);
          for (const [i, [taken, ...key]] of rows.entries()) {
            if (!taken) expect(into[i]).toBe(-1);
            else {
              const known = expected.get(keyOf(key as Value[]));
              if (known === undefined) expected.set(keyOf(key as Value[]), into[i]!);
              else expect(into[i]).toBe(known);
            }
          }
        }
        expect(table.size).toBe(expected.size);
        expect(new Set(expected.values()).size).toBe(expected.size);
        expect(table.indexBound).toBe(expected.size);
        const groups = Int32Array.from(expected.values());
        const columns = keys.map((_, i) => table.keyColumn(i, groups));
        const back = [...groups].map((_, row) => keyOf(keys.map((type, i) => valueAt(columns[i]!, type, row))));
        expect(back).toEqual([...expected.keys()]);
      }),
    );
  });

  it('gives released numbers again and forgets their keys', () => {
    fc.assert(
      fc.property(inputs, fc.infiniteStream(fc.boolean()), ([keys, chunks], coins) => {
        const table = new GroupTable(keys);
        const live = new Map<string, number>();
        for (const rows of chunks) {
          const into = new Int32Array(rows.length);
          table.intern(
            keys.map((type, i) =>
              columnOf(
                type,
                rows.map((row) => row[i + 1] as Value),
              ),
            ),
            rows.length,
            into,
          );
          for (const [i, [, ...key]] of rows.entries()) {
            expect(live.get(keyOf(key as Value[])) ?? into[i]).toBe(into[i]);
            live.set(keyOf(key as Value[]), into[i]!);
          }
          const dead = [...live].filter(() => coins.next().value);
          table.release(Int32Array.from(dead, ([, group]) => group));
          for (const [key] of dead) live.delete(key);
          expect(table.size).toBe(live.size);
          const groups = Int32Array.from(live.values());
          const columns = keys.map((_, i) => table.keyColumn(i, groups));
          expect([...groups].map((_, row) => keyOf(keys.map((type, i) => valueAt(columns[i]!, type, row))))).toEqual([...live.keys()]);
        }
        expect(table.indexBound).toBeLessThanOrEqual(200);
      }),
    );
  });

  it('holds no more memory when groups come and go', () => {
    const table = new GroupTable([{ kind: 'string' }, { kind: 'int64' }]);
    const sizes: number[] = [];
    for (let round = 0; round < 20; round++) {
      const names = Array.from({ length: 1000 }, (_, i) => `key-${round}-${i}`);
      const into = new Int32Array(1000);
      table.intern(
        [
          columnOf({ kind: 'string' }, names),
          columnOf(
            { kind: 'int64' },
            names.map((_, i) => BigInt(i)),
          ),
        ],
        1000,
        into,
      );
      expect(table.size).toBe(1000);
      table.release(into);
      sizes.push(table.sizeBytes);
    }
    expect(table.size).toBe(0);
    expect(sizes.at(-1)).toBeLessThanOrEqual(sizes[2]! * 1.1);
  });

  it('starts from nothing after clear', () => {
    const table = new GroupTable([{ kind: 'int32' }]);
    const into = new Int32Array(2);
    table.intern([columnOf({ kind: 'int32' }, [7, 8])], 2, into);
    table.clear();
    expect(table.size).toBe(0);
    table.intern([columnOf({ kind: 'int32' }, [8, 7])], 2, into);
    expect([...into]).toEqual([0, 1]);
  });

  it('finds its keys again among many', () => {
    const table = new GroupTable([{ kind: 'string' }]);
    const names = Array.from({ length: 20_000 }, (_, i) => `device-${i}`);
    const [first, second] = [new Int32Array(names.length), new Int32Array(names.length)];
    const column = columnOf({ kind: 'string' }, names);
    table.intern([column], names.length, first);
    table.intern([column], names.length, second);
    expect(second).toEqual(first);
    expect(table.size).toBe(names.length);
  });
});
