import { asMillraceError, assert, MillraceError } from '@millrace/core';
import {
  apis,
  batchEnd,
  batchHeaderSize,
  errorCode,
  errorOf,
  type KafkaErrorName,
  RecordBatchBuilder,
  type RecordHeader,
} from '@millrace/kafka-protocol';
import { BackOff, isRetryable, type RetryContext } from './back-off.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { ProducerOptions, TopicPartition, WrittenBatch } from './ports.ts';
import { PendingBatch, type ProducerIdentity, ProducerQueue } from './producer-queue.ts';
import { refused } from './refused.ts';
import { ChangeSignal } from './signal.ts';
import type { VersionLimits } from './version-limits.ts';

/** A record needs at most this much beside key, value and headers. */
const recordOverheadBytes = 36;
/** Not worth another try for Kafka, but for a producer that can send again in order, or under another identity. */
const recoverable: ReadonlySet<KafkaErrorName> = new Set(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_EPOCH']);

const sequenceLost = errorCode('OUT_OF_ORDER_SEQUENCE_NUMBER');

/** What the broker says of one batch. */
interface Answer {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly baseOffset: number;
}

interface Sent {
  readonly queue: ProducerQueue;
  readonly batch: PendingBatch;
}

/** What a transaction adds to sending: all of it is written, or nothing. */
export interface SendTransaction {
  readonly transactionalId: string;
  /** Versions of Produce that may be used. */
  readonly produceVersions: VersionLimits;
  /** Makes partitions a part of the transaction, before anything is sent to them. */
  enroll(partitions: readonly TopicPartition[]): Promise<void>;
}

/** The kinds of producers differ in this. */
export interface SendPolicy {
  /** Who the producer is to be: asked before the first batch, and again when the brokers have lost track of it. */
  identify(): Promise<ProducerIdentity>;
  readonly transaction?: SendTransaction;
}

/**
 * Puts records into batches and sends them, each once and in order per partition. Within a transaction the first failure is
 * that of everything, until {@link RecordSender.restart}.
 */
export class RecordSender {
  readonly #client: KafkaClient;
  readonly #policy: SendPolicy;
  readonly #options: Required<ProducerOptions>;
  readonly #topics = new Map<string, ProducerQueue[]>();
  readonly #outstanding = new Set<PendingBatch>();
  /** Memory of batches that are settled, for the next ones. */
  readonly #memory: Buffer[] = [];
  readonly #lingering = new Set<ProducerQueue>();
  readonly #requestsInFlight = new Map<number, number>();
  readonly #settled = new ChangeSignal();
  readonly #retryContext: RetryContext;
  #identity: ProducerIdentity | undefined;
  #isIdentifying = false;
  #enrolling: Promise<void> | undefined;
  /** Something that was sent has failed: the brokers may expect another sequence than comes next. */
  #hasGaps = false;
  /** The brokers have lost track of the producer: nothing is sent until all is answered and it has a new identity. */
  #needsIdentity = true;
  #bufferedBytes = 0;
  /** What those wait for who appended while too much was buffered: one promise for all, not one for each record. */
  #room: Promise<void> | undefined;
  /** Since the last look at what may be sent. */
  #sealedBytes = 0;
  #isPumpScheduled = false;
  #isClosed = false;
  #failure: Error | undefined;

  constructor(client: KafkaClient, policy: SendPolicy, options: ProducerOptions) {
    this.#client = client;
    this.#policy = policy;
    const { clock, random, signal } = client;
    // A transaction that begins right after another is refused for the few milliseconds that the end of the other one takes.
    this.#retryContext = policy.transaction === undefined ? client : { clock, random, signal, firstDelayMs: 10 };
    this.#options = {
      batchSizeBytes: 16 * 1024,
      lingerMs: 0,
      compression: 'none',
      maxBufferedBytes: 4 * 1024 * 1024,
      maxRequestBytes: 1024 * 1024,
      maxInFlight: 5,
      deliveryTimeoutMs: 120_000,
      missingTimeoutMs: 10_000,
      ...options,
    };
  }

  /** The first failure since the last {@link flush} or, in transactions, {@link restart}. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** True if a batch has failed for which the brokers' and the producer's sequences may differ now. */
  get hasGaps(): boolean {
    return this.#hasGaps;
  }

  append(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: readonly RecordHeader[],
  ): void | Promise<void> {
    const keyEnd = key?.length ?? -1;
    const valueEnd = value?.length ?? -1;
    return this.appendSpans(
      topic,
      partition,
      timestampMs,
      key ?? noBytes,
      Math.min(0, keyEnd),
      keyEnd,
      value ?? noBytes,
      Math.min(0, valueEnd),
      valueEnd,
      headers,
    );
  }

  appendSpans(
    topic: string,
    partition: number,
    timestampMs: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers?: readonly RecordHeader[],
  ): void | Promise<void> {
    this.#assertOpen();
    const queue = this.#queueOf(topic, partition);
    const { batchSizeBytes } = this.#options;
    const sizeBytes = keyEnd - keyStart + valueEnd - valueStart + recordOverheadBytes;
    if (queue.open !== undefined && queue.open.sizeBytes + sizeBytes > batchSizeBytes) this.#seal(queue);
    if (queue.open === undefined) {
      queue.open = new RecordBatchBuilder(this.#memoryFor(sizeBytes + batchHeaderSize));
      this.#linger(queue);
    }
    queue.open.appendSpans(timestampMs, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers);
    if (this.#bufferedBytes > this.#options.maxBufferedBytes) return (this.#room ??= this.#waitForRoom());
  }

  async flush(): Promise<void> {
    this.#sealAll();
    this.#pump();
    await Promise.all([...this.#outstanding].map((batch) => new Promise<void>((resolve) => batch.onSettled.push(resolve))));
    const failure = this.#failure;
    if (this.#policy.transaction === undefined) this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  async sendBatch(topic: string, partition: number, batch: Buffer): Promise<WrittenBatch> {
    this.#assertOpen();
    assert(batchEnd(batch, 0, batch.length) === batch.length, 'sendBatch takes one whole record batch');
    const queue = this.#queueOf(topic, partition);
    if (queue.open !== undefined) this.#seal(queue);
    return new Promise((resolve, reject) => {
      this.#enqueue(queue, batch, undefined, resolve, reject);
      this.#schedulePump();
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.flush();
  }

  /** Fails all that waits. What is in flight is not sent again. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const queue of this.#queues()) {
      queue.open = undefined;
      queue.ready = [...queue.returned, ...queue.ready];
      queue.returned = [];
      this.#failReady(queue, () => true, this.#failure);
    }
  }

  /** Fails all that is not acknowledged. Resolves when nothing is in flight any more. */
  async discard(error: Error): Promise<void> {
    this.fail(error);
    await this.#enrolling;
    while (this.#outstanding.size > 0) await this.#settled.wait();
  }

  /** Begins a transaction, with sequences from 0 on if the identity is a new one. Nothing may be outstanding. */
  restart(identity: ProducerIdentity): void {
    assert(this.#outstanding.size === 0, 'a transaction begins when nothing is outstanding');
    this.#failure = undefined;
    const isNew = this.#identity?.producerId !== identity.producerId || this.#identity.epoch !== identity.epoch;
    this.#identity = identity;
    this.#needsIdentity = false;
    if (isNew) this.#hasGaps = false;
    for (const queue of this.#queues()) {
      queue.isEnrolled = false;
      if (isNew) queue.adopt(identity);
    }
  }

  #assertOpen(): void {
    if (this.#failure !== undefined && this.#policy.transaction !== undefined) throw this.#failure;
    if (this.#isClosed) throw new MillraceError('INTERNAL_INVARIANT', 'the producer is closed');
  }

  #memoryFor(sizeBytes: number): Buffer {
    const { batchSizeBytes } = this.#options;
    if (sizeBytes > batchSizeBytes) return Buffer.allocUnsafe(sizeBytes);
    return this.#memory.pop() ?? Buffer.allocUnsafeSlow(batchSizeBytes);
  }

  #queueOf(topic: string, partition: number): ProducerQueue {
    let queues = this.#topics.get(topic);
    if (queues === undefined) this.#topics.set(topic, (queues = []));
    return (queues[partition] ??= new ProducerQueue(topic, partition, new BackOff(this.#retryContext)));
  }

  *#queues(): Generator<ProducerQueue> {
    for (const queues of this.#topics.values()) for (const queue of queues) if (queue !== undefined) yield queue;
  }

  async #waitForRoom(): Promise<void> {
    while (this.#bufferedBytes > this.#options.maxBufferedBytes) await this.#settled.wait();
    this.#room = undefined;
  }

  #linger(queue: ProducerQueue): void {
    this.#lingering.add(queue);
    if (this.#lingering.size > 1) return;
    const { lingerMs } = this.#options;
    const end = () => {
      this.#sealAll();
      this.#pump();
    };
    if (lingerMs === 0) setImmediate(end);
    else this.#client.clock.setTimer(lingerMs, end);
  }

  #sealAll(): void {
    for (const queue of this.#lingering) if (queue.open !== undefined) this.#seal(queue);
    this.#lingering.clear();
  }

  #seal(queue: ProducerQueue): void {
    const { memory } = queue.open!;
    // The checksum comes with the identity, when it is sent.
    const bytes = queue.open!.finish({ compression: this.#options.compression, checksum: false });
    queue.open = undefined;
    this.#enqueue(
      queue,
      bytes,
      memory,
      () => {},
      (error) => {
        this.#failure ??= error;
      },
    );
    // A caller that does not yield must not keep full requests back.
    this.#sealedBytes += bytes.length;
    if (this.#sealedBytes >= this.#options.maxRequestBytes) this.#pump();
    else this.#schedulePump();
  }

  #enqueue(
    queue: ProducerQueue,
    bytes: Buffer,
    memory: Buffer | undefined,
    onWritten: (written: WrittenBatch) => void,
    onFailed: (error: Error) => void,
  ): void {
    const deadlineMs = this.#client.clock.monotonic() + this.#options.deliveryTimeoutMs;
    const batch = new PendingBatch(bytes, memory, deadlineMs, onWritten, onFailed);
    this.#bufferedBytes += bytes.length;
    this.#outstanding.add(batch);
    queue.ready.push(batch);
  }

  #schedulePump(): void {
    if (this.#isPumpScheduled) return;
    this.#isPumpScheduled = true;
    setImmediate(() => {
      this.#isPumpScheduled = false;
      this.#pump();
    });
  }

  /** Sends all that may be sent now. */
  #pump(): void {
    this.#sealedBytes = 0;
    if (this.#outstanding.size === 0) return;
    if (this.#needsIdentity) this.#identify();
    else this.#pumpLeaders();
  }

  #pumpLeaders(): void {
    const byLeader = new Map<number, ProducerQueue[]>();
    const strangers: ProducerQueue[] = [];
    for (const queue of this.#queues()) {
      if (queue.ready.length === 0) continue;
      if (this.#policy.transaction !== undefined && !queue.isEnrolled) strangers.push(queue);
      else if (queue.leader === undefined) this.#locate(queue);
      else if (queue.isSendable) byLeader.set(queue.leader, [...(byLeader.get(queue.leader) ?? []), queue]);
    }
    for (const [leader, queues] of byLeader) this.#pumpLeader(leader, queues);
    if (strangers.length > 0) this.#enrolling ??= this.#enroll(this.#policy.transaction!, strangers);
  }

  async #enroll(transaction: SendTransaction, queues: readonly ProducerQueue[]): Promise<void> {
    try {
      await transaction.enroll(queues);
      for (const queue of queues) queue.isEnrolled = true;
    } catch (error) {
      this.fail(asMillraceError(error));
    }
    this.#enrolling = undefined;
    this.#pump();
  }

  #pumpLeader(leader: number, queues: readonly ProducerQueue[]): void {
    for (;;) {
      const inFlight = this.#requestsInFlight.get(leader) ?? 0;
      if (inFlight >= this.#options.maxInFlight) return;
      const sent = this.#gather(queues);
      if (sent.length === 0) return;
      this.#requestsInFlight.set(leader, inFlight + 1);
      void this.#send(leader, sent);
    }
  }

  /** One batch of each partition, as brokers want it, as many as fit into a request. */
  #gather(queues: readonly ProducerQueue[]): Sent[] {
    const sent: Sent[] = [];
    let sizeBytes = 0;
    for (const queue of queues) {
      const next = queue.isSendable ? queue.ready[0]! : undefined;
      if (next === undefined || (sent.length > 0 && sizeBytes + next.bytes.length > this.#options.maxRequestBytes)) continue;
      sizeBytes += next.bytes.length;
      sent.push({ queue, batch: queue.take(this.#identity!) });
    }
    return sent;
  }

  async #send(leader: number, sent: readonly Sent[]): Promise<void> {
    try {
      const connection = await this.#client.connection(leader);
      const { requestTimeoutMs } = this.#client;
      const { transactionalId = null, produceVersions } = this.#policy.transaction ?? {};
      const body = { transactionalId, acks: -1, timeoutMs: requestTimeoutMs, topicData: requestOf(sent) };
      const response = await connection.request(apis.produce, body, requestTimeoutMs, produceVersions);
      const answers = new Map<string, Answer>();
      for (const { name, partitionResponses } of response.responses) {
        for (const answer of partitionResponses) answers.set(`${answer.index}@${name}`, answer);
      }
      for (const one of sent) {
        const answer = answers.get(`${one.queue.partition}@${one.queue.topic}`);
        // Left out of the answer: nothing is known, so it is sent again.
        if (answer === undefined) this.#giveBack(one);
        else this.#answer(one, answer);
      }
    } catch (error) {
      const failure = asMillraceError(error);
      for (const one of sent) {
        if (failure.retryable && !this.#client.signal.aborted) this.#giveBack(one);
        else this.#settle(one.queue, one.batch, failure);
      }
    } finally {
      this.#requestsInFlight.set(leader, this.#requestsInFlight.get(leader)! - 1);
      for (const { queue } of sent) this.#mend(queue);
      this.#pump();
    }
  }

  #answer(one: Sent, { errorCode: code, errorMessage, baseOffset }: Answer): void {
    const { queue, batch } = one;
    const { name, retriable } = errorOf(code);
    if (name !== 'NONE') queue.refusal = this.#refusal(one, code, errorMessage);
    if (name === 'NONE') this.#settle(queue, batch, { baseOffset });
    else if (name === 'DUPLICATE_SEQUENCE_NUMBER') this.#settle(queue, batch, { baseOffset: -1 });
    else if (name === 'CONCURRENT_TRANSACTIONS') this.#giveBack(one, false);
    else if (retriable || this.#isRecoverable(name)) {
      batch.wasOutOfOrder = name === 'OUT_OF_ORDER_SEQUENCE_NUMBER';
      this.#needsIdentity ||= name === 'UNKNOWN_PRODUCER_ID' || name === 'INVALID_PRODUCER_EPOCH';
      this.#giveBack(one);
    } else this.#settle(queue, batch, queue.refusal!);
  }

  /** Under a new identity the start of a transaction would be lost: there only the order is mended. */
  #isRecoverable(name: KafkaErrorName): boolean {
    return this.#policy.transaction === undefined ? recoverable.has(name) : name === 'OUT_OF_ORDER_SEQUENCE_NUMBER';
  }

  #refusal({ queue: { topic, partition }, batch }: Sent, code: number, said: string | null = null): MillraceError {
    const what = `Produce of ${batch.bytes.length} bytes (records: ${batch.recordCount}) to ${topic}[${partition}]`;
    return refused(code, what, { topic, partition, sizeBytes: batch.bytes.length }, said);
  }

  #giveBack({ queue, batch }: Sent, forgetLeader = true): void {
    if (forgetLeader) this.#client.forgetTopic(queue.topic);
    if (this.#policy.transaction !== undefined && this.#failure !== undefined) this.#settle(queue, batch, this.#failure);
    else queue.giveBack(batch);
  }

  /** Once all of a partition is answered: sends again what came back. */
  #mend(queue: ProducerQueue): void {
    if (queue.returned.length === 0 || queue.inFlight.length > 0) return;
    if (!queue.takeBack(this.#identity!)) {
      const { topic, partition } = queue;
      if (this.#policy.transaction !== undefined) {
        this.fail(this.#refusal({ queue, batch: queue.ready[0]! }, sequenceLost));
        return;
      }
      this.#client.logger.warn({ topic, partition }, 'the broker has lost the sequence of the producer: it takes a new identity');
      this.#needsIdentity = true;
    }
    this.#locate(queue, true);
  }

  #settle(queue: ProducerQueue, batch: PendingBatch, outcome: WrittenBatch | Error): void {
    queue.settle(batch, !(outcome instanceof Error));
    if (outcome instanceof Error && batch.sequence !== -1) this.#hasGaps = true;
    this.#outstanding.delete(batch);
    this.#bufferedBytes -= batch.bytes.length;
    // Fresh memory for each batch costs more than filling it: what is answered for is used again.
    const { batchSizeBytes, maxBufferedBytes } = this.#options;
    if (batch.memory?.length === batchSizeBytes && this.#memory.length * batchSizeBytes < maxBufferedBytes) this.#memory.push(batch.memory);
    const isFirstFailure = this.#failure === undefined;
    if (outcome instanceof Error) batch.onFailed(outcome);
    else batch.onWritten(outcome);
    for (const callback of batch.onSettled) callback();
    this.#settled.notify();
    if (outcome instanceof Error && this.#policy.transaction !== undefined && isFirstFailure) this.fail(outcome);
  }

  /** Looks for the leader of a partition until there is one, or its batches are too old. */
  #locate(queue: ProducerQueue, wait = false): void {
    if (queue.isLocating) return;
    queue.isLocating = true;
    void this.#locateLeader(queue, wait)
      .catch((error: Error) => this.#failReady(queue, () => true, error))
      .finally(() => {
        queue.isLocating = false;
        this.#pump();
      });
  }

  async #locateLeader(queue: ProducerQueue, wait: boolean): Promise<void> {
    const { clock } = this.#client;
    const startMs = clock.monotonic();
    let lastError: MillraceError | undefined;
    for (let isFirst = true; ; isFirst = false) {
      if (wait || !isFirst) await queue.backOff.wait();
      const nowMs = clock.monotonic();
      const { deliveryTimeoutMs } = this.#options;
      this.#failReady(queue, (batch) => batch.deadlineMs <= nowMs, lastError ?? timedOut(queue, deliveryTimeoutMs));
      if (queue.ready.length === 0) return;
      try {
        queue.leader = await this.#client.leaderOf(queue.topic, queue.partition);
        return;
      } catch (error) {
        if (!isRetryable(error)) throw error;
        if (error.code === 'KAFKA_TOPIC_UNKNOWN' && clock.monotonic() - startMs >= this.#options.missingTimeoutMs) throw error;
        lastError = error;
      }
    }
  }

  #failReady(queue: ProducerQueue, predicate: (batch: PendingBatch) => boolean, error: Error): void {
    for (const batch of queue.remove(predicate)) this.#settle(queue, batch, error);
  }

  /** Gets an identity, once nothing is in flight under the old one. */
  #identify(): void {
    const isBusy = [...this.#queues()].some(({ inFlight }) => inFlight.length > 0);
    if (this.#isIdentifying || isBusy) return;
    this.#isIdentifying = true;
    const failAll = (error: Error) => {
      for (const queue of this.#queues()) this.#failReady(queue, () => true, error);
    };
    void this.#policy
      .identify()
      .then((identity) => {
        this.#identity = identity;
        this.#needsIdentity = false;
        for (const queue of this.#queues()) queue.adopt(identity);
      })
      .catch(failAll)
      .finally(() => {
        this.#isIdentifying = false;
        this.#pump();
      });
  }
}

const noBytes = Buffer.alloc(0);

type TopicData = { name: string; partitionData: { index: number; records: Buffer }[] };

function requestOf(sent: readonly Sent[]): TopicData[] {
  const topics = new Map<string, TopicData>();
  for (const { queue, batch } of sent) {
    let topic = topics.get(queue.topic);
    if (topic === undefined) topics.set(queue.topic, (topic = { name: queue.topic, partitionData: [] }));
    topic.partitionData.push({ index: queue.partition, records: batch.bytes });
  }
  return [...topics.values()];
}

function timedOut({ topic, partition, refusal }: ProducerQueue, timeoutMs: number): MillraceError {
  const reason = refusal === undefined ? '' : `: ${refusal.message}`;
  return new MillraceError('KAFKA_TIMED_OUT', `records for ${topic}[${partition}] were not acknowledged within ${timeoutMs} ms${reason}`, {
    details: { topic, partition },
    cause: refusal,
  });
}
