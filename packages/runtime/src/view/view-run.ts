import { asMillraceError, type Disk, delay, MillraceError, unlessAborted } from '@millrace/core';
import type { Formats } from '@millrace/formats';
import type { TransactionalProducer } from '@millrace/kafka-client';
import { StreamSink } from '../sinks/stream-sink.ts';
import type { ScanRecovery } from '../sources/scan-recovery.ts';
import type { SourceContext } from '../sources/source-ports.ts';
import { Task } from '../task/task.ts';
import { type ChangelogContents, ownerName } from './changelog.ts';
import type { FailedRecords } from './failed-records.ts';
import { LocalSnapshot } from './local-snapshot.ts';
import { ViewCheckpoint } from './view-checkpoint.ts';
import type { ViewKafka, ViewMember } from './view-kafka.ts';
import type { ViewRequest } from './view-request.ts';

/** What a view uses of its surroundings. */
export interface ViewContext extends SourceContext {
  readonly kafka: ViewKafka;
  /** Holds snapshots. */
  readonly disk: Disk;
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
/** So often it is asked for before it counts as gone. */
const askedForChangelog = 5;
const askAgainMs = 400;

/**
 * One run of a view in one owner, from its restored state to the next stop or failure. After a failure nothing of it is used
 * again: the next run begins with what was committed.
 */
export class ViewRun {
  readonly task: Task;
  readonly checkpoint: ViewCheckpoint;
  /** Entries that the changelog held. */
  readonly restoredEntries: number;
  readonly #snapshot: LocalSnapshot;
  readonly #producer: TransactionalProducer;
  readonly #abandoned = new AbortController();

  private constructor(
    task: Task,
    checkpoint: ViewCheckpoint,
    restoredEntries: number,
    snapshot: LocalSnapshot,
    producer: TransactionalProducer,
  ) {
    this.task = task;
    this.checkpoint = checkpoint;
    this.restoredEntries = restoredEntries;
    this.#snapshot = snapshot;
    this.#producer = producer;
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
    const producer = await openProducer(request, context.kafka, signal);
    const snapshot = new LocalSnapshot(request, context);
    try {
      const read = () => unlessAborted(readState(snapshot, request, context, signal), signal);
      const begin = (contents: ChangelogContents) => ViewRun.#begin(request, context, producer, member, failed, events, snapshot, contents);
      const contents = await read();
      try {
        return begin(contents);
      } catch (failure) {
        const { code, message } = asMillraceError(failure);
        if (code !== 'STATE_INVALID' || !snapshot.isUsed) throw failure;
        snapshot.discard(message);
        return begin(await read());
      }
    } catch (failure) {
      await producer.close();
      throw failure;
    }
  }

  static #begin(
    request: ViewRequest,
    context: ViewContext,
    producer: TransactionalProducer,
    member: ViewMember,
    failed: FailedRecords,
    events: ViewRunEvents,
    snapshot: LocalSnapshot,
    contents: ChangelogContents,
  ): ViewRun {
    const onCommit = (changelogBytes: number) => {
      void snapshot.grown(changelogBytes);
      for (const { topic, partition, offset } of checkpoint.committed) failed.forgetBefore(topic, partition, offset);
      if (!isRunning) events.onRunning();
      isRunning = true;
      events.onCommit();
    };
    let isRunning = false;
    const checkpoint = new ViewCheckpoint(request, producer, member, context.clock, contents, onCommit);
    const task = createTask(request, context, checkpoint, recoveryOf(request, contents, checkpoint, failed));
    checkpoint.follow(task);
    restore(task, contents);
    return new ViewRun(task, checkpoint, contents.size, snapshot, producer);
  }

  /** Resolves when it was stopped, everything committed. @throws what it failed with; nothing since the last commit counts then. */
  async run(): Promise<void> {
    const { signal } = this.#abandoned;
    try {
      await this.task.run(() => {});
      signal.throwIfAborted();
      await unlessAborted(this.checkpoint.commit(), signal);
    } finally {
      await this.#snapshot.close();
      // Brokers that do not answer would be waited for in vain: who opens the next producer ends what this one leaves open.
      const closing = this.#producer.close().catch(() => {});
      if (!signal.aborted) await closing;
    }
  }

  /** Ends it between two record batches, what was done committed. */
  stop(): void {
    this.task.stop();
  }

  /** Ends it at once, nothing committed: another owner may have taken over. */
  abandon(reason: MillraceError): void {
    this.#abandoned.abort(reason);
    this.task.cancel(reason);
  }
}

/** Who opens it when nobody waits any more closes it again. */
function openProducer(
  { transactionalId, transactionTimeoutMs }: ViewRequest,
  kafka: ViewKafka,
  signal: AbortSignal,
): Promise<TransactionalProducer> {
  const opening = kafka.openTransactionalProducer({
    transactionalId,
    transactionTimeoutMs,
    // What takes longer is in vain: the brokers have aborted the transaction by then.
    operationTimeoutMs: transactionTimeoutMs,
    batchSizeBytes: batchBytes,
    maxBufferedBytes: bufferedBytesMax,
  });
  const closeUnheard = (producer: TransactionalProducer) => (signal.aborted ? producer.close() : undefined);
  opening.then(closeUnheard).catch(() => {});
  return unlessAborted(opening, signal);
}

/** @throws {MillraceError} STATE_INVALID also where the changelog is gone: brokers that have just started may not know it yet, and are asked again. */
async function readState(snapshot: LocalSnapshot, { changelogTopic }: ViewRequest, { clock }: ViewContext, signal: AbortSignal) {
  for (let asked = 1; ; asked++) {
    try {
      return await snapshot.read(signal);
    } catch (failure) {
      const cause = asMillraceError(failure);
      if (cause.code !== 'KAFKA_TOPIC_UNKNOWN') throw failure;
      if (asked === askedForChangelog) throw changelogGone(changelogTopic, cause);
      await delay(clock, askAgainMs, signal);
    }
  }
}

function changelogGone(topic: string, cause: MillraceError): MillraceError {
  return new MillraceError('STATE_INVALID', `the changelog "${topic}" does not exist any more: what the view has computed is lost`, {
    cause,
    details: { topic },
    hint: 'drop the view and create it again',
  });
}

function recoveryOf(
  { deadLetterTopic, replayTopic, onLostData }: ViewRequest,
  contents: ChangelogContents,
  checkpoint: ViewCheckpoint,
  failed: FailedRecords,
): ScanRecovery {
  // The contents are as large as the state: nothing that lasts may hold them.
  const positions = contents.positions();
  const times = new Map(positions.map(({ topic, partition }) => [`${partition}@${topic}`, contents.positionTime({ topic, partition })]));
  return {
    onLostData,
    replayTopic,
    offsetsOf: (topic) =>
      new Map(positions.filter((position) => position.topic === topic).map(({ partition, offset }) => [partition, offset])),
    positionTime: (topic, partition) => times.get(`${partition}@${topic}`),
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

/** @throws {MillraceError} STATE_INVALID if entries are damaged, or of somebody whom the plan does not have. */
function restore({ stages, scans }: Task, contents: ChangelogContents): void {
  const unknown = contents.owners();
  for (const index of stages.keys()) unknown.delete(ownerName({ kind: 'operator', index }));
  for (const index of scans.keys()) unknown.delete(ownerName({ kind: 'scan', index }));
  if (unknown.size > 0) {
    throw new MillraceError('STATE_INVALID', `the view has state of ${[...unknown].join(', ')}, which its query does not have`, {
      hint: 'the state belongs to another query',
    });
  }
  for (const [index, { operator }] of stages.entries()) operator.state?.restore(contents.of({ kind: 'operator', index }));
  for (const [index, { state }] of scans.entries()) state?.restore(contents.of({ kind: 'scan', index }));
}
