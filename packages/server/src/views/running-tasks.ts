import type { QueryState, QueryStatistics, RunningView, ViewStatistics } from '@millrace/runtime';
import type { TaskRequest } from './plan-definition.ts';

/** A task of a view, and what it reads and writes. */
interface RunningTask extends Pick<TaskRequest, 'reads' | 'writes'> {
  readonly running: Pick<RunningView, 'ready' | 'done' | 'stop' | 'statistics'>;
}

/** What a view is in if one of its tasks is: what needs looking after goes before what does not. */
const statesByWeight: readonly QueryState[] = ['failed', 'waiting', 'starting', 'restoring', 'running', 'standby', 'stopped', 'finished'];

/** The tasks of a view that this server takes part with, as one. */
export class RunningTasks {
  readonly #tasks: readonly RunningTask[];
  /** Resolves when each of them runs, or is known to be run elsewhere. Rejects if one fails before, when the others have been stopped. */
  readonly ready: Promise<void>;
  /** Resolves when all were stopped; rejects, the others stopped, with what ended one of them. */
  readonly done: Promise<void>;

  constructor(tasks: readonly RunningTask[]) {
    this.#tasks = tasks;
    this.done = this.#untilDone();
    this.ready = this.#untilReady();
    this.ready.catch(() => {});
    this.done.catch(() => {});
  }

  /** Lets all commit and end. @throws what one has failed with */
  async stop(): Promise<void> {
    await Promise.all(this.#tasks.map(({ running }) => running.stop()));
  }

  async statistics(): Promise<QueryStatistics> {
    const all = await Promise.all(
      this.#tasks.map(async ({ reads, writes, running }) => ({ reads, writes, of: await running.statistics() })),
    );
    return all.length === 1 ? all[0]!.of : merged(all);
  }

  async #untilReady(): Promise<void> {
    try {
      await Promise.all(this.#tasks.map(({ running }) => running.ready));
    } catch (failure) {
      // Whoever starts it anew finds nobody in its place.
      await this.done.catch(() => {});
      throw failure;
    }
  }

  async #untilDone(): Promise<void> {
    try {
      await Promise.all(this.#tasks.map(({ running }) => running.done));
    } catch (failure) {
      await Promise.allSettled(this.#tasks.map(({ running }) => running.stop()));
      throw failure;
    }
  }
}

interface TaskStatistics extends Pick<TaskRequest, 'reads' | 'writes'> {
  readonly of: QueryStatistics;
}

function merged(tasks: readonly TaskStatistics[]): QueryStatistics {
  const all = tasks.map(({ of }) => of);
  const sources = tasks.filter(({ reads }) => reads === 'source').map(({ of }) => of);
  const results = tasks.filter(({ writes }) => writes === 'target').map(({ of }) => of);
  return {
    state: statesByWeight.find((state) => all.some((of) => of.state === state))!,
    rowsIn: sum(sources, ({ rowsIn }) => rowsIn),
    rowsOut: sum(results, ({ rowsOut }) => rowsOut),
    rowsLate: sum(all, ({ rowsLate }) => rowsLate),
    rowsUndecodable: sum(all, ({ rowsUndecodable }) => rowsUndecodable),
    rowsFiltered: sum(all, ({ rowsFiltered }) => rowsFiltered),
    bytesIn: sum(sources, ({ bytesIn }) => bytesIn),
    elapsedMs: Math.max(...all.map(({ elapsedMs }) => elapsedMs)),
    stateBytes: sum(all, ({ stateBytes }) => stateBytes),
    samples: {
      undecodable: all.flatMap(({ samples }) => samples.undecodable),
      late: all.flatMap(({ samples }) => samples.late),
    },
    operators: all.flatMap(({ operators }) => operators),
    partitions: all.flatMap(({ partitions }) => partitions),
    view: mergedView(all, sources),
  };
}

function mergedView(all: readonly QueryStatistics[], sources: readonly QueryStatistics[]): ViewStatistics {
  const views = all.flatMap(({ view }) => view ?? []);
  const committed = new Map<string, ViewStatistics['committed'][number]>();
  // A task tells of what it has had, too: the furthest is what holds.
  for (const position of views.flatMap((view) => view.committed)) {
    const key = `${position.partition}@${position.topic}`;
    if ((committed.get(key)?.offset ?? -1) < position.offset) committed.set(key, position);
  }
  const commits = views.flatMap(({ lastCommitMs }) => lastCommitMs ?? []);
  return {
    lastCommitMs: commits.length === 0 ? null : Math.max(...commits),
    commits: sum(views, (view) => view.commits),
    restarts: sum(views, ({ restarts }) => restarts),
    lastError: views.find(({ lastError }) => lastError !== null)?.lastError ?? null,
    deadLetters: sum(views, ({ deadLetters }) => deadLetters),
    rate: sum(sources, ({ view }) => view?.rate ?? 0),
    committed: [...committed.values()],
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
