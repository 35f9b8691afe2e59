import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BrokerTarget } from './broker-target.ts';
import { loop, runInput } from './fuzz-loop.ts';
import type { Target } from './target.ts';
import { isolatedTargets } from './targets.ts';

/**
 * A few seconds of what `npm run fuzz` does for as long as it is told, and again each input that once failed: the files in `inputs`,
 * whose names begin with that of their target.
 */
const inputs = readdirSync(join(import.meta.dirname, 'inputs')).filter((name) => name.endsWith('.bin'));
const seed = 1;

function replay(name: string, target: () => Target): void {
  for (const file of inputs.filter((input) => input.startsWith(`${name}-`))) {
    it(`takes ${file}`, () => runInput(target(), readFileSync(join(import.meta.dirname, 'inputs', file))));
  }
}

describe.each([...isolatedTargets])('%s', (name, open) => {
  let target: Target;
  beforeAll(async () => {
    target = await open();
  });
  afterAll(() => target.close?.());

  it('reads or refuses whatever it is given', async () => {
    const { inputs: count } = await loop(target, seed, { seconds: 1.5 });
    expect(count).toBeGreaterThan(0);
  });
  replay(name, () => target);
});

describe.each(['broker', 'guarded'] as const)('%s', (kind) => {
  let broker: BrokerTarget;
  beforeAll(async () => {
    broker = await BrokerTarget.open(kind);
  });
  afterAll(() => broker.close());

  it('serves others whatever one client sends, and starts again on what it was made to keep', async () => {
    await loop(broker, seed, { seconds: 3 });
    await broker.kill();
    await loop(broker, seed + 1, { seconds: 1 });
    await broker.clear();
  });
  replay(kind, () => broker);
});
