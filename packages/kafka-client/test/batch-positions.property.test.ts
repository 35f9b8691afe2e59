import { batchHeader, encodeBatch, setBaseOffset } from '@millrace/kafka-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AbortedTransaction, scanBatches } from '../src/batch-positions.ts';

/** A step of one of several producers: it writes (in a transaction, or plainly), or ends its transaction. */
const steps = fc.array(
  fc.record({
    producerId: fc.integer({ min: 1, max: 4 }),
    does: fc.constantFrom('write', 'write', 'plain', 'commit', 'abort'),
    count: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 40 },
);

interface History {
  readonly log: {
    readonly bytes: Buffer;
    readonly first: number;
    readonly last: number;
    outcome: 'open' | 'commit' | 'abort' | 'marker';
  }[];
  /** With the offset of each one's marker. */
  readonly aborted: (AbortedTransaction & { readonly lastOffset: number })[];
  readonly lastStableOffset: number;
}

/** Plays the steps as a broker would, and remembers what became of each batch. */
function play(taken: readonly { producerId: number; does: string; count: number }[]): History {
  const log: History['log'] = [];
  const aborted: History['aborted'] = [];
  const open = new Map<number, History['log']>();
  let next = 0;
  const append = (bytes: Buffer, outcome: History['log'][number]['outcome']) => {
    setBaseOffset(bytes, 0, next);
    const entry = { bytes, first: next, last: next + batchHeader.lastOffsetDelta(bytes, 0), outcome };
    log.push(entry);
    next = entry.last + 1;
    return entry;
  };
  for (const { producerId, does, count } of taken) {
    // A key of four zero bytes is what an abort marker has too.
    const records = Array.from({ length: count }, () => ({ timestampMs: 1, key: Buffer.alloc(4), value: Buffer.from('v') }));
    if (does === 'plain') append(encodeBatch(records, {}), 'commit');
    else if (does === 'write') {
      const entry = append(encodeBatch(records, { producerId, transactional: true }), 'open');
      open.set(producerId, [...(open.get(producerId) ?? []), entry]);
    } else {
      const written = open.get(producerId);
      if (written === undefined) continue;
      open.delete(producerId);
      const key = Buffer.from([0, 0, 0, does === 'commit' ? 1 : 0]);
      const traits = { producerId, transactional: true, control: true };
      const marker = append(encodeBatch([{ timestampMs: 1, key, value: Buffer.alloc(6) }], traits), 'marker');
      for (const entry of written) entry.outcome = does === 'commit' ? 'commit' : 'abort';
      if (does === 'abort') aborted.push({ producerId, firstOffset: written[0]!.first, lastOffset: marker.last });
    }
  }
  const firsts = [...open.values()].map(([entry]) => entry!.first);
  return { log, aborted, lastStableOffset: Math.min(next, ...firsts) };
}

describe('the batches of a fetch with read_committed', () => {
  it('are those of committed transactions, wherever the fetch begins and ends and however the aborted ones are listed', () => {
    fc.assert(
      fc.property(steps, fc.nat(), fc.nat(), fc.boolean(), (taken, from, cut, isReversed) => {
        const { log, aborted, lastStableOffset } = play(taken);
        const fromOffset = from % (lastStableOffset + 1);
        const stable = log.filter(({ first, last }) => last >= fromOffset && first < lastStableOffset);
        const fetched = stable.slice(0, 1 + (cut % 8));
        const end = (fetched.at(-1)?.last ?? fromOffset) + 1;
        const listed = aborted.filter(({ firstOffset, lastOffset }) => lastOffset >= fromOffset && firstOffset < end);
        if (isReversed) listed.reverse();
        const bytes = Buffer.concat(fetched.map((entry) => entry.bytes));
        const { batches, nextOffset } = scanBatches(bytes, { fromOffset, checkCrc: true, aborted: listed });
        const found = batches.filter((_, index) => index % 2 === 0).map((at) => batchHeader.baseOffset(bytes, at));
        expect(found).toEqual(fetched.filter(({ outcome }) => outcome === 'commit').map(({ first }) => first));
        expect(nextOffset).toBe(fetched.length === 0 ? fromOffset : end);
      }),
      { numRuns: 500 },
    );
  });
});
