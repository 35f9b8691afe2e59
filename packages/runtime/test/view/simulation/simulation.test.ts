import { describe, expect, it } from 'vitest';
import type { Sabotage } from './fake-cluster.ts';
import { simulate } from './simulate-views.ts';

/**
 * Views whose servers are killed, sleep, lose their cluster and their group, by seeds: `MILLRACE_TEST_SEED=n` plays that one alone,
 * `MILLRACE_TEST_LONG=1` plays twenty thousand.
 */
const only = process.env['MILLRACE_TEST_SEED'];
const partSize = 100;
const count = process.env['MILLRACE_TEST_LONG'] === undefined ? 1000 : 20_000;
/** Of views that several tasks share: they are many more, and take longer. */
const sharedCount = count / 10;
const met = new Map<string, number>();
const metShared = new Map<string, number>();

async function play(seeds: readonly number[], isShared = false): Promise<void> {
  for (const seed of seeds) {
    const { kind, violations, counts } = await simulate(seed, null, isShared);
    const of = isShared ? metShared : met;
    for (const [what, times] of counts) of.set(what, (of.get(what) ?? 0) + times);
    expect(violations, `seed ${seed} (${kind})`).toEqual([]);
  }
}

describe('materialized views in trouble give each row and each window once', () => {
  if (only !== undefined) {
    it(`with the seed ${only}`, () => play([Number(only)]));
    return;
  }
  for (let from = 0; from < count; from += partSize) {
    const seeds = Array.from({ length: partSize }, (_, i) => from + i);
    it(`with the seeds ${from} to ${from + partSize - 1}`, () => play(seeds));
  }

  it('and much trouble they were in', () => {
    const troubles = [
      'kills',
      'freezes',
      'stops',
      'moves',
      'brokers away',
      'truncations',
      'partitions added',
      'snapshots read',
      'snapshots damaged',
    ];
    for (const what of [...troubles, 'foreign transactions aborted', 'stopped at a bad record', 'stopped at lost records'])
      expect(met.get(what) ?? 0, what).toBeGreaterThan(count / 50);
  });
});

describe('views that several tasks share give each row and each window once, however many they are', () => {
  if (only !== undefined) {
    it(`with the seed ${only}`, () => play([Number(only)], true));
    return;
  }
  for (let from = 0; from < sharedCount; from += 20) {
    const seeds = Array.from({ length: 20 }, (_, i) => from + i);
    it(`with the seeds ${from} to ${from + 19}`, () => play(seeds, true));
  }

  it('and much trouble they were in', () => {
    for (const what of ['kills', 'freezes', 'stops', 'moves', 'rescalings', 'brokers away'])
      expect(metShared.get(what) ?? 0, what).toBeGreaterThan(sharedCount / 4);
  });
});

describe.skipIf(only !== undefined)('a simulation of views', () => {
  it('is the same for the same seed', async () => {
    for (const isShared of [false, true])
      for (const seed of [3, 9])
        expect((await simulate(seed, null, isShared)).transcript()).toBe((await simulate(seed, null, isShared)).transcript());
    expect((await simulate(3)).transcript()).not.toBe((await simulate(8)).transcript());
  });

  const sabotages: readonly Sabotage[] = ['no-fencing', 'visible-aborts', 'lost-states', 'lost-positions', 'doubled-commits'];
  for (const sabotage of sabotages) {
    it(`notices a cluster with ${sabotage.replace('-', ' ')}`, async () => {
      let noticed = 0;
      for (let seed = 0; seed < 100 && noticed < 2; seed++) if ((await simulate(seed, sabotage)).violations.length > 0) noticed++;
      expect(noticed).toBe(2);
    });
  }
  for (const sabotage of sabotages) {
    it(`notices a cluster with ${sabotage.replace('-', ' ')} also where tasks share a view`, async () => {
      let noticed = 0;
      for (let seed = 0; seed < 100 && noticed < 1; seed++) if ((await simulate(seed, sabotage, true)).violations.length > 0) noticed++;
      expect(noticed).toBe(1);
    });
  }
});
