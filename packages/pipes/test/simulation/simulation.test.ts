import { describe, expect, it } from 'vitest';
import { kinds, simulatePipe } from './simulate-pipe.ts';

/** More of them: `MILLRACE_SEEDS=2000`, from `MILLRACE_SEED` on. */
const first = Number(process.env['MILLRACE_SEED'] ?? 0);
const count = Number(process.env['MILLRACE_SEEDS'] ?? 18);

describe('a pipe in trouble', () => {
  it(
    'delivers everything, in order, with its state and its letters as they should be',
    async () => {
      const counts = new Map<string, number>();
      const wrong: string[] = [];
      for (let seed = first; seed < first + count; seed++) {
        const outcome = await simulatePipe(seed);
        for (const [what, times] of outcome.counts) counts.set(what, (counts.get(what) ?? 0) + times);
        if (outcome.violations.length > 0) wrong.push(`seed ${seed} (${outcome.kind}): ${outcome.violations.slice(0, 3).join('; ')}`);
      }
      expect(wrong).toEqual([]);
      if (count < kinds.length * 3) return;
      for (const trouble of ['kills', 'stops', 'freezes', 'outages', 'targets away', 'moves', 'partitions added'])
        expect(counts.get(trouble), trouble).toBeGreaterThan(3);
    },
    60_000 + count * 2_000,
  );
});
