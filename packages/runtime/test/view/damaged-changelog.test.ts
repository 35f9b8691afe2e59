import { type MillraceError, SeededRandom, silentLogger } from '@millrace/core';
import * as formats from '@millrace/formats';
import { describe, expect, it } from 'vitest';
import type { ViewRequest } from '../../src/view/view-request.ts';
import { ViewTask } from '../../src/view/view-task.ts';
import { FakeCluster } from './simulation/fake-cluster.ts';
import { Machine } from './simulation/machine.ts';
import { type SimulatedView, scenarioOf } from './simulation/scenario.ts';
import { Timeline } from './simulation/timeline.ts';

/** A view that has run for a while and was stopped. */
class StoppedView {
  readonly timeline = new Timeline();
  readonly cluster = new FakeCluster(this.timeline, new SeededRandom(1));
  readonly view: SimulatedView;
  readonly request: ViewRequest;

  /** @param seed says which kind of view */
  constructor(seed: number) {
    this.view = scenarioOf(seed, new SeededRandom(seed)).views.at(-1)!;
    this.request = { ...this.view.request, instanceId: 'server' };
    this.cluster.createTopic(this.view.source, 2);
    for (const topic of [this.view.target, this.request.changelogTopic]) this.cluster.createTopic(topic, 1);
  }

  write(): void {
    for (let t = 0; t < 60; t++) {
      const value = Buffer.from(JSON.stringify({ k: 'abcd'[t % 4], v: 1 + t, t }));
      this.cluster.append(this.view.source, t % 2, [{ timestampMs: t, value }]);
    }
  }

  /** Runs the view until it has nothing more to do; resolves with what ended it before. */
  async run(): Promise<MillraceError | undefined> {
    const machine = new Machine(this.cluster, 0);
    const { clock } = machine;
    const kernels = { clock, random: new SeededRandom(1), timezone: 'UTC' };
    const task = new ViewTask(this.request, { kafka: machine, formats, kernels, clock, logger: silentLogger });
    let error: MillraceError | undefined;
    let isDone = false;
    const done = task
      .run(() => {})
      .then(
        () => {
          isDone = true;
        },
        (failure: MillraceError) => {
          error = failure;
          isDone = true;
        },
      );
    await this.timeline.run(4000, () => isDone);
    task.stop();
    await this.timeline.run(60_000, () => isDone);
    await done;
    clock.kill();
    return error;
  }

  entries(): Map<string, Buffer> {
    const entries = new Map<string, Buffer>();
    for (const { key, value } of this.cluster.log(this.request.changelogTopic, 0).committed()) {
      if (value === null) entries.delete(key!.toString('latin1'));
      else entries.set(key!.toString('latin1'), value);
    }
    return entries;
  }

  put(key: string, value: Buffer | null): void {
    this.cluster.append(this.request.changelogTopic, 0, [{ timestampMs: 0, key: Buffer.from(key, 'latin1'), value }]);
  }

  get written(): number {
    return this.cluster.log(this.view.target, 0).committed().length;
  }
}

/** By {@link scenarioOf}: rows, tumbling and hopping windows, totals. */
const seeds = [0, 1, 2, 3];

async function expectRefused(stopped: StoppedView, code = 'STATE_INVALID'): Promise<void> {
  const before = stopped.written;
  expect((await stopped.run())?.code).toBe(code);
  expect(stopped.written).toBe(before);
}

describe.each(seeds)('a view whose changelog is damaged (%i)', (seed) => {
  it('is refused, whichever entry is changed or taken away', async () => {
    const random = new SeededRandom(seed);
    const stopped = new StoppedView(seed);
    stopped.write();
    expect(await stopped.run()).toBeUndefined();
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
    expect(await stopped.run()).toBeUndefined();
  });

  it('is refused where entries are there that it has not written', async () => {
    const stopped = new StoppedView(seed);
    stopped.write();
    await stopped.run();
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
    const stopped = new StoppedView(seed);
    stopped.write();
    await stopped.run();
    stopped.cluster.deleteTopic(stopped.request.changelogTopic);
    const before = stopped.written;
    const error = await stopped.run();
    expect(error?.message).toContain('does not exist any more');
    expect(stopped.written).toBe(before);
  });
});
