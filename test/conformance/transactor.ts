import { apis, encodeBatch } from '@millrace/kafka-protocol';
import type { RawClient } from '../../packages/broker/test/raw-client.ts';
import { errorName, fresh, type Subject, until } from './subject.ts';
import type { Topic } from './topic.ts';

/** A producer's identity, as the broker gave it. */
export interface Identity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Who commits offsets of a group. */
interface Committer {
  readonly memberId: string;
  readonly generationId: number;
  readonly groupInstanceId: string | null;
}

/** What tells a producer to ask again: the end before is still being written, or the coordinator is just starting. */
const unsettled = ['CONCURRENT_TRANSACTIONS', 'NOT_COORDINATOR', 'COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE'];
const isSettled = (error: string) => !unsettled.includes(error);

/**
 * A transactional producer that says just what it is told to, so that it can be wrong; answers are the names of errors.
 * As clients do, it asks again where an end before it is still being written.
 */
export class Transactor implements Identity {
  readonly transactionalId: string;
  producerId = -1;
  producerEpoch = -1;
  readonly #client: RawClient;
  #sequences = new Map<string, number>();

  constructor(client: RawClient, transactionalId: string) {
    this.#client = client;
    this.transactionalId = transactionalId;
  }

  /** With an identity, on a connection of its own. */
  static async open(subject: Subject, transactionalId = fresh('tx'), timeoutMs?: number): Promise<Transactor> {
    const transactor = new Transactor(await subject.connect(), transactionalId);
    const error = await transactor.init({ timeoutMs });
    if (error !== 'NONE') throw new Error(`no producer id: ${error}`);
    return transactor;
  }

  get identity() {
    const { transactionalId, producerId, producerEpoch } = this;
    return { transactionalId, producerId, producerEpoch };
  }

  disconnect(): void {
    this.#client.close();
  }

  /** Takes over the identity that it is given. @param named itself, as of KIP-360. */
  async init({ named, timeoutMs = 60_000 }: { named?: Identity; timeoutMs?: number | undefined } = {}): Promise<string> {
    const body = { transactionalId: this.transactionalId, transactionTimeoutMs: timeoutMs, ...named };
    const answer = await until(
      () => this.#client.request(apis.initProducerId, 4, body),
      ({ errorCode }) => isSettled(errorName(errorCode)),
    );
    if (answer.errorCode === 0) {
      ({ producerId: this.producerId, producerEpoch: this.producerEpoch } = answer);
      this.#sequences = new Map();
    }
    return errorName(answer.errorCode);
  }

  async add(topic: Topic, partitions = [0], version = 3): Promise<string[]> {
    const body = { ...this.identity, topics: [{ name: topic.name, partitions }] };
    const ask = async () => {
      const { resultsByTopic } = await this.#client.request(apis.addPartitionsToTxn, version, body);
      const answers = resultsByTopic[0]!.resultsByPartition.toSorted((a, b) => a.partitionIndex - b.partitionIndex);
      return answers.map(({ partitionErrorCode }) => errorName(partitionErrorCode));
    };
    return until(ask, (errors) => errors.every(isSettled));
  }

  async addGroup(groupId: string): Promise<string> {
    const ask = async () => errorName((await this.#client.request(apis.addOffsetsToTxn, 3, { ...this.identity, groupId })).errorCode);
    return until(ask, isSettled);
  }

  async commitOffset(groupId: string, topic: Topic, offset: number, committer: Partial<Committer> = {}): Promise<string> {
    const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0, committedOffset: offset }] }];
    const body = { ...this.identity, groupId, memberId: '', generationId: -1, ...committer, topics };
    const answer = await this.#client.request(apis.txnOffsetCommit, 3, body);
    return errorName(answer.topics[0]!.partitions[0]!.errorCode);
  }

  /** Sends values with the next sequence, in a batch of a transaction. */
  async send(topic: Topic, values: readonly string[], { index = 0, version = 9, transactional = true } = {}): Promise<string> {
    const place = `${topic.name}/${index}`;
    const baseSequence = this.#sequences.get(place) ?? 0;
    const { producerId, producerEpoch, transactionalId } = this;
    const records = encodeBatch(
      values.map((value) => ({ timestampMs: Date.now(), value: Buffer.from(value) })),
      { producerId, producerEpoch, baseSequence, transactional },
    );
    const topicData = [{ name: topic.name, partitionData: [{ index, records }] }];
    const { responses } = await this.#client.request(apis.produce, version, { acks: -1, timeoutMs: 10_000, transactionalId, topicData });
    const { errorCode } = responses[0]!.partitionResponses[0]!;
    if (errorCode === 0) this.#sequences.set(place, baseSequence + values.length);
    return errorName(errorCode);
  }

  async end(outcome: 'commit' | 'abort', version = 3): Promise<string> {
    const ask = async () => {
      const answer = await this.#client.request(apis.endTxn, version, { ...this.identity, committed: outcome === 'commit' });
      return errorName(answer.errorCode);
    };
    return until(ask, isSettled);
  }

  /** One whole transaction in one partition. */
  async write(topic: Topic, values: readonly string[], outcome: 'commit' | 'abort'): Promise<void> {
    const errors = [...(await this.add(topic)), await this.send(topic, values), await this.end(outcome)];
    if (errors.some((error) => error !== 'NONE')) throw new Error(`the transaction failed: ${errors}`);
  }
}

/** What the coordinator knows of a transactional id. */
export async function describeTransaction(subject: Subject, transactionalId: string) {
  const { transactionStates } = await subject.request(apis.describeTransactions, 0, { transactionalIds: [transactionalId] });
  const { errorCode, ...state } = transactionStates[0]!;
  return { error: errorName(errorCode), ...state };
}

/** Waits until the markers of the last transaction of an id are written. */
export async function untilEnded(subject: Subject, transactionalId: string): Promise<string> {
  const { transactionState } = await until(
    () => describeTransaction(subject, transactionalId),
    (described) => described.transactionState.startsWith('Complete'),
  );
  return transactionState;
}
