import { SeededRandom, silentLogger } from '@millrace/core';
import { FakeCluster } from '../../runtime/test/view/simulation/fake-cluster.ts';
import type { ReadRecord } from '../../runtime/test/view/simulation/fake-log.ts';
import { Timeline } from '../../runtime/test/view/simulation/timeline.ts';
import type { PipeRequest } from '../src/task/pipe-request.ts';
import { PipeTask } from '../src/task/pipe-task.ts';
import type { FakeStages } from './fake-stages.ts';
import { PipeMachine } from './simulation/pipe-machine.ts';

/** A record to be written: with a value, or deleting. */
export interface Written {
  readonly key?: string;
  readonly value: unknown;
  readonly timestampMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const startMs = Date.UTC(2026, 0, 1);

/** A cluster and servers in simulated time. */
export class PipeWorld {
  readonly timeline = new Timeline();
  readonly random: SeededRandom;
  readonly cluster: FakeCluster;

  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
    this.cluster = new FakeCluster(this.timeline, this.random);
  }

  /** Appends one record batch. */
  write(topic: string, partition: number, records: readonly Written[]): void {
    this.cluster.append(
      topic,
      partition,
      records.map(({ key, value, timestampMs = 1000, headers = {} }) => ({
        timestampMs,
        key: key === undefined ? null : Buffer.from(key),
        value: value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
        headers: Object.entries(headers).map(([name, text]) => ({ key: name, value: Buffer.from(text) })),
      })),
    );
  }

  start(request: PipeRequest, stages: FakeStages): RunningTask {
    return new RunningTask(this, request, stages);
  }

  /** What readers of committed records see. */
  read(topic: string, partition = 0): ReadRecord[] {
    return this.cluster.log(topic, partition).committed();
  }

  /** The group's offset. */
  committed(topic: string, partition = 0, groupId = 'millrace.pipe.p'): number | undefined {
    return this.cluster.group(groupId).offsets.get(`${partition}@${topic}`);
  }

  /** Lets time pass until it is so. */
  async until(isSo: () => boolean, ms = 60_000): Promise<void> {
    await this.timeline.run(ms, isSo);
    if (!isSo()) throw new Error(`it did not become so within ${ms} ms`);
  }
}

/** A pipe in a process of its own. */
export class RunningTask {
  readonly machine: PipeMachine;
  readonly task: PipeTask;
  readonly #world: PipeWorld;
  isReady = false;
  ended: { readonly error: unknown } | undefined;

  constructor(world: PipeWorld, request: PipeRequest, stages: FakeStages) {
    this.#world = world;
    this.machine = new PipeMachine(world.cluster, startMs);
    const { clock } = this.machine;
    this.task = new PipeTask(request, { kafka: this.machine, stages, clock, random: world.random, logger: silentLogger });
    this.task
      .run(() => {
        this.isReady = true;
      })
      .then(
        () => {
          this.ended = { error: null };
        },
        (error: unknown) => {
          this.ended = { error };
        },
      );
  }

  /** Lets it end well. */
  async stop(): Promise<void> {
    this.task.stop();
    await this.#world.until(() => this.ended !== undefined);
  }

  /** The process is gone, with all that it had under way. */
  kill(): void {
    this.machine.clock.kill();
  }
}
