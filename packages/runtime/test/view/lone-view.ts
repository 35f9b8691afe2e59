import { type MillraceError, SeededRandom, silentLogger, systemDisk } from '@millrace/core';
import * as formats from '@millrace/formats';
import type { ViewRequest } from '../../src/view/view-request.ts';
import { ViewTask } from '../../src/view/view-task.ts';
import { FakeCluster } from './simulation/fake-cluster.ts';
import { Machine } from './simulation/machine.ts';
import { type SimulatedView, scenarioOf } from './simulation/scenario.ts';
import { Timeline } from './simulation/timeline.ts';

/** A view that runs in a process of its own. */
export class StartedView {
  readonly task: ViewTask;
  readonly machine: Machine;
  readonly done: Promise<void>;
  isReady = false;
  isDone = false;
  error: MillraceError | undefined;

  constructor(request: ViewRequest, machine: Machine) {
    this.machine = machine;
    const { clock } = machine;
    const kernels = { clock, random: new SeededRandom(1), timezone: 'UTC' };
    this.task = new ViewTask(request, { kafka: machine, disk: systemDisk, formats, kernels, clock, logger: silentLogger });
    this.done = this.#run();
  }

  async #run(): Promise<void> {
    try {
      await this.task.run(() => {
        this.isReady = true;
      });
    } catch (error) {
      this.error = error as MillraceError;
    }
    this.isDone = true;
  }

  get state(): string {
    return this.task.statistics().state;
  }
}

/** One view on a cluster of its own, in simulated time. */
export class LoneView {
  readonly timeline = new Timeline();
  readonly cluster = new FakeCluster(this.timeline, new SeededRandom(1));
  readonly view: SimulatedView;
  readonly request: ViewRequest;

  /** @param seed says which kind of view: 0 rows, 1 tumbling and 2 hopping windows, 3 totals */
  constructor(seed: number, changes: Partial<ViewRequest> = {}) {
    this.view = scenarioOf(seed, new SeededRandom(seed)).views.at(-1)!;
    this.request = { ...this.view.request, instanceId: 'server', ...changes };
    this.cluster.createTopic(this.view.source, 2);
    for (const topic of [this.view.target, this.request.changelogTopic]) this.cluster.createTopic(topic, 1);
  }

  write(count = 60): void {
    for (let t = 0; t < count; t++) {
      const value = Buffer.from(JSON.stringify({ k: 'abcd'[t % 4], v: 1 + t, t }));
      this.cluster.append(this.view.source, t % 2, [{ timestampMs: t, value }]);
    }
  }

  start(machine = new Machine(this.cluster, 0)): StartedView {
    return new StartedView(this.request, machine);
  }

  /** Stops a view in order. @returns how long that took */
  async stop(started: StartedView): Promise<number> {
    const startMs = this.timeline.nowMs;
    started.task.stop();
    await this.timeline.run(120_000, () => started.isDone);
    await started.done;
    started.machine.clock.kill();
    return this.timeline.nowMs - startMs;
  }

  /** Runs the view until it has nothing more to do. @returns what ended it before */
  async runThrough(): Promise<MillraceError | undefined> {
    const started = this.start();
    await this.timeline.run(4000, () => started.isDone);
    await this.stop(started);
    return started.error;
  }

  /** What the changelog holds, by key as latin1. */
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

  /** Committed rows of the target. */
  get written(): number {
    return this.cluster.log(this.view.target, 0).committed().length;
  }
}
