import { apis, encodeBatch, errorOf } from '@millrace/kafka-protocol';
import { RawClient } from './raw-client.ts';
import { openBroker } from './test-broker.ts';
import { committedIn, TopicClient } from './topic-client.ts';

/** What the two versions of transactions speak (KIP-890). */
const spoken = { 1: { produce: 9, txnOffsetCommit: 3, endTxn: 3 }, 2: { produce: 12, txnOffsetCommit: 5, endTxn: 5 } } as const;

/** A transactional producer that says just what it is told to, so that it can be wrong; answers are the names of errors. */
export class TransactionClient {
  readonly raw: RawClient;
  readonly transactionalId: string;
  readonly #spoken: (typeof spoken)[1 | 2];
  producerId = -1;
  producerEpoch = -1;
  readonly #sequences = new Map<string, number>();

  /** @param level the version of transactions that it speaks where it is not told another. */
  constructor(raw: RawClient, transactionalId: string, level: 1 | 2 = 1) {
    this.raw = raw;
    this.transactionalId = transactionalId;
    this.#spoken = spoken[level];
  }

  static async open(port: number, transactionalId = 'tx', level: 1 | 2 = 1): Promise<TransactionClient> {
    const client = new TransactionClient(await RawClient.open(port), transactionalId, level);
    await client.init();
    return client;
  }

  get identity() {
    const { transactionalId, producerId, producerEpoch } = this;
    return { transactionalId, producerId, producerEpoch };
  }

  /** One that speaks for this producer as it is now, and is not told what becomes of it. */
  async late(port: number): Promise<TransactionClient> {
    const client = new TransactionClient(await RawClient.open(port), this.transactionalId, this.#spoken === spoken[1] ? 1 : 2);
    client.#adopt(this);
    for (const [place, sequence] of this.#sequences) client.#sequences.set(place, sequence);
    return client;
  }

  #adopt({ producerId, producerEpoch }: { producerId: number; producerEpoch: number }): void {
    if (producerId === this.producerId && producerEpoch === this.producerEpoch) return;
    Object.assign(this, { producerId, producerEpoch });
    this.#sequences.clear();
  }

  /** Takes over the identity that it is given. */
  async init(named?: { producerId: number; producerEpoch: number }, transactionTimeoutMs = 60_000): Promise<string> {
    const body = { transactionalId: this.transactionalId, transactionTimeoutMs, ...named };
    const answer = await this.raw.request(apis.initProducerId, 4, body);
    if (answer.errorCode === 0) this.#adopt(answer);
    return errorOf(answer.errorCode).name;
  }

  async add(topic = 't', partitions = [0], version = 3): Promise<string> {
    const answer = await this.raw.request(apis.addPartitionsToTxn, version, { ...this.identity, topics: [{ name: topic, partitions }] });
    return errorOf(answer.resultsByTopic[0]!.resultsByPartition[0]!.partitionErrorCode).name;
  }

  async addGroup(groupId = 'g'): Promise<string> {
    return errorOf((await this.raw.request(apis.addOffsetsToTxn, 3, { ...this.identity, groupId })).errorCode).name;
  }

  async commitOffset(offset: number, options: CommitOptions = {}): Promise<string> {
    const { topic = 't', groupId = 'g', version = this.#spoken.txnOffsetCommit, ...member } = options;
    const topics = [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: offset }] }];
    const body = { ...this.identity, groupId, memberId: '', generationId: -1, ...member, topics };
    const answer = await this.raw.request(apis.txnOffsetCommit, version, body);
    return errorOf(answer.topics[0]!.partitions[0]!.errorCode).name;
  }

  /** Sends values with the next sequence. */
  async send(values: string[], options: SendOptions = {}): Promise<string> {
    const { topic = 't', index = 0, version = this.#spoken.produce, transactional = true, sequence } = options;
    const place = `${topic}/${index}`;
    const baseSequence = sequence ?? this.#sequences.get(place) ?? 0;
    const { producerId, producerEpoch, transactionalId } = this;
    const records = encodeBatch(
      values.map((value) => ({ timestampMs: 1000, value: Buffer.from(value) })),
      { producerId, producerEpoch, baseSequence, transactional },
    );
    const topicData = [{ name: topic, partitionData: [{ index, records }] }];
    const { responses } = await this.raw.request(apis.produce, version, { acks: -1, timeoutMs: 1000, transactionalId, topicData });
    const { errorCode } = responses[0]!.partitionResponses[0]!;
    if (errorCode === 0) this.#sequences.set(place, baseSequence + values.length);
    return errorOf(errorCode).name;
  }

  /** Takes over the identity that it is given for the next transaction, if it is given one. */
  async end(outcome: 'commit' | 'abort', version: number = this.#spoken.endTxn): Promise<string> {
    const answer = await this.raw.request(apis.endTxn, version, { ...this.identity, committed: outcome === 'commit' });
    if (answer.errorCode === 0 && version >= 5) this.#adopt(answer);
    return errorOf(answer.errorCode).name;
  }
}

interface CommitOptions {
  readonly memberId?: string;
  readonly generationId?: number;
  readonly groupInstanceId?: string;
  readonly topic?: string;
  readonly groupId?: string;
  readonly version?: number;
}

interface SendOptions {
  readonly topic?: string;
  readonly index?: number;
  readonly version?: number;
  readonly transactional?: boolean;
  /** Of the first value; default: the next. */
  readonly sequence?: number;
}

type BrokerSettings = Parameters<typeof openBroker>;

/** A broker with topic t, who reads it, and a producer of transactions. */
export async function opened(options: BrokerSettings[0] = {}, ports: BrokerSettings[1] = {}, level: 1 | 2 = 1) {
  const broker = await openBroker(options, ports);
  const reader = await (await TopicClient.open(broker.port)).make();
  return { broker, port: broker.port, reader, producer: await TransactionClient.open(broker.port, 'tx', level) };
}

/** How who reads what is committed fetches. */
export const committed = { isolationLevel: 1 };

/** What who reads what is committed sees. */
export async function committedValues(reader: TopicClient, from = 0) {
  const { records, abortedTransactions } = await reader.fetch(from, committed);
  return committedIn(records!, abortedTransactions!).kept.map(({ value }) => value);
}

/** The error and the offset that group g has for partition 0. */
export async function fetchOffset(reader: TopicClient, requireStable: boolean) {
  const groups = [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }];
  const answer = await reader.raw.request(apis.offsetFetch, 8, { groups, requireStable });
  const { errorCode: error, committedOffset } = answer.groups[0]!.topics[0]!.partitions[0]!;
  return [errorOf(error).name, committedOffset];
}
