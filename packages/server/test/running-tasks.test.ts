import type { QueryState, QueryStatistics } from '@millrace/runtime';
import { describe, expect, it } from 'vitest';
import { RunningTasks } from '../src/views/running-tasks.ts';

const statisticsOf = (state: QueryState, figures: Partial<QueryStatistics> = {}): QueryStatistics => ({
  state,
  rowsIn: 0,
  rowsOut: 0,
  rowsLate: 0,
  rowsUndecodable: 0,
  rowsFiltered: 0,
  bytesIn: 0,
  elapsedMs: 0,
  stateBytes: 0,
  samples: { undecodable: [], late: [] },
  operators: [],
  partitions: [],
  ...figures,
});
const viewOf = (topic: string, offsets: readonly number[], lastCommitMs: number | null, rate: number) => ({
  lastCommitMs,
  commits: 2,
  restarts: 1,
  lastError: lastCommitMs === null ? 'no broker' : null,
  deadLetters: 3,
  rate,
  committed: offsets.map((offset, partition) => ({ topic, partition, offset })),
});

/** A task as the engine runs it. */
class FakeTask {
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  readonly ready = this.#ready.promise;
  readonly done = this.#done.promise;
  readonly #statistics: QueryStatistics;
  stops = 0;

  constructor(statistics: QueryStatistics) {
    this.#statistics = statistics;
    this.ready.catch(() => {});
    this.done.catch(() => {});
  }

  begin(): void {
    this.#ready.resolve();
  }

  fail(error: Error): void {
    this.#ready.reject(error);
    this.#done.reject(error);
  }

  stop(): Promise<void> {
    this.stops++;
    this.#done.resolve();
    return this.done;
  }

  async statistics(): Promise<QueryStatistics> {
    return this.#statistics;
  }
}

const reading = (task: FakeTask) => ({ reads: 'source', writes: 'exchange', running: task }) as const;
const giving = (task: FakeTask) => ({ reads: 'exchange', writes: 'target', running: task }) as const;

describe('the tasks of a view', () => {
  it('are shown as one: what is read comes from the first, what is given from the last, and the state is that which needs looking after', async () => {
    const tasks = new RunningTasks([
      reading(new FakeTask(statisticsOf('running', { rowsIn: 5, rowsOut: 4, rowsLate: 1, view: viewOf('s', [7, 2], 1000, 2.5) }))),
      reading(new FakeTask(statisticsOf('standby', { rowsIn: 1, rowsOut: 1, view: viewOf('s', [3, 9], null, 0.5) }))),
      giving(new FakeTask(statisticsOf('waiting', { rowsIn: 5, rowsOut: 2, view: viewOf('x', [11], 3000, 8) }))),
    ]);
    const { state, rowsIn, rowsOut, rowsLate, view } = await tasks.statistics();
    expect({ state, rowsIn, rowsOut, rowsLate }).toEqual({ state: 'waiting', rowsIn: 6, rowsOut: 2, rowsLate: 1 });
    expect(view).toEqual({
      lastCommitMs: 3000,
      commits: 6,
      restarts: 3,
      lastError: 'no broker',
      deadLetters: 9,
      rate: 3,
      committed: [
        { topic: 's', partition: 0, offset: 7 },
        { topic: 's', partition: 1, offset: 9 },
        { topic: 'x', partition: 0, offset: 11 },
      ],
    });
  });

  it('run when all of them do', async () => {
    const [one, other] = [new FakeTask(statisticsOf('running')), new FakeTask(statisticsOf('running'))];
    const tasks = new RunningTasks([reading(one), giving(other)]);
    let isReady = false;
    const ready = tasks.ready.then(() => {
      isReady = true;
    });
    one.begin();
    await Promise.resolve();
    expect(isReady).toBe(false);
    other.begin();
    await ready;
    await tasks.stop();
    await tasks.done;
    expect([one.stops, other.stops]).toEqual([1, 1]);
  });

  it('end together: when one has failed, the others are stopped first', async () => {
    const [one, other] = [new FakeTask(statisticsOf('running')), new FakeTask(statisticsOf('running'))];
    const tasks = new RunningTasks([reading(one), giving(other)]);
    other.begin();
    one.fail(new Error('a bad record'));
    await expect(tasks.ready).rejects.toThrow('a bad record');
    await expect(tasks.done).rejects.toThrow('a bad record');
    expect(other.stops).toBe(1);
  });
});
