import { apis, encodeBatch } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { fresh, Subject } from './subject.ts';
import { Topic } from './topic.ts';
import { Transactor } from './transactor.ts';

const subject = Subject.inThisFile();
const sequenceMax = 2 ** 31 - 1;

interface Place {
  readonly epoch?: number;
  readonly values?: readonly string[];
}

/** An idempotent producer that numbers its batches as it is told. */
class Numbered {
  readonly topic: Topic;
  readonly producerId: number;

  private constructor(topic: Topic, producerId: number) {
    this.topic = topic;
    this.producerId = producerId;
  }

  static async open(): Promise<Numbered> {
    const answer = await subject.request(apis.initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 0 });
    expect(answer).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    return new Numbered(await Topic.make(subject), answer.producerId);
  }

  batch(baseSequence: number, { epoch = 0, values = ['x'] }: Place = {}): Buffer {
    const records = values.map((value) => ({ timestampMs: Date.now(), value: Buffer.from(value) }));
    return encodeBatch(records, { producerId: this.producerId, producerEpoch: epoch, baseSequence });
  }

  /** Error and offset. */
  async send(baseSequence: number, place: Place = {}): Promise<[error: string, baseOffset: number]> {
    const { error, baseOffset } = await this.topic.produce(this.batch(baseSequence, place));
    return [error, baseOffset];
  }
}

describe('sequences of an idempotent producer', () => {
  it('each producer gets an id of its own', async () => {
    const [one, other] = [await Numbered.open(), await Numbered.open()];
    expect(one.producerId).not.toBe(other.producerId);
  });

  it('a batch that comes twice is stored once, and answered with its first offset', async () => {
    const producer = await Numbered.open();
    const [first, second] = [producer.batch(0, { values: ['a', 'b'] }), producer.batch(2, { values: ['c'] })];
    const { topic } = producer;
    expect(await topic.produce(first)).toMatchObject({ error: 'NONE', baseOffset: 0 });
    expect(await topic.produce(second)).toMatchObject({ error: 'NONE', baseOffset: 2 });
    expect(await topic.produce(first)).toMatchObject({ error: 'NONE', baseOffset: 0 });
    expect(await topic.produce(second)).toMatchObject({ error: 'NONE', baseOffset: 2 });
    expect(await topic.values()).toEqual(['a', 'b', 'c']);
  });

  it('the last five batches are remembered; one before is out of order', async () => {
    const producer = await Numbered.open();
    for (let sequence = 0; sequence < 6; sequence++) expect(await producer.send(sequence)).toEqual(['NONE', sequence]);
    expect(await producer.send(1)).toEqual(['NONE', 1]);
    expect(await producer.send(5)).toEqual(['NONE', 5]);
    expect((await producer.send(0))[0]).toMatch(/OUT_OF_ORDER_SEQUENCE_NUMBER|DUPLICATE_SEQUENCE_NUMBER/);
    expect(await producer.topic.offsetOf(-1)).toMatchObject({ offset: 6 });
  });

  it('a gap is refused, and what fills it is taken', async () => {
    const producer = await Numbered.open();
    await producer.send(0);
    expect(await producer.send(2)).toEqual(['OUT_OF_ORDER_SEQUENCE_NUMBER', -1]);
    expect(await producer.send(1)).toEqual(['NONE', 1]);
    expect(await producer.send(2)).toEqual(['NONE', 2]);
  });

  it('a batch that begins like another, but is longer, is no repetition', async () => {
    const producer = await Numbered.open();
    await producer.send(0);
    await producer.send(1);
    expect(await producer.send(1, { values: ['a', 'b'] })).toEqual(['OUT_OF_ORDER_SEQUENCE_NUMBER', -1]);
  });

  it('a producer that is not known may begin anywhere', async () => {
    const producer = await Numbered.open();
    expect(await producer.send(41)).toEqual(['NONE', 0]);
    expect(await producer.send(42)).toEqual(['NONE', 1]);
  });

  it('a new epoch begins at 0, and fences the one before', async () => {
    const producer = await Numbered.open();
    await producer.send(0);
    expect(await producer.send(1, { epoch: 1 })).toEqual(['OUT_OF_ORDER_SEQUENCE_NUMBER', -1]);
    expect(await producer.send(0, { epoch: 1 })).toEqual(['NONE', 1]);
    expect(await producer.send(1, { epoch: 0 })).toEqual(['INVALID_PRODUCER_EPOCH', -1]);
    expect(await producer.send(1, { epoch: 1 })).toEqual(['NONE', 2]);
  });

  it('sequences run to 2³¹ − 1 and begin again at 0, within a batch too', async () => {
    const producer = await Numbered.open();
    expect(await producer.send(sequenceMax - 1)).toEqual(['NONE', 0]);
    expect(await producer.send(sequenceMax, { values: ['a', 'b', 'c'] })).toEqual(['NONE', 1]);
    expect(await producer.send(2)).toEqual(['NONE', 4]);
    expect(await producer.send(sequenceMax, { values: ['a', 'b', 'c'] })).toEqual(['NONE', 1]);
  });

  it('partitions count each for itself', async () => {
    const producer = await Numbered.open();
    const other = await Topic.make(subject, {}, 2);
    expect(await producer.send(0)).toEqual(['NONE', 0]);
    for (const index of [0, 1]) expect(await other.produce(producer.batch(0), { index })).toMatchObject({ error: 'NONE', baseOffset: 0 });
  });

  it('a producer without a transactional id that asks again gets a new identity', async () => {
    const producer = await Numbered.open();
    const body = { transactionalId: null, transactionTimeoutMs: 0, producerId: producer.producerId, producerEpoch: 0 };
    const answer = await subject.request(apis.initProducerId, 4, body);
    expect(answer).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    expect(answer.producerId).not.toBe(producer.producerId);
  });

  it('in a transaction a repeated batch is stored once too', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject, fresh('tx'));
    await producer.add(topic);
    const { producerId, producerEpoch, transactionalId } = producer;
    const batch = encodeBatch([{ timestampMs: Date.now() }], { producerId, producerEpoch, baseSequence: 0, transactional: true });
    expect(await topic.produce(batch, { transactionalId })).toMatchObject({ error: 'NONE', baseOffset: 0 });
    expect(await topic.produce(batch, { transactionalId })).toMatchObject({ error: 'NONE', baseOffset: 0 });
    await producer.end('commit');
  });
});
