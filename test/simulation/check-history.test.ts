import { describe, expect, it } from 'vitest';
import { checkHistory } from './check-history.ts';
import type { Event, Promises, Scanned, SeenBatch } from './history.ts';

const promises: Promises = new Map([['c', { isCompacted: true, isRetained: false }]]);
const place = { topic: 't', partition: 0 };

const sent = (value: string, more: object = {}): Event => ({ kind: 'sent', producer: 'p', ...place, key: null, value, ...more });
const acknowledged = (values: string[], baseOffset?: number): Event => ({
  kind: 'acknowledged',
  values,
  ...(baseOffset === undefined ? {} : { baseOffset }),
});
const batch = (baseOffset: number, values: (string | null)[], more: Partial<SeenBatch> = {}): SeenBatch => ({
  baseOffset,
  lastOffset: baseOffset + values.length - 1,
  control: undefined,
  records: values.map((value, i) => ({ offset: baseOffset + i, timestampMs: 10 * (baseOffset + i), key: null, value })),
  ...more,
});
const marker = (offset: number, control: 'commit' | 'abort') => batch(offset, [null], { control });

function bounds(batches: readonly SeenBatch[]) {
  const highWatermark = (batches.at(-1)?.lastOffset ?? -1) + 1;
  return { logStartOffset: 0, lastStableOffset: highWatermark, highWatermark };
}

/** Both scans of a log; `hidden` is what a reader of committed records leaves out. */
function scans(batches: SeenBatch[], hidden: string[] = [], more: Partial<Scanned> = {}): Event[] {
  const committed = batches.map((of) => ({ ...of, records: of.records.filter(({ value }) => !hidden.includes(value ?? '')) }));
  return (['uncommitted', 'committed'] as const).map((isolation) => ({
    kind: 'scanned',
    ...place,
    isolation,
    batches: isolation === 'committed' ? committed : batches,
    ...bounds(batches),
    ...more,
  }));
}

/** Two records, a transaction that is committed, one that is aborted. */
const transactions: Event[] = [
  sent('a'),
  sent('b'),
  acknowledged(['a', 'b'], 0),
  sent('x', { producer: 'tx', transaction: 'T' }),
  sent('y', { producer: 'tx', transaction: 'T' }),
  { kind: 'committing', group: 'g', ...place, offset: 5, transaction: 'T' },
  { kind: 'ending', transaction: 'T', outcome: 'commit' },
  acknowledged(['x', 'y']),
  { kind: 'ended', transaction: 'T', result: 'committed' },
  sent('z', { producer: 'tx', transaction: 'U' }),
  { kind: 'ending', transaction: 'U', outcome: 'abort' },
  { kind: 'ended', transaction: 'U', result: 'aborted' },
];
const log = [batch(0, ['a', 'b']), batch(2, ['x', 'y']), marker(4, 'commit'), batch(5, ['z']), marker(6, 'abort')];
const offsetSeen = (offset: number, askedAt = 1000): Event => ({ kind: 'offset-seen', group: 'g', ...place, offset, askedAt });
const sound: Event[] = [...transactions, ...scans(log, ['z']), offsetSeen(5)];

const found = (events: readonly Event[]) => checkHistory(events, promises, { group: 'g', from: 't', to: 'copy' });
/** One record that a copier has come past. */
const copied: Event[] = [
  sent('a'),
  sent('1<a', { topic: 'copy' }),
  sent('2<a', { topic: 'copy' }),
  { kind: 'committing', group: 'g', ...place, offset: 1 },
  ...scans([batch(0, ['a'])]),
  offsetSeen(1),
];
/** As above, but copied once, and without what became of the original. */
const lone: Event[] = [sent('a'), sent('1<a', { topic: 'copy' }), { kind: 'committing', group: 'g', ...place, offset: 1 }, offsetSeen(1)];
const without = (value: string) => log.map((of) => ({ ...of, records: of.records.filter((record) => record.value !== value) }));

describe('a history in which nothing is wrong', () => {
  it('has no violation', () => {
    expect(found(sound)).toEqual([]);
  });

  it('may end a transaction in ways that were not told, wholly or not at all', () => {
    const unknown = sound.map(
      (event): Event => (event.kind === 'ended' && event.transaction === 'T' ? { ...event, result: 'unknown' } : event),
    );
    expect(found(unknown)).toEqual([]);
    const unseen = unknown.filter(({ kind }) => kind !== 'scanned' && kind !== 'offset-seen');
    expect(found([...unseen, ...scans(log, ['x', 'y', 'z']), offsetSeen(-1)])).toEqual([]);
  });

  it('may lack what power was lost with', () => {
    const lost: Event = { kind: 'restarted', after: 'loss' };
    expect(found([sent('a'), sent('b'), acknowledged(['a', 'b'], 0), lost, ...scans([batch(0, ['a'])])])).toEqual([]);
  });

  it('may have a copy of what was come past', () => {
    expect(found([...copied, ...scans([batch(0, ['1<a'])], [], { topic: 'copy' })])).toEqual([]);
  });

  it('may have a copy of what was lost with power before it was acknowledged, but of nothing else', () => {
    const power: Event = { kind: 'restarted', after: 'power' };
    const copies = scans([batch(0, ['1<a'])], [], { topic: 'copy' });
    const replaced = [sent('b'), ...scans([batch(0, ['b'])]), ...copies];
    expect(found([...lone, power, ...replaced])).toEqual([]);
    expect(found([...lone, ...replaced])).toEqual([expect.stringContaining('the copy of t[0] up to 1 is a, and the original b')]);
    expect(found([...lone, acknowledged(['a'], 0), power, ...replaced])).toContainEqual(expect.stringContaining('the copy of t[0]'));
  });

  it('may have an offset of a transaction that came to nothing, if another came to the same', () => {
    const again = transactions.map((event): Event => {
      if (event.kind === 'sent' && event.transaction === 'U') return { ...event, transaction: 'V' };
      return event.kind === 'ended' && event.transaction === 'T' ? { ...event, result: 'unknown' } : event;
    });
    const ofAnother = (outcome: 'committed' | 'aborted'): Event[] => [
      { kind: 'committing', group: 'g', ...place, offset: 5, transaction: 'V' },
      { kind: 'ending', transaction: 'V', outcome: 'commit' },
      { kind: 'ended', transaction: 'V', result: outcome },
    ];
    expect(found([...again, ...ofAnother('committed'), ...scans(log, ['x', 'y']), offsetSeen(5)])).toEqual([]);
    const none = [...again, ...ofAnother('aborted'), ...scans(log, ['x', 'y', 'z']), offsetSeen(5)];
    expect(found(none)).toContainEqual('T is not seen, but its offset 5 is');
  });

  it('may lack what was deleted, and in a compacted topic what was replaced', () => {
    const start = { logStartOffset: 2 };
    expect(found([sent('a'), sent('b'), sent('d'), acknowledged(['a', 'b', 'd'], 0), ...scans([batch(2, ['d'])], [], start)])).toEqual([]);
    const compacted = { topic: 'c', key: 'k' };
    const kept = batch(1, ['b']);
    const records = kept.records.map((record) => ({ ...record, key: 'k' }));
    const history = [sent('a', compacted), sent('b', compacted), acknowledged(['a', 'b'], 0)];
    expect(found([...history, ...scans([{ ...kept, records }], [], { topic: 'c' })])).toEqual([]);
  });
});

describe('a violation is found', () => {
  const cases: Record<string, { events: Event[]; says: RegExp }> = {
    'when an acknowledged record is missing': {
      events: [...transactions, ...scans(without('b'), ['z']), offsetSeen(5)],
      says: /b was acknowledged and is not in t\[0\]/,
    },
    'when an acknowledged record is elsewhere than it was said to be': {
      events: [sent('a'), sent('b'), acknowledged(['b'], 0), ...scans([batch(0, ['a', 'b'])])],
      says: /b was acknowledged at 0 of t\[0\], and is at 1/,
    },
    'when the newest record of a key is compacted away': {
      events: [
        sent('a', { topic: 'c', key: 'k' }),
        sent('b', { topic: 'c', key: 'k' }),
        acknowledged(['a', 'b'], 0),
        ...scans([{ ...batch(0, ['a']), records: [{ offset: 0, timestampMs: 0, key: 'k', value: 'a' }] }], [], { topic: 'c' }),
      ],
      says: /b was acknowledged and is not in c\[0\]/,
    },
    'when a loss of power has left a hole': {
      events: [sent('a'), sent('b'), acknowledged(['a', 'b'], 0), { kind: 'restarted', after: 'loss' }, ...scans([batch(0, ['b'])])],
      says: /b is in t\[0\], and a of before it is not/,
    },
    'when a record is there twice': {
      events: [sent('a'), acknowledged(['a']), ...scans([batch(0, ['a']), batch(1, ['a'])])],
      says: /a is in t\[0\] twice/,
    },
    'when a record was never sent': { events: scans([batch(0, ['a'])]), says: /a at 0 of t\[0\] was never sent/ },
    'when a record is in another partition than it was sent to': {
      events: [sent('a', { partition: 1 }), ...scans([batch(0, ['a'])])],
      says: /a was sent to t\[1\], and is in t\[0\]/,
    },
    'when the order of a producer is not kept': {
      events: [sent('a'), sent('b'), ...scans([batch(0, ['b', 'a'])])],
      says: /a stands behind b/,
    },
    'when there is a hole between batches': {
      events: [sent('a'), sent('b'), ...scans([batch(0, ['a']), batch(2, ['b'])])],
      says: /begins at 2, and 1 is next/,
    },
    'when there is a hole in a batch': {
      events: [sent('a'), ...scans([{ ...batch(0, ['a']), lastOffset: 1 }])],
      says: /the batch of 0 to 1 of t\[0\] has other offsets/,
    },
    'when the log ends before its high watermark': {
      events: [sent('a'), ...scans([batch(0, ['a'])], [], { highWatermark: 3, lastStableOffset: 3 })],
      says: /ends at 1, and its high watermark is 3/,
    },
    'when a read begins behind the offset asked for': {
      events: [
        sent('a'),
        {
          kind: 'read',
          ...place,
          isolation: 'uncommitted',
          fromOffset: 0,
          askedAt: 1,
          batches: [batch(1, ['a'])],
          ...bounds([batch(1, ['a'])]),
        },
      ],
      says: /from 0 brought 1 to 1 first/,
    },
    'when something aborted is read': {
      events: [...transactions, ...scans(log), offsetSeen(5)],
      says: /z of t\[0\] was not committed and is read/,
    },
    'when a transaction is read before it was to be committed': {
      events: [
        ...transactions.slice(0, 5),
        { kind: 'read', ...place, isolation: 'committed', fromOffset: 0, askedAt: 5, batches: log.slice(0, 2), ...bounds(log.slice(0, 2)) },
        ...transactions.slice(5),
        ...scans(log, ['z']),
        offsetSeen(5),
      ],
      says: /x of t\[0\] was not committed and is read/,
    },
    'when a committed transaction is seen in part': {
      events: [...transactions, ...scans(log, ['y', 'z']), offsetSeen(5)],
      says: /T is seen without y/,
    },
    'when a transaction of unknown end is seen in part': {
      events: [
        ...transactions.map(
          (event): Event => (event.kind === 'ended' && event.transaction === 'T' ? { ...event, result: 'unknown' } : event),
        ),
        ...scans(log, ['y', 'z']),
        offsetSeen(5),
      ],
      says: /T is seen without y/,
    },
    'when a committed transaction is not seen': {
      events: [...transactions, ...scans(log, ['x', 'y', 'z']), offsetSeen(5)],
      says: /T was committed, and x, y are not seen/,
    },
    'when a transaction is seen without its offset': {
      events: [...transactions, ...scans(log, ['z']), offsetSeen(-1)],
      says: /T is seen without the offset 5: it is -1/,
    },
    'when the offset of a transaction is seen without it': {
      events: [
        ...transactions.map(
          (event): Event => (event.kind === 'ended' && event.transaction === 'T' ? { ...event, result: 'unknown' } : event),
        ),
        ...scans(log, ['x', 'y', 'z']),
        offsetSeen(5),
      ],
      says: /T is not seen, but its offset 5 is/,
    },
    'when a committed offset goes back': {
      events: [
        { kind: 'committing', group: 'g', ...place, offset: 3 },
        { kind: 'committed', group: 'g', ...place, offset: 3 },
        offsetSeen(2, 2),
      ],
      says: /the offset of g in t\[0\] is 2 after it was 3/,
    },
    'when an offset goes back that was seen': {
      events: [{ kind: 'committing', group: 'g', ...place, offset: 3 }, offsetSeen(3, 1), offsetSeen(1, 2)],
      says: /is 1 after it was 3/,
    },
    'when an offset is seen that nobody has committed': { events: [offsetSeen(4, 0)], says: /is 4, which nobody has committed/ },
    'when something is copied twice': {
      events: [...copied, ...scans([batch(0, ['1<a', '2<a'])], [], { topic: 'copy' })],
      says: /the copy of t\[0\] up to 1 is a a, and the original a/,
    },
    'when something is not copied that a copier has come past': {
      events: [...copied, ...scans([], [], { topic: 'copy' })],
      says: /the copy of t\[0\] up to 1 is , and the original a/,
    },
    'when the last stable offset goes back': {
      events: [
        sent('a'),
        {
          kind: 'read',
          ...place,
          isolation: 'uncommitted',
          fromOffset: 0,
          askedAt: 1,
          batches: [],
          logStartOffset: 0,
          lastStableOffset: 2,
          highWatermark: 2,
        },
        ...scans([batch(0, ['a'])]),
      ],
      says: /lastStableOffset of t\[0\] went from 2 to 1/,
    },
    'when bounds are out of order': {
      events: [sent('a'), ...scans([batch(0, ['a'])], [], { lastStableOffset: 2 })],
      says: /has start 0, stable 2 and high 1/,
    },
    'when a transaction hangs': {
      events: [sent('a'), ...scans([batch(0, ['a'])], ['a'], { lastStableOffset: 0 })],
      says: /is stable up to 0 of 1 when all has ended/,
    },
    'when a look-up by time finds another record than a scan': {
      events: [sent('a'), sent('b'), ...scans([batch(0, ['a', 'b'])]), { kind: 'looked-up', ...place, timestampMs: 5, offset: 0 }],
      says: /the time 5 of t\[0\] is looked up at 0, and a scan finds 1/,
    },
    'when a look-up of the newest record finds another one': {
      events: [sent('a'), sent('b'), ...scans([batch(0, ['a', 'b'])]), { kind: 'looked-up', ...place, timestampMs: -3, offset: 0 }],
      says: /is looked up at 0, and a scan finds 1/,
    },
    'when a fetch begins elsewhere than a scan says': {
      events: [
        sent('a'),
        sent('b'),
        ...scans([batch(0, ['a']), batch(1, ['b'])]),
        { kind: 'sought', ...place, fromOffset: 1, baseOffset: 0 },
      ],
      says: /from 1 begins with 0, and a scan finds 1/,
    },
    'when a topic is gone that was made': {
      events: [
        { kind: 'topic-told', topic: 'e', state: 'made' },
        { kind: 'topics-seen', topics: [] },
      ],
      says: /e was made, and is not listed/,
    },
    'when a topic is there that was deleted': {
      events: [
        { kind: 'topic-told', topic: 'e', state: 'deleted' },
        { kind: 'topics-seen', topics: ['e'] },
      ],
      says: /e was deleted, and is listed/,
    },
    'when deleted records are back': {
      events: [sent('a'), { kind: 'deleting', ...place, beforeOffset: 1 }, ...scans([batch(0, ['a'])])],
      says: /was deleted before 1, and begins at 0/,
    },
    'when a client was led astray': { events: [{ kind: 'astray', what: 'p was told nonsense' }], says: /p was told nonsense/ },
  };

  for (const [name, { events, says }] of Object.entries(cases)) {
    it(name, () => {
      expect(found(events).join('\n')).toMatch(says);
    });
  }
});
