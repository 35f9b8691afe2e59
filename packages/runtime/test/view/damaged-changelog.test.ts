import { SeededRandom } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { LoneView } from './lone-view.ts';

/** Rows, tumbling and hopping windows, totals. */
const seeds = [0, 1, 2, 3];

async function expectRefused(stopped: LoneView, code = 'STATE_INVALID'): Promise<void> {
  const before = stopped.written;
  expect((await stopped.runThrough())?.code).toBe(code);
  expect(stopped.written).toBe(before);
}

describe.each(seeds)('a view whose changelog is damaged (%i)', (seed) => {
  it('is refused, whichever entry is changed or taken away', async () => {
    const random = new SeededRandom(seed);
    const stopped = new LoneView(seed);
    stopped.write();
    expect(await stopped.runThrough()).toBeUndefined();
    const entries = stopped.entries();
    expect(entries.size).toBeGreaterThan(2);
    for (const [key, value] of entries) {
      const changed = Buffer.from(value);
      changed[random.below(changed.length)]! ^= 1 << random.below(8);
      for (const damaged of [changed, value.subarray(0, random.below(value.length)), null]) {
        stopped.put(key, damaged);
        await expectRefused(stopped);
      }
      stopped.put(key, value);
    }
    expect(await stopped.runThrough()).toBeUndefined();
  });

  it('is refused where entries are there that it has not written', async () => {
    const stopped = new LoneView(seed);
    stopped.write();
    await stopped.runThrough();
    for (const kind of [1, 2, 3, 9]) {
      const key = String.fromCharCode(kind, 0, 7, 65);
      stopped.put(key, Buffer.from('x'));
      await expectRefused(stopped);
      stopped.put(key, null);
    }
    stopped.put('x', Buffer.from('y'));
    await expectRefused(stopped);
  });

  it('is refused where it is gone', async () => {
    const stopped = new LoneView(seed);
    stopped.write();
    await stopped.runThrough();
    stopped.cluster.deleteTopic(stopped.request.changelogTopic);
    const before = stopped.written;
    const error = await stopped.runThrough();
    expect(error?.message).toContain('does not exist any more');
    expect(stopped.written).toBe(before);
  });
});
