import { unlessAborted } from '@millrace/core';
import type { Chunk } from '@millrace/data';
import type { PartitionOffset, TopicPartition } from '@millrace/kafka-client';
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
import type { OperatorState } from '../state/operator-state.ts';
import type { Checkpoint } from './checkpoint.ts';
import { buildPipeline, type Pipeline, type PipelineInput } from './pipeline.ts';
import type { QueryState, QueryStatistics } from './statistics.ts';

/** So many late rows are shown. */
const maxLateSamples = 10;

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
  /** Partitions that the task reads alone, each kept apart from the others; null = it reads all there are, and has one state. */
  readonly lanes: readonly TopicPartition[] | null;
}

/** A part of a task that has a state of its own. */
export interface TaskPart {
  /** What it reads; null = all that the task reads. */
  readonly lane: TopicPartition | null;
  /** From the sources to the result. */
  readonly stages: readonly Stage[];
  /** Of each scan, what of it must survive a restart beside the positions. */
  readonly scanStates: readonly (OperatorState | null)[];
}

/** Everything behind the last operator. */
class Result implements Output {
  readonly #sink: Sink;
  readonly lane: TopicPartition | null;
  hasEnded = false;
  watermarkMs = Number.NEGATIVE_INFINITY;

  constructor(sink: Sink, lane: TopicPartition | null) {
    this.#sink = sink;
    this.lane = lane;
  }

  chunk(chunk: Chunk): void {
    if (!this.hasEnded) this.#sink.chunk(chunk, this.lane);
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
  /** One, or one for each lane. */
  readonly #branches: readonly { readonly pipeline: Pipeline; readonly result: Result }[];
  readonly #scans = new Map<PipelineInput, Scan>();
  readonly #abort = new AbortController();
  readonly #group: GroupProgress | null;
  readonly #checkpoint: Checkpoint | null;
  readonly #startMs: number;
  #state: QueryState = 'starting';
  #isStopping = false;

  constructor(options: TaskOptions, context: SourceContext, sink: Sink) {
    const { queryId, memoryBytes, recovery } = options;
    this.#options = options;
    this.#context = context;
    this.#sink = sink;
    this.#startMs = context.clock.monotonic();
    this.#memory = new MemoryBudget(memoryBytes);
    this.#branches = (recovery?.lanes ?? [null]).map((lane) => this.#branch(lane));
    for (const [index, input] of this.#branches[0]!.pipeline.inputs.entries()) {
      if (input.node.node !== 'scan') continue;
      const outputs = this.#branches.map((branch) => ({ of: branch.result.lane, out: branch.pipeline.inputs[index]!.out }));
      this.#scans.set(input, new Scan(input.node, context, outputs, recovery?.scans));
    }
    const topics = [...new Set([...this.#scans.values()].map(({ topic }) => topic))];
    const group = { groupId: `millrace.query.${queryId}`, topics, positions: () => this.positions };
    this.#group = topics.length === 0 || recovery !== undefined ? null : new GroupProgress(context.kafka, group, context);
    this.#checkpoint = recovery?.checkpoint ?? null;
  }

  /** What has a state of its own: the whole, or each lane. */
  get parts(): readonly TaskPart[] {
    return this.#branches.map(({ pipeline, result }, index) => ({
      lane: result.lane,
      stages: pipeline.stages,
      scanStates: this.scans.map(({ lanes }) => lanes[index]!.state),
    }));
  }

  /** All windows that end by then have been given to the sink. −Infinity before the first watermark. */
  get watermarkMs(): number {
    return Math.min(...this.#branches.map(({ result }) => result.watermarkMs));
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
      for (const input of this.#branches[0]!.pipeline.inputs) await this.#runInput(input);
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
    const operators = this.#branches[0]!.pipeline.stages.map(({ operator: { name } }, index) => {
      const alike = this.#branches.map(({ pipeline }) => pipeline.stages[index]!);
      return {
        name,
        rowsIn: sum(alike, ({ rowsIn }) => rowsIn),
        rowsOut: sum(alike, ({ rowsOut }) => rowsOut),
        rowsLate: sum(alike, ({ operator }) => operator.losses.late),
        rowsFiltered: sum(alike, ({ operator }) => operator.losses.filtered),
        rowsBuffered: sum(alike, ({ operator }) => operator.bufferedRows),
      };
    });
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
        late: this.#stages.flatMap(({ operator }) => operator.losses.lateSamples).slice(0, maxLateSamples),
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

  #branch(lane: TopicPartition | null): { readonly pipeline: Pipeline; readonly result: Result } {
    const result = new Result(this.#sink, lane);
    const { kernels, clock } = this.#context;
    const { plan, recovery } = this.#options;
    const operators = { kernels, clock, memory: this.#memory, keepsState: recovery !== undefined };
    return { pipeline: buildPipeline(plan.root, result, () => result.hasEnded, operators), result };
  }

  get #stages(): Stage[] {
    return this.#branches.flatMap(({ pipeline }) => pipeline.stages);
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
    const [sink, memory, abort, stages, checkpoint] = [this.#sink, this.#memory, this.#abort, this.#stages, this.#checkpoint];
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
