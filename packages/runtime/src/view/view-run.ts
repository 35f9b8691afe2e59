import { MillraceError } from '@millrace/core';
import type { Formats } from '@millrace/formats';
import { StreamSink } from '../sinks/stream-sink.ts';
import type { ScanRecovery } from '../sources/scan-recovery.ts';
import type { SourceContext } from '../sources/source-ports.ts';
import { Task } from '../task/task.ts';
import { type ChangelogContents, readChangelog } from './changelog.ts';
import type { FailedRecords } from './failed-records.ts';
import { ViewCheckpoint } from './view-checkpoint.ts';
import type { ViewKafka, ViewMember } from './view-kafka.ts';
import type { ViewRequest } from './view-request.ts';

/** What a view uses of its surroundings. */
export interface ViewContext extends SourceContext {
  readonly kafka: ViewKafka;
  readonly formats: Pick<Formats, 'createRecordDecoder' | 'createRecordEncoder'>;
}

/** What a run of a view tells. */
export interface ViewRunEvents {
  /** State and positions are restored, and the first positions committed: what is written to the sources from then on is seen. */
  onRunning(): void;
  onCommit(): void;
}

/** Most bytes that wait to be sent: the rows of a commit interval, and the states that changed in it. */
const bufferedBytesMax = 32 * 1024 * 1024;
const batchBytes = 64 * 1024;

/**
 * One run of a view in one owner, from its restored state to the next stop or failure. After a failure nothing of it is used
 * again: the next run begins with what was committed.
 */
export class ViewRun {
  readonly task: Task;
  readonly checkpoint: ViewCheckpoint;
  /** Entries that the changelog held. */
  readonly restoredEntries: number;
  readonly #close: () => Promise<void>;
  #isAbandoned = false;

  private constructor(task: Task, checkpoint: ViewCheckpoint, restoredEntries: number, close: () => Promise<void>) {
    this.task = task;
    this.checkpoint = checkpoint;
    this.restoredEntries = restoredEntries;
    this.#close = close;
  }

  /**
   * Takes the view over: fences a former owner, reads the state back.
   * @throws {MillraceError} what Kafka refuses; STATE_INVALID
   */
  static async open(
    request: ViewRequest,
    context: ViewContext,
    member: ViewMember,
    failed: FailedRecords,
    events: ViewRunEvents,
    signal: AbortSignal,
  ): Promise<ViewRun> {
    const { kafka } = context;
    const { transactionalId, transactionTimeoutMs, changelogTopic } = request;
    const producer = await kafka.openTransactionalProducer({
      transactionalId,
      transactionTimeoutMs,
      batchSizeBytes: batchBytes,
      maxBufferedBytes: bufferedBytesMax,
    });
    try {
      signal.throwIfAborted();
      const contents = await readChangelog(kafka, changelogTopic, signal);
      const positions = contents.positions();
      const committed = [...positions].flatMap(([topic, of]) => [...of].map(([partition, offset]) => ({ topic, partition, offset })));
      const onCommit = () => {
        for (const { topic, partition, offset } of checkpoint.committed) failed.forgetBefore(topic, partition, offset);
        if (!isRunning) events.onRunning();
        isRunning = true;
        events.onCommit();
      };
      let isRunning = false;
      const checkpoint = new ViewCheckpoint(request, producer, member, context.clock, committed, onCommit);
      const task = createTask(request, context, checkpoint, recoveryOf(request, positions, checkpoint, failed));
      checkpoint.follow(task);
      restore(task, contents);
      return new ViewRun(task, checkpoint, contents.size, () => producer.close());
    } catch (failure) {
      await producer.close();
      throw failure;
    }
  }

  /** Resolves when it was stopped, everything committed. @throws what it failed with; nothing since the last commit counts then. */
  async run(): Promise<void> {
    try {
      await this.task.run(() => {});
      if (!this.#isAbandoned) await this.checkpoint.commit();
    } finally {
      await this.#close();
    }
  }

  /** Ends it between two record batches, what was done committed. */
  stop(): void {
    this.task.stop();
  }

  /** Ends it at once, nothing committed: another owner may have taken over. */
  abandon(reason: MillraceError): void {
    this.#isAbandoned = true;
    this.task.cancel(reason);
  }
}

function recoveryOf(
  { deadLetterTopic, replayTopic, onLostData }: ViewRequest,
  positions: ReadonlyMap<string, ReadonlyMap<number, number>>,
  checkpoint: ViewCheckpoint,
  failed: FailedRecords,
): ScanRecovery {
  const none = new Map<number, number>();
  return {
    onLostData,
    replayTopic,
    offsetsOf: (topic) => positions.get(topic) ?? none,
    failedBefore: (topic, partition) => failed.of(topic, partition),
    refuse(record) {
      if (deadLetterTopic !== null) {
        checkpoint.keep(record, deadLetterTopic);
        return;
      }
      const { topic, partition, offset, reason } = record;
      throw new MillraceError('DATA_UNDECODABLE', `${reason} (${topic}, partition ${partition}, offset ${offset})`, {
        details: { topic, partition, offset },
        hint: "with recovery_policy = 'best_effort' the view keeps such records as dead letters and goes on",
      });
    },
  };
}

function createTask(request: ViewRequest, context: ViewContext, checkpoint: ViewCheckpoint, scans: ScanRecovery): Task {
  const { view, plan, memoryBytes, sink } = request;
  const { kafka, formats, kernels } = context;
  const countPartitions = async () => (await kafka.topic(sink.target.topic)).partitions.length;
  const encoder = formats.createRecordEncoder(sink.format, sink.schema, sink.options);
  const streamSink = new StreamSink(sink.target, encoder, checkpoint.writer, countPartitions, kernels);
  return new Task({ queryId: view, plan, memoryBytes, recovery: { scans, checkpoint } }, context, streamSink);
}

function restore({ stages, scans }: Task, contents: ChangelogContents): void {
  for (const [index, { operator }] of stages.entries()) operator.state?.restore(contents.of({ kind: 'operator', index }));
  for (const [index, { state }] of scans.entries()) state?.restore(contents.of({ kind: 'scan', index }));
}
