import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SavedWatermarks } from '../../src/state/saved-watermarks.ts';
import { WatermarkTracker } from '../../src/watermark/watermark-tracker.ts';
import { Changelog } from './resuming.ts';

const idleTimeoutMs = 100;
const partitionCount = 3;

type Step = readonly [what: 'observe' | 'tick' | 'end' | 'cut', partition: number, timeMs: number];

/** The watermarks of the source and of its partitions after each step. Processing time goes on with each tick, by more than the idle time-out. */
function run(steps: readonly Step[], changelog: Changelog | null): unknown[] {
  let nowMs = 0;
  const create = () => {
    const tracker = new WatermarkTracker({ delayMs: 5, idleTimeoutMs });
    const state = new SavedWatermarks(tracker);
    if (changelog !== null) state.restore(changelog.list());
    // What was restored of a partition counts, whatever is said when it is taken up again.
    const isAgain = changelog !== null && changelog.entries.size > 0;
    for (let p = 0; p < partitionCount; p++) tracker.add(p, { isEmpty: (p === 2) !== isAgain, isAtEnd: true }, nowMs);
    return { tracker, state };
  };
  let { tracker, state } = create();
  return steps.map(([what, partition, timeMs]) => {
    let risen: unknown = null;
    if (what === 'observe') risen = tracker.observe(partition, timeMs, nowMs);
    else if (what === 'tick') risen = tracker.tick((nowMs += idleTimeoutMs * 2));
    else if (what === 'cut' && changelog !== null) {
      changelog.take(state);
      expect(state.isDirty).toBe(false);
      const { putCount } = changelog;
      changelog.take(state);
      expect(changelog.putCount).toBe(putCount);
      ({ tracker, state } = create());
    }
    return [risen, tracker.currentMs, ...Array.from({ length: partitionCount }, (_, p) => tracker.describe(p))];
  });
}

const step = fc.tuple(fc.constantFrom('observe' as const, 'observe' as const, 'tick' as const, 'cut' as const), fc.nat(2), fc.nat(300));

describe('saved watermarks', () => {
  it('let a tracker go on as if it had not been stopped', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const changelog = new Changelog();
        const through = run(steps, null);
        expect(run(steps, changelog)).toEqual(through);
        // The schema, the source, and each partition once at most.
        expect(changelog.entries.size).toBeLessThanOrEqual(2 + partitionCount);
      }),
      { numRuns: 300 },
    );
  });

  it('are refused when damaged or foreign', () => {
    const changelog = new Changelog();
    run(
      [
        ['observe', 0, 50],
        ['cut', 0, 0],
      ],
      changelog,
    );
    const list = changelog.list();
    const restored = (entries: typeof list) => () =>
      new SavedWatermarks(new WatermarkTracker({ delayMs: 0, idleTimeoutMs })).restore(entries);
    expect(restored(list)).not.toThrow();
    for (const [i, entry] of list.entries()) {
      // A partition that is missing is as one that is new.
      if (entry.key[0] !== 2) expect(restored(list.filter((other) => other !== entry))).toThrow(/watermarks/);
      expect(restored(list.map((other) => (other === entry ? { ...other, value: other.value.subarray(1) } : other)))).toThrow(/watermarks/);
      expect(restored([...list, { key: Buffer.from([9, i]), value: entry.value }])).toThrow(/watermarks/);
    }
  });
});
