import type { Clock } from '@millrace/core';
import type { PartitionOffset, Producer, TopicMetadata, TransactionalProducer } from '@millrace/kafka-client';
import { type DeadLetter, deadLetter, type LetterOwner, type RefusedRecord } from '@millrace/runtime';
import type { Json, TopicRecord } from '@millrace/sdk';
import { appendRecords } from '../host/services/append-records.ts';
import type { PipeKafka } from '../progress/pipe-kafka.ts';
import { appendState } from '../progress/pipe-state.ts';
import type { TransactionWriter } from '../stage/stage.ts';
import type { PipeMember } from './pipe-member.ts';
import type { PipeRequest } from './pipe-request.ts';

/** An open transaction of a dead owner holds readers of the target back for so long. */
const transactionTimeoutMs = 15_000;
const batchSizeBytes = 64 * 1024;
const maxBufferedBytes = 16 * 1024 * 1024;
/** As long as the topic lasts. */
const kept = { 'retention.ms': '-1' };
/** A dead letter is larger than its record, which may be as large as its own topic takes: as much as brokers take in a request. */
const anySize = { 'max.message.bytes': String(100 * 1024 * 1024) };

/**
 * Writes down how far a pipe is, and what goes with that: dead letters, and what the processor keeps. Where there is state, or the
 * connector is transactional, all of it is one Kafka transaction; else the letters are durable before the progress.
 */
export class Committer {
  readonly #request: PipeRequest;
  readonly #kafka: PipeKafka;
  readonly #member: PipeMember;
  readonly #clock: Clock;
  readonly #topics = new Map<string, Promise<TopicMetadata>>();
  #letters: DeadLetter[] = [];
  #hasLetterTopic = false;
  #hasStateTopic = false;
  #producer: Producer | undefined;
  #transactional: TransactionalProducer | undefined;
  #sends = 0;
  #durableLetters = 0;

  constructor(request: PipeRequest, kafka: PipeKafka, member: PipeMember, clock: Clock) {
    this.#request = request;
    this.#kafka = kafka;
    this.#member = member;
    this.#clock = clock;
  }

  /** Fences a former owner that does not know that it is one, and lets progress be part of transactions from now on. */
  async openTransactions(): Promise<void> {
    this.#transactional ??= await this.#kafka.openTransactionalProducer({
      transactionalId: `millrace.pipe.${this.#request.pipe}.${this.#request.instanceId}`,
      transactionTimeoutMs,
      operationTimeoutMs: transactionTimeoutMs,
      batchSizeBytes,
      maxBufferedBytes,
    });
  }

  /** What a transactional connector writes with: seen once the progress behind it is committed. Only after {@link openTransactions}. */
  get writer(): TransactionWriter {
    return { send: (topic, records) => this.#send(topic, records) };
  }

  /** A record that is passed over; its bytes are copied. */
  keepLetter(record: RefusedRecord, owner: LetterOwner): void {
    const { timestampMs, key, value, headers } = deadLetter(record, owner);
    const copied = headers.map((header) => ({ key: header.key, value: header.value && Buffer.from(header.value) }));
    this.#letters.push({ timestampMs, key: key && Buffer.from(key), value: value && Buffer.from(value), headers: copied });
  }

  /** Whether progress is part of transactions: then nothing of a failed commit may be tried again. */
  get isTransactional(): boolean {
    return this.#transactional !== undefined;
  }

  /** Whether there is something to write beside progress. */
  get hasWork(): boolean {
    return this.#letters.length > 0 || this.#transactional?.inTransaction === true;
  }

  /**
   * @throws {MillraceError} what Kafka refuses. Without transactions it may be called again; with them the run is over, and what is
   * committed counts.
   */
  async commit(offsets: readonly PartitionOffset[], state: ReadonlyMap<string, Json | null>): Promise<void> {
    // More may come meanwhile.
    const letters = [...this.#letters];
    if (letters.length > 0) await this.#makeLetterTopic();
    if (state.size > 0) {
      await this.#makeStateTopic();
      await this.openTransactions();
    }
    if (this.#transactional === undefined) await this.#commitPlain(letters, offsets);
    else await this.#commitTransaction(this.#transactional, letters, offsets, state);
  }

  /** How many letters have become durable since it was asked last. */
  takeDeadLetters(): number {
    const count = this.#durableLetters;
    this.#durableLetters = 0;
    return count;
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer?.close(), this.#transactional?.close()]).catch(() => {});
  }

  async #commitPlain(letters: readonly DeadLetter[], offsets: readonly PartitionOffset[]): Promise<void> {
    if (letters.length > 0) {
      this.#producer ??= this.#kafka.openProducer();
      for (const { timestampMs, key, value, headers } of letters)
        await this.#producer.append(this.#request.deadLetterTopic, 0, timestampMs, key, value, headers);
      await this.#producer.flush();
      this.#lettersAreDurable(letters.length);
    }
    if (offsets.length > 0) await this.#member.commit(offsets);
  }

  async #commitTransaction(
    producer: TransactionalProducer,
    letters: readonly DeadLetter[],
    offsets: readonly PartitionOffset[],
    state: ReadonlyMap<string, Json | null>,
  ): Promise<void> {
    if (!producer.inTransaction) producer.begin();
    for (const { timestampMs, key, value, headers } of letters)
      await producer.append(this.#request.deadLetterTopic, 0, timestampMs, key, value, headers);
    await appendState(producer, this.#request.stateTopic, state, this.#clock);
    if (offsets.length > 0) await producer.sendOffsets(this.#request.groupId, offsets, this.#member.identity());
    await producer.commit();
    this.#lettersAreDurable(letters.length);
  }

  #lettersAreDurable(count: number): void {
    this.#letters = this.#letters.slice(count);
    this.#durableLetters += count;
  }

  async #send(topic: string, records: readonly TopicRecord[]): Promise<void> {
    const producer = this.#transactional!;
    if (!producer.inTransaction) producer.begin();
    await appendRecords({ topicToWrite: (name) => this.#topic(name) }, producer, topic, records, this.#clock.now(), this.#sends++);
  }

  #topic(name: string): Promise<TopicMetadata> {
    let known = this.#topics.get(name);
    if (known === undefined) {
      this.#topics.set(name, (known = this.#kafka.topicToWrite(name)));
      known.catch(() => this.#topics.delete(name));
    }
    return known;
  }

  async #makeLetterTopic(): Promise<void> {
    if (!this.#hasLetterTopic) await makeTopic(this.#request.deadLetterTopic, this.#request, this.#kafka, anySize);
    this.#hasLetterTopic = true;
  }

  async #makeStateTopic(): Promise<void> {
    if (!this.#hasStateTopic) await makeStateTopic(this.#request, this.#kafka);
    this.#hasStateTopic = true;
  }
}

/** Makes the topic that holds what a pipe keeps, if it is not there. */
export function makeStateTopic(request: PipeRequest, kafka: Pick<PipeKafka, 'createTopic'>): Promise<void> {
  return makeTopic(request.stateTopic, request, kafka, { 'cleanup.policy': 'compact' });
}

async function makeTopic(
  topic: string,
  { replicationFactor }: PipeRequest,
  kafka: Pick<PipeKafka, 'createTopic'>,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const spec = { topic, partitions: 1, configs: { ...kept, ...configs } };
  await kafka.createTopic(replicationFactor === undefined ? spec : { ...spec, replicationFactor });
}
