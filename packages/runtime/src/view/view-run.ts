import { asMillraceError, type Disk, delay, MillraceError, unlessAborted } from '@millrace/core';
import type { Formats } from '@millrace/formats';
import type { PartitionOffset, TopicPartition, TransactionalProducer } from '@millrace/kafka-client';
import type { PlanNode, WindowPlan } from '@millrace/planner';
import { ExchangeSink } from '../exchange/exchange-sink.ts';
import type { Sink } from '../sinks/sink.ts';
import { StreamSink } from '../sinks/stream-sink.ts';
import type { ScanRecovery } from '../sources/scan-recovery.ts';
import type { SourceContext } from '../sources/source-ports.ts';
import { Task, type TaskPart } from '../task/task.ts';
import { windowShape } from '../window/window-shape.ts';
import { type ChangelogContents, ownerName } from './changelog.ts';
import type { FailedRecords } from './failed-records.ts';
import type { PartsTold } from './held-records.ts';
import { LocalSnapshot } from './local-snapshot.ts';
import { scansOf } from './scans-of.ts';
import { type LanePlace, placeOf, readLanes } from './shared-changelog.ts';
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
  readonly #snapshot: LocalSnapshot | null;
  readonly #producer: TransactionalProducer;
  readonly #abandoned = new AbortController();

  private constructor(
    task: Task,
    checkpoint: ViewCheckpoint,
    restoredEntries: number,
    snapshot: LocalSnapshot | null,
    producer: TransactionalProducer,
  ) {
    this.task = task;
    this.checkpoint = checkpoint;
    this.restoredEntries = restoredEntries;
    this.#snapshot = snapshot;
    this.#producer = producer;
  }

  /**
   * Takes the view over, or some lanes of it: fences a former owner, reads the state back.
   * @param lanes what of it this task has; null = all
   * @param unsettledId of this task's run before, if that may still have something under way: the group would take it for this one's
   * @throws {MillraceError} what Kafka refuses; STATE_INVALID
   */
  static async open(
    request: ViewRequest,
    lanes: readonly TopicPartition[] | null,
    unsettledId: string | null,
    context: ViewContext,
    member: ViewMember,
    failed: FailedRecords,
    events: ViewRunEvents,
    signal: AbortSignal,
  ): Promise<ViewRun> {
    const transactionalId = idOf(request, lanes);
    if (unsettledId !== null && unsettledId !== transactionalId)
      await (await openProducer(unsettledId, request, context.kafka, signal)).close();
    const producer = await openProducer(transactionalId, request, context.kafka, signal);
    const opened = { request, lanes, context, producer, member, failed, events };
    try {
      return lanes === null ? await ViewRun.#openWhole(opened, signal) : await ViewRun.#openLanes(opened, lanes, signal);
    } catch (failure) {
      await producer.close();
      throw failure;
    }
  }

  static async #openWhole(opened: Opened, signal: AbortSignal): Promise<ViewRun> {
    const { request, context } = opened;
    const snapshot = new LocalSnapshot(request, context);
    const read = () =>
      unlessAborted(
        untilThere(() => snapshot.read(signal), request, context, signal),
        signal,
      );
    const begin = (contents: ChangelogContents) => ViewRun.#begin(opened, [{ place: wholePlace, contents }], [], snapshot);
    const contents = await read();
    if (contents.size === 0) await unlessAborted(refuseEmptied(opened), signal);
    try {
      return begin(contents);
    } catch (failure) {
      const { code, message } = asMillraceError(failure);
      if (code !== 'STATE_INVALID' || !snapshot.isUsed) throw failure;
      snapshot.discard(message);
      return begin(await read());
    }
  }

  /** A former owner of a lane, if it goes on, is told by the group that it is none; what it has under way is waited for. */
  static async #openLanes(opened: Opened, lanes: readonly TopicPartition[], signal: AbortSignal): Promise<ViewRun> {
    const { request, context, member } = opened;
    const { kafka } = context;
    // Answered when no transaction is open that holds offsets of these (KIP-447).
    const committed = await unlessAborted(member.committed(lanes), signal);
    const read = async () => {
      const { partitions } = await kafka.topic(request.changelogTopic);
      const places = lanes.map((lane) => placeOf(lane, request, partitions.length));
      const all = await readLanes(kafka, request.changelogTopic, places, signal);
      return places.map((place, index) => ({ place, contents: all[index]! }));
    };
    const restored = await unlessAborted(untilThere(read, request, context, signal), signal);
    const told = await unlessAborted(partsTold(request, lanes, kafka), signal);
    return ViewRun.#begin(opened, restored, committed, null, told);
  }

  static #begin(
    { request, lanes, context, producer, member, failed, events }: Opened,
    restored: readonly Restored[],
    committed: readonly PartitionOffset[],
    snapshot: LocalSnapshot | null,
    told: PartsTold | null = null,
  ): ViewRun {
    const onCommit = (changelogBytes: number) => {
      void snapshot?.grown(changelogBytes);
      for (const { topic, partition, offset } of checkpoint.committed) failed.forgetBefore(topic, partition, offset);
      if (!isRunning) events.onRunning();
      isRunning = true;
      events.onCommit();
    };
    let isRunning = false;
    const checkpoint = new ViewCheckpoint(request, producer, member, context.clock, told, onCommit);
    const sink = createSink(request, context, checkpoint);
    const recovery = { scans: recoveryOf(request, restored, committed, checkpoint, failed), checkpoint, lanes };
    const { view, plan, memoryBytes } = request;
    const task = new Task({ queryId: view, plan, memoryBytes, recovery }, context, sink);
    const tellSources = () => {
      if (sink instanceof ExchangeSink) for (const scan of task.scans) sink.tell(scan.sourceMarks, scan.topicPartitions);
    };
    checkpoint.follow(task, restored, tellSources);
    for (const [index, part] of task.parts.entries()) restore(part, restored[index]!.contents);
    const restoredEntries = restored.reduce((sum, { contents }) => sum + contents.size, 0);
    return new ViewRun(task, checkpoint, restoredEntries, snapshot, producer);
  }

  /** Resolves when it was stopped, everything committed. @throws what it failed with; nothing since the last commit counts then. */
  async run(): Promise<void> {
    const { signal } = this.#abandoned;
    try {
      await this.task.run(() => {});
      signal.throwIfAborted();
      await unlessAborted(this.checkpoint.commit(), signal);
    } finally {
      await this.#snapshot?.close();
      // Brokers that do not answer would be waited for in vain: who opens the next producer ends what this one leaves open.
      const closing = this.#producer.close().catch(() => {});
      if (!signal.aborted) await closing;
    }
  }

  /** The transactional id of a run that may still have a commit under way when it has ended; null if there is none. */
  get unsettledId(): string | null {
    return this.#abandoned.signal.aborted ? this.#producer.transactionalId : null;
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

/** What a run begins with. */
interface Opened {
  readonly request: ViewRequest;
  readonly lanes: readonly TopicPartition[] | null;
  readonly context: ViewContext;
  readonly producer: TransactionalProducer;
  readonly member: ViewMember;
  readonly failed: FailedRecords;
  readonly events: ViewRunEvents;
}

/** A part of the view as the changelog has it. */
interface Restored {
  readonly place: LanePlace;
  readonly contents: ChangelogContents;
}

const wholePlace: LanePlace = { partition: 0, prefix: Buffer.alloc(0) };

/**
 * The transactional id of a task with lanes has the number of the first: whoever gets the same lanes after it ends at once what it left
 * open.
 */
function idOf({ transactionalId }: ViewRequest, lanes: readonly TopicPartition[] | null): string {
  if (lanes === null) return transactionalId;
  return `${transactionalId}.${Math.min(...lanes.map(({ partition }) => partition))}`;
}

/** Who opens it when nobody waits any more closes it again. */
function openProducer(
  transactionalId: string,
  { transactionTimeoutMs }: ViewRequest,
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

/**
 * Reads the state. @throws {MillraceError} STATE_INVALID also where the changelog is gone: brokers that have just started may not know it
 * yet, and are asked again.
 */
async function untilThere<T>(
  read: () => Promise<T>,
  { changelogTopic }: ViewRequest,
  { clock }: ViewContext,
  signal: AbortSignal,
): Promise<T> {
  for (let asked = 1; ; asked++) {
    try {
      return await read();
    } catch (failure) {
      const cause = asMillraceError(failure);
      if (cause.code !== 'KAFKA_TOPIC_UNKNOWN') throw failure;
      if (asked === askedForChangelog) throw changelogGone(changelogTopic, cause);
      await delay(clock, askAgainMs, signal);
    }
  }
}

/** State and offsets are committed together: where there are offsets and no state, that was deleted. @throws {MillraceError} STATE_INVALID */
async function refuseEmptied({ request, context, member }: Opened): Promise<void> {
  const topics = [...new Set(scansOf(request).map(({ topic }) => topic))];
  const found = await Promise.all(topics.map((topic) => context.kafka.topic(topic).catch(() => null)));
  const partitions = found.flatMap((of) => of?.partitions.map(({ partition }) => ({ topic: of.name, partition })) ?? []);
  const committed = await member.committed(partitions);
  if (committed.length === 0) return;
  const { changelogTopic } = request;
  throw new MillraceError('STATE_INVALID', `the changelog "${changelogTopic}" was emptied: what the view has computed is lost`, {
    details: { topic: changelogTopic },
    hint: 'drop the view and create it again',
  });
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
  restored: readonly Restored[],
  committed: readonly PartitionOffset[],
  checkpoint: ViewCheckpoint,
  failed: FailedRecords,
): ScanRecovery {
  // The contents are as large as the state: nothing that lasts may hold them.
  const positions = restored.flatMap(({ contents }) =>
    contents.positions().map((position) => ({ ...position, writtenMs: contents.positionTime(position) })),
  );
  const times = new Map(positions.map(({ topic, partition, writtenMs }) => [`${partition}@${topic}`, writtenMs]));
  return {
    onLostData,
    replayTopic,
    // Where a lane has none of its own yet it begins where the group was set to.
    offsetsOf: (topic) =>
      new Map([...committed, ...positions].filter((of) => of.topic === topic).map(({ partition, offset }) => [partition, offset])),
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

/** What a task with some parts of the groups has to tell to who reads their windows; null if nothing. */
async function partsTold(
  { plan, sink }: ViewRequest,
  lanes: readonly TopicPartition[],
  kafka: Pick<ViewKafka, 'topic'>,
): Promise<PartsTold | null> {
  const window = plan.givesWatermarks ? windowOf(plan.root) : null;
  if (window === null || sink.kind === 'exchange') return null;
  const { topic } = sink.target;
  const [target, exchange] = await Promise.all([kafka.topic(topic), kafka.topic(lanes[0]!.topic)]);
  const shape = windowShape(window);
  return {
    topic,
    partitionCount: target.partitions.length,
    parts: lanes.map(({ partition }) => partition),
    partCount: exchange.partitions.length,
    windowOf: (watermarkMs) => shape.lastStart(watermarkMs),
  };
}

function windowOf(node: PlanNode): WindowPlan | null {
  if (node.node === 'aggregate') return node.window;
  return 'input' in node ? windowOf(node.input) : null;
}

function createSink({ sink }: ViewRequest, { kafka, formats, kernels }: ViewContext, { writer }: ViewCheckpoint): Sink {
  if (sink.kind === 'exchange') return new ExchangeSink(sink, writer, kernels);
  const countPartitions = async () => (await kafka.topic(sink.target.topic)).partitions.length;
  const encoder = formats.createRecordEncoder(sink.format, sink.schema, sink.options);
  return new StreamSink(sink.target, encoder, writer, countPartitions, kernels);
}

/** @throws {MillraceError} STATE_INVALID if entries are damaged, or of somebody whom the plan does not have. */
function restore({ stages, scanStates }: TaskPart, contents: ChangelogContents): void {
  const unknown = contents.owners();
  for (const index of stages.keys()) unknown.delete(ownerName({ kind: 'operator', index }));
  for (const index of scanStates.keys()) unknown.delete(ownerName({ kind: 'scan', index }));
  if (unknown.size > 0) {
    throw new MillraceError('STATE_INVALID', `the view has state of ${[...unknown].join(', ')}, which its query does not have`, {
      hint: 'the state belongs to another query',
    });
  }
  for (const [index, { operator }] of stages.entries()) operator.state?.restore(contents.of({ kind: 'operator', index }));
  for (const [index, state] of scanStates.entries()) state?.restore(contents.of({ kind: 'scan', index }));
}
