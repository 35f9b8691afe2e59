import { FakeClock, type MillraceError, SeededRandom } from '@millrace/core';
import { columnOf, type Value } from '@millrace/data';
import type { AggregateNode, EmitPlan, PlanAggregate, WindowPlan } from '@millrace/planner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aggregate } from '../../src/operators/aggregate.ts';
import { WindowAggregate } from '../../src/operators/window-aggregate.ts';
import type { StateEntry } from '../../src/state/operator-state.ts';
import { aggregate, column, float64, int32, scan, string, time } from '../harness.ts';
import { Changelog, contextAt, Resuming } from './resuming.ts';

const update: EmitPlan = { when: 'update', batchMs: null };
const key = column(1, string);
const value = column(2, float64);

function nodeOf(aggregates: readonly PlanAggregate[], emit: EmitPlan = update): AggregateNode {
  const schema = [{ name: 'k', type: string }, ...aggregates.map(({ type }, i) => ({ name: `a${i}`, type }))];
  return { node: 'aggregate', schema, input: scan(), window: null, keys: [key], aggregates, emit };
}

const tumbling: WindowPlan = {
  kind: 'tumble',
  time: column(0, time),
  slide: { amount: 10, unit: 'millisecond' },
  size: { amount: 10, unit: 'millisecond' },
  zone: 'UTC',
  boundType: time,
};

const rowsOf = (rows: readonly (readonly [timeMs: number, key: string, value: number])[]) => {
  const columns = [time, string, float64].map((type, i) =>
    columnOf(
      type,
      rows.map((row): Value => row[i]!),
    ),
  );
  return { do: 'rows', chunk: { rowCount: rows.length, columns } } as const;
};

const resuming = (node: AggregateNode, changelog: Changelog | null) =>
  new Resuming((context) => new Aggregate(node, context), node.schema, changelog);

/** A state with blocks of every kind: several segments and buckets, and pieces. */
function everything() {
  const aggregates = [aggregate('count'), aggregate('avg', value), aggregate('group_array', value), aggregate('count_distinct', key)];
  const node = { ...nodeOf(aggregates, { when: 'watermark', timeoutMs: null }), window: tumbling };
  const changelog = new Changelog();
  const run = new Resuming((context) => new WindowAggregate(node, context), node.schema, changelog);
  const rows = Array.from({ length: 300 }, (_, i) => [i % 20, `key ${(i * i) % 71}`, i / 3] as const);
  const many = Array.from({ length: 60 }, (_, i) => [5, 'one key', i] as const);
  run.run([rowsOf(rows), { do: 'save' }, rowsOf(many), { do: 'save' }]);
  const restore = (entries: readonly StateEntry[], over: Partial<typeof node> = {}) =>
    new WindowAggregate({ ...node, ...over }, contextAt(new FakeClock(0))).state!.restore(entries);
  return { node, changelog, restore };
}

function errorOf(action: () => unknown): MillraceError {
  try {
    action();
  } catch (error) {
    return error as MillraceError;
  }
  throw new Error('nothing was refused');
}

describe('a state is refused', () => {
  it('when any of its bytes is changed, cut off, left out, or put elsewhere', () => {
    const { changelog, restore } = everything();
    const entries = changelog.list();
    expect(() => restore(entries)).not.toThrow();
    for (const kind of [0, 1, 3, 4, 5, 6]) expect(changelog.count(kind)).toBeGreaterThan(0);
    const damage: Readonly<Record<string, (entry: StateEntry, place: number, bit: number) => readonly StateEntry[]>> = {
      'bit of the value': ({ key: of, value: bytes }, place, bit) => [{ key: of, value: flipped(bytes, place, bit) }],
      'bit of the key': ({ key: of, value: bytes }, place, bit) => [{ key: flipped(of, place, bit), value: bytes }],
      'end of the value': ({ key: of, value: bytes }, place) => [{ key: of, value: bytes.subarray(0, place % bytes.length) }],
      'end of the key': ({ key: of, value: bytes }, place) => [{ key: of.subarray(0, place % of.length), value: bytes }],
      'whole entry': () => [],
      'entry twice': (entry) => [entry, entry],
    };
    fc.assert(
      fc.property(fc.nat(entries.length - 1), fc.constantFrom(...Object.keys(damage)), fc.nat(), fc.nat(7), (at, how, place, bit) => {
        const damaged = entries.flatMap((entry, i) => (i === at ? damage[how]!(entry, place, bit) : [entry]));
        const error = errorOf(() => restore(damaged));
        expect(error).toMatchObject({ code: 'STATE_INVALID', details: { operator: 'window aggregate' } });
      }),
      { numRuns: 400 },
    );
  });

  it('when it is of another schema, with both in the details', () => {
    const { node, changelog, restore } = everything();
    const entries = changelog.list();
    const others: Partial<AggregateNode & { window: WindowPlan }>[] = [
      { keys: [column(1, int32)] },
      { aggregates: node.aggregates.slice(1) },
      { aggregates: node.aggregates.map((each, i) => (i === 0 ? aggregate('sum', value) : each)) },
      { window: { ...tumbling, size: { amount: 20, unit: 'millisecond' } } },
      { emit: update },
    ];
    for (const other of others) {
      const error = errorOf(() => restore(entries, other as Partial<typeof node>));
      expect(error.code).toBe('STATE_INVALID');
      expect(error.message).toContain('of another schema');
      const { operator, expected, found } = error.details as Record<string, string>;
      expect([operator, found === expected]).toEqual(['window aggregate', false]);
    }
    expect(errorOf(() => restore(entries.filter(({ key: of }) => of[0] !== 0))).message).toContain('without a schema');
  });

  it('when entries of two states are mixed', () => {
    const one = everything().changelog.list();
    const node = nodeOf([aggregate('count')]);
    const changelog = new Changelog();
    resuming(node, changelog).run([rowsOf([[0, 'a', 1]]), { do: 'save' }]);
    const foreign = changelog.list().filter(({ key: of }) => of[0] === 5);
    expect(errorOf(() => everything().restore([...one, ...foreign])).code).toBe('STATE_INVALID');
  });
});

function flipped(bytes: Buffer, place: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[place % copy.length]! ^= 1 << bit;
  return copy;
}

describe('large states', () => {
  it('are cut into entries that fit, and shrink with what they hold', () => {
    const node = nodeOf([aggregate('last_value', column(1, string)), aggregate('group_array', column(1, string))]);
    const changelog = new Changelog();
    const long = 'x'.repeat(700_000);
    const through = resuming(node, null);
    const resumed = resuming(node, changelog);
    const events = [long, 'short', `${long}y`, 'end', long].flatMap((text) => [rowsOf([[0, text, 1]]), { do: 'cut' } as const]);
    // The value goes from long to short and back: its group is that of the first key.
    expect(resumed.run([{ do: 'live' }, ...events])).toEqual(through.run([{ do: 'live' }, ...events]));
    const one = nodeOf([aggregate('last_value', column(1, string))]);
    const global = { ...one, keys: [], schema: one.schema.slice(1) };
    const log = new Changelog();
    const run = resuming(global, log);
    run.run([rowsOf([[0, long, 1]]), { do: 'cut' }]);
    expect(log.entries.size).toBe(6);
    run.run([rowsOf([[0, 'short', 1]]), { do: 'cut' }]);
    expect(log.entries.size).toBe(5);
  });

  it.each(['group_array', 'count_distinct', 'group_uniq_array', 'median'])('of %s are written as they grow, not anew', (name) => {
    const node = nodeOf([aggregate(name, value)], { when: 'periodic', intervalMs: 1000, repeat: false });
    const changelog = new Changelog();
    const run = resuming(node, changelog);
    const random = new SeededRandom(5);
    const commits = 60;
    const rowsPerCommit = 100;
    for (let commit = 0; commit < commits; commit++) {
      const rows = Array.from({ length: rowsPerCommit }, () => [0, 'k', random.uint32() / 7] as const);
      run.run([rowsOf(rows), { do: commit % 20 === 7 ? 'cut' : 'save' }]);
    }
    // Eight bytes a value and some more for each entry: far from the 24 KB of the whole list with each commit.
    expect(changelog.putBytes).toBeLessThan(commits * rowsPerCommit * 8 + commits * 600);
    expect(changelog.putBytes).toBeGreaterThan(commits * rowsPerCommit * 8);
  });

  it('of quantiles go on from exact values to sketches as if they had not been saved', () => {
    const node = nodeOf([aggregate('median', value), aggregate('p99', value)], { when: 'periodic', intervalMs: 1000, repeat: true });
    const random = new SeededRandom(3);
    const events = Array.from({ length: 9 }, () => [
      rowsOf(Array.from({ length: 2600 }, (_, i) => [0, i % 2 === 0 ? 'a' : 'b', random.float()] as const)),
      { do: 'cut' } as const,
      { do: 'beat' } as const,
    ]).flat();
    const changelog = new Changelog();
    const resumed = resuming(node, changelog).run([{ do: 'live' }, ...events]);
    expect(resumed).toEqual(resuming(node, null).run([{ do: 'live' }, ...events]));
    // Two groups of two sketches: the pieces of the values before them are gone.
    expect(changelog.count(6)).toBe(4);
  });
});

describe('an operator without a context that keeps states', () => {
  it('has none', () => {
    expect(new Aggregate(nodeOf([aggregate('count')]), contextAt(new FakeClock(0), false)).state).toBeNull();
  });
});

describe('windows of months that end together', () => {
  it('are each shown', () => {
    const month = { ...tumbling, kind: 'hop', slide: { amount: 1, unit: 'day' }, size: { amount: 1, unit: 'month' } } as const;
    const given = nodeOf([aggregate('count')], { when: 'watermark', timeoutMs: null });
    const bounds = [
      { name: 'start', type: time },
      { name: 'end', type: time },
    ];
    const node = { ...given, window: month, schema: [...bounds, ...given.schema] };
    const rows = new Resuming((context) => new WindowAggregate(node, context), node.schema, null)
      .run([rowsOf([[Date.UTC(2026, 1, 10), 'a', 1]]), { do: 'watermark', timeMs: Date.UTC(2026, 3, 20) }])
      .flat();
    // From 11 January on; those of 28 to 31 January all end on 28 February.
    expect(rows.filter((row) => row[1] === Date.UTC(2026, 1, 28))).toHaveLength(4);
    expect(rows).toHaveLength(31);
  });
});
