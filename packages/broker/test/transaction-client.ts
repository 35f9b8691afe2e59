import { apis, encodeBatch, errorOf } from '@millrace/kafka-protocol';
import { RawClient } from './raw-client.ts';

/** A transactional producer that says just what it is told to, so that it can be wrong; answers are the names of errors. */
export class TransactionClient {
  readonly raw: RawClient;
  readonly transactionalId: string;
  producerId = -1;
  producerEpoch = -1;
  readonly #sequences = new Map<string, number>();

  constructor(raw: RawClient, transactionalId: string) {
    this.raw = raw;
    this.transactionalId = transactionalId;
  }

  static async open(port: number, transactionalId = 'tx'): Promise<TransactionClient> {
    const client = new TransactionClient(await RawClient.open(port), transactionalId);
    await client.init();
    return client;
  }

  get identity() {
    const { transactionalId, producerId, producerEpoch } = this;
    return { transactionalId, producerId, producerEpoch };
  }

  /** Takes over the identity that it is given. */
  async init(named?: { producerId: number; producerEpoch: number }, transactionTimeoutMs = 60_000): Promise<string> {
    const body = { transactionalId: this.transactionalId, transactionTimeoutMs, ...named };
    const answer = await this.raw.request(apis.initProducerId, 4, body);
    if (answer.errorCode === 0) {
      ({ producerId: this.producerId, producerEpoch: this.producerEpoch } = answer);
      this.#sequences.clear();
    }
    return errorOf(answer.errorCode).name;
  }

  async add(topic = 't', partitions = [0], version = 3): Promise<string> {
    const answer = await this.raw.request(apis.addPartitionsToTxn, version, { ...this.identity, topics: [{ name: topic, partitions }] });
    return errorOf(answer.resultsByTopic[0]!.resultsByPartition[0]!.partitionErrorCode).name;
  }

  async addGroup(groupId = 'g'): Promise<string> {
    return errorOf((await this.raw.request(apis.addOffsetsToTxn, 3, { ...this.identity, groupId })).errorCode).name;
  }

  async commitOffset(offset: number, member: { memberId?: string; generationId?: number; groupInstanceId?: string } = {}): Promise<string> {
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: offset }] }];
    const body = { ...this.identity, groupId: 'g', memberId: '', generationId: -1, ...member, topics };
    const answer = await this.raw.request(apis.txnOffsetCommit, 3, body);
    return errorOf(answer.topics[0]!.partitions[0]!.errorCode).name;
  }

  /** Sends values with the next sequence. */
  async send(values: string[], { topic = 't', index = 0, version = 9, transactional = true } = {}): Promise<string> {
    const place = `${topic}/${index}`;
    const baseSequence = this.#sequences.get(place) ?? 0;
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

  async end(outcome: 'commit' | 'abort', version = 3): Promise<string> {
    const answer = await this.raw.request(apis.endTxn, version, { ...this.identity, committed: outcome === 'commit' });
    return errorOf(answer.errorCode).name;
  }
}
