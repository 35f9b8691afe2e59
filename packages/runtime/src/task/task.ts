import { unlessAborted } from '@millrace/core';
import type { Chunk } from '@millrace/data';
import type { PartitionOffset } from '@millrace/kafka-client';
import type { QueryPlan, ValuesNode } from '@millrace/planner';
import { RowFailure } from '../expression/row-failure.ts';
import type { Mark, Output } from '../operators/operator.ts';
import type { Stage } from '../operators/stage.ts';
import { valuesChunk } from '../operators/values.ts';
import type { Sink } from '../sinks/sink.ts';
import { GroupProgress } from '../sources/group-progress.ts';
import { Scan } from '../sources/scan.ts';
import type { ScanRecovery } from '../sources/scan-recovery.ts';
import type { Pace, SourceContext } from '../sources/source-ports.ts';
import { MemoryBudget } from '../state/memory-budget.ts';
import type { Checkpoint } from './checkpoint.ts';
import { buildPipeline, type Pipeline, type PipelineInput } from './pipeline.ts';
import type { QueryState, QueryStatistics } from './statistics.ts';

export interface TaskOptions {
  readonly queryId: string;
  readonly plan: QueryPlan;
  /** Bound on what the operators hold together. */
  readonly memoryBytes: number;
  /** Set on a task that may stop and go on later; without it the task is shown to Kafka's tools as a group of its own. */
  readonly recovery?: TaskRecovery;
}

/** What a task needs that outlives its process. */
export interface TaskRecovery {
  readonly scans: ScanRecovery;
  readonly checkpoint: Checkpoint;
}

/** Everything behind the last operator. */
class Result implements Output {
  readonly #sink: Sink;
  hasEnded = false;
  watermarkMs = Number.NEGATIVE_INFINITY;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  chunk(chunk: Chunk): void {
    if (!this.hasEnded) this.#sink.chunk(chunk);
  }

  mark(mark: Mark): void {
    if (mark.kind === 'end') this.hasEnded = true;
    else if (mark.kind === 'watermark') this.watermarkMs = mark.timeMs;
  }
}

/**
 * Runs one plan in the current thread: sources one after another (only bounded ones come several at a time), operators
 * synchronously, waiting where the sink has no room.
 */
export class Task {
  readonly #options: TaskOptions;
  readonly #context: SourceContext;
  readonly #sink: Sink;
  readonly #memory: MemoryBudget;
  readonly #pipeline: Pipeline;
  readonly #result: Result;
  readonly #scans = new Map<PipelineInput, Scan>();
  readonly #abort = new AbortController();
  readonly #group: GroupProgress | null;
  readonly #checkpoint: Checkpoint | null;
  readonly #startMs: number;
  #state: QueryState = 'starting';
  #isStopping = false;

  constructor(options: TaskOptions, context: SourceContext, sink: Sink) {
    const { plan, queryId, memoryBytes, recovery } = options;
    this.#options = options;
    this.#context = context;
    this.#sink = sink;
    this.#startMs = context.clock.monotonic();
    this.#memory = new MemoryBudget(memoryBytes);
    this.#result = new Result(sink);
    const { kernels, clock } = context;
    this.#pipeline = buildPipeline(plan.root, this.#result, () => this.#result.hasEnded, {
      kernels,
      clock,
      memory: this.#memory,
      keepsState: recovery !== undefined,
    });
    for (const input of this.#pipeline.inputs)
      if (input.node.node === 'scan') this.#scans.set(input, new Scan(input.node, context, input.out, recovery?.scans));
    const topics = [...new Set([...this.#scans.values()].map(({ topic }) => topic))];
    const group = { groupId: `millrace.query.${queryId}`, topics, positions: () => this.positions };
    this.#group = topics.length === 0 || recovery !== undefined ? null : new GroupProgress(context.kafka, group, context);
    this.#checkpoint = recovery?.checkpoint ?? null;
  }

  /** The operators, from the sources to the result. */
  get stages(): readonly Stage[] {
    return this.#pipeline.stages;
  }

  /** All windows that end by then have been given to the sink. −Infinity before the first watermark. */
  get watermarkMs(): number {
    return this.#result.watermarkMs;
  }

  /** Rows given to the sink. */
  get rowsOut(): number {
    return this.#sink.rowsOut;
  }

  get scans(): readonly Scan[] {
    return [...this.#scans.values()];
  }

  /** The next record of each partition. */
  get positions(): PartitionOffset[] {
    return this.scans.flatMap(({ progress }) =>
      progress.map(({ topic, partition, nextOffset }) => ({ topic, partition, offset: nextOffset })),
    );
  }

  /** Lets the run end between two record batches, without an end of its inputs: nothing is closed or handed out for it. */
  stop(): void {
    this.#isStopping = true;
    for (const scan of this.#scans.values()) scan.wake();
  }

  /** Ends the run with this error. */
  cancel(error: Error): void {
    this.#abort.abort(error);
  }

  /**
   * Runs to the end. @param onReady is called when the positions are fixed: what is written to the topics from then on is seen.
   * @throws what ends the query, once all is closed.
   */
  async run(onReady: () => void): Promise<void> {
    try {
      await unlessAborted(Promise.all([...this.#scans.values()].map((scan) => scan.open())), this.#abort.signal);
      this.#abort.signal.throwIfAborted();
      await unlessAborted(Promise.resolve(this.#sink.start()), this.#abort.signal);
      this.#state = 'running';
      onReady();
      this.#group?.start(!this.#options.plan.bounded);
      for (const input of this.#pipeline.inputs) await this.#runInput(input);
      await unlessAborted(this.#sink.finish(this.#resultStatistics()), this.#abort.signal);
      this.#state = 'finished';
    } catch (error) {
      this.#state = 'failed';
      throw error instanceof RowFailure ? error.cause : error;
    } finally {
      await this.#close();
    }
  }

  /** Resolves some time after the end: when the sink, and the group that showed the query to Kafka's tools, are gone as well. */
  released: Promise<unknown> = Promise.resolve();

  statistics(): QueryStatistics {
    const scans = [...this.#scans.values()];
    const operators = this.#pipeline.stages.map(({ operator, rowsIn, rowsOut }) => ({
      name: operator.name,
      rowsIn,
      rowsOut,
      rowsLate: operator.losses.late,
      rowsFiltered: operator.losses.filtered,
      rowsBuffered: operator.bufferedRows,
    }));
    const isWaiting = this.#state === 'running' && scans.some(({ isAnswering }) => !isAnswering);
    return {
      state: isWaiting ? 'waiting' : this.#state,
      rowsIn: sum(scans, ({ recordsIn }) => recordsIn),
      rowsOut: this.#sink.rowsOut,
      rowsLate: sum(operators, ({ rowsLate }) => rowsLate),
      rowsUndecodable: sum(scans, ({ undecodable }) => undecodable.count),
      rowsFiltered: sum(operators, ({ rowsFiltered }) => rowsFiltered),
      bytesIn: sum(scans, ({ bytesIn }) => bytesIn),
      elapsedMs: this.#context.clock.monotonic() - this.#startMs,
      stateBytes: this.#memory.usedBytes,
      samples: {
        undecodable: scans.flatMap(({ undecodable }) => undecodable.samples),
        late: this.#pipeline.stages.flatMap(({ operator }) => operator.losses.lateSamples),
      },
      operators: [
        ...scans.map((scan) => ({
          name: `scan ${scan.stream}`,
          rowsIn: scan.recordsIn,
          rowsOut: scan.rowsOut,
          rowsLate: 0,
          rowsFiltered: 0,
          rowsBuffered: 0,
        })),
        ...operators,
      ],
      partitions: scans.flatMap(({ progress }) => progress),
    };
  }

  async #runInput(input: PipelineInput): Promise<void> {
    if (input.hasEnded()) return;
    const scan = this.#scans.get(input);
    if (scan === undefined) {
      input.out.chunk(valuesChunk(input.node as ValuesNode));
      input.out.mark({ kind: 'end' });
      return;
    }
    await scan.run(this.#pace(input));
  }

  #pace(input: PipelineInput): Pace {
    const [sink, memory, abort, { stages }, checkpoint] = [this.#sink, this.#memory, this.#abort, this.#pipeline, this.#checkpoint];
    const { clock } = this.#context;
    const isStopping = () => this.#isStopping;
    return {
      ready() {
        const isDue = checkpoint !== null && checkpoint.dueMs <= clock.monotonic();
        const room = isDue ? checkpoint.commit().then(() => sink.ready()) : sink.ready();
        return room && unlessAborted(room, abort.signal);
      },
      get isStopping() {
        return isStopping();
      },
      get wakeAtMs() {
        let earliest = checkpoint?.dueMs ?? Number.POSITIVE_INFINITY;
        for (const { operator } of stages) if (operator.wakeAtMs < earliest) earliest = operator.wakeAtMs;
        return earliest;
      },
      check: () => memory.check(),
      get hasEnded() {
        return input.hasEnded();
      },
      signal: abort.signal,
    };
  }

  #resultStatistics() {
    const { rowsIn, bytesIn, elapsedMs } = this.statistics();
    return { rows: this.#sink.rowsOut, elapsedMs, rowsRead: rowsIn, bytesRead: bytesIn };
  }

  async #close(): Promise<void> {
    const sink = this.#sink.close().catch((error: unknown) => {
      this.#context.logger.debug({ error: String(error) }, 'the sink of a query did not close');
    });
    // Neither is waited for: both may want a broker that does not answer.
    this.released = Promise.all([this.#group?.close(), sink]);
    await Promise.all([...this.#scans.values()].map((scan) => scan.close()));
  }
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
