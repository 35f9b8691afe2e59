import { apis } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { committedIn } from '../../packages/broker/test/topic-client.ts';
import { TransactionClient } from '../../packages/broker/test/transaction-client.ts';
import { committedOffset } from './committed-offsets.ts';
import { fresh, isKafka3, Subject, until } from './subject.ts';
import { readCommitted, Topic } from './topic.ts';
import { describeTransaction, untilEnded } from './transactor.ts';

/** The second version of transactions (KIP-890): each has an epoch of its own, and what is sent adds itself. */
const subject = Subject.inThisFile();

interface Setting {
  readonly topic: Topic;
  readonly id: string;
  readonly producer: TransactionClient;
}

async function opened(level: 1 | 2 = 2): Promise<Setting> {
  const topic = await Topic.make(subject);
  const id = fresh('own');
  return { topic, id, producer: await open(id, level) };
}

async function open(id: string, level: 1 | 2 = 2): Promise<TransactionClient> {
  const producer = new TransactionClient(await subject.connect(), id, level);
  await settled(() => producer.init());
  return producer;
}

/** As clients do, asks again where the end before is still being written. */
const settled = (ask: () => Promise<string>) => until(ask, (error) => error !== 'CONCURRENT_TRANSACTIONS');
const identityOf = ({ producerId, producerEpoch }: TransactionClient) => ({ producerId, producerEpoch });
const late = (producer: TransactionClient) => producer.late(subject.port);

/** What who reads what is committed sees; a fetch ends where a segment does. */
async function committedValues(topic: Topic): Promise<(string | null)[]> {
  const values: (string | null)[] = [];
  for (let offset = 0; ; ) {
    const { records, abortedTransactions, highWatermark } = await topic.fetch(offset, { isolationLevel: readCommitted });
    const { kept, nextOffset } = committedIn(records, abortedTransactions ?? []);
    values.push(...kept.map(({ value }) => value));
    if (nextOffset < 0 || nextOffset >= highWatermark) return values;
    offset = nextOffset;
  }
}

/** One whole transaction. */
async function write({ topic, id, producer }: Setting, value: string, outcome: 'commit' | 'abort' = 'commit'): Promise<void> {
  expect(await settled(() => producer.send([value], { topic: topic.name }))).toBe('NONE');
  expect(await settled(() => producer.end(outcome))).toBe('NONE');
  await untilEnded(subject, id);
}

describe.skipIf(isKafka3)('the level of transactions', () => {
  it('is 2, which old clients are told without the range that they do not bear', async () => {
    const ask = async (version: number) => {
      const { finalizedFeatures, supportedFeatures } = await subject.request(apis.apiVersions, version, {
        clientSoftwareName: 'millrace',
        clientSoftwareVersion: '1',
      });
      const isTransactions = ({ name }: { name: string }) => name === 'transaction.version';
      return [finalizedFeatures.find(isTransactions)?.maxVersionLevel, supportedFeatures.find(isTransactions)?.maxVersion];
    };
    expect([await ask(4), await ask(3), await ask(2)]).toEqual([
      [2, 2],
      [2, undefined],
      [undefined, undefined],
    ]);
  });
});

describe.skipIf(isKafka3)('a transaction with an epoch of its own', () => {
  it('begins with what is sent, and its end gives the producer the next epoch', async () => {
    const setting = await opened();
    const first = identityOf(setting.producer);
    expect(await settled(() => setting.producer.send(['a'], { topic: setting.topic.name }))).toBe('NONE');
    expect((await describeTransaction(subject, setting.id)).transactionState).toBe('Ongoing');
    await write(setting, 'b');
    await write(setting, 'c', 'abort');
    await write(setting, 'd');
    expect(identityOf(setting.producer)).toEqual({ ...first, producerEpoch: first.producerEpoch + 3 });
    expect(await committedValues(setting.topic)).toEqual(['a', 'b', 'd']);
  });

  it('takes nothing that was sent for the one before and delayed on the way', async () => {
    const setting = await opened();
    const { producer, topic } = setting;
    const other = await Topic.make(subject);
    expect(await settled(() => producer.send(['a'], { topic: topic.name }))).toBe('NONE');
    const delayed = await late(producer);
    expect(await producer.end('commit')).toBe('NONE');
    await untilEnded(subject, setting.id);
    expect(await settled(() => producer.send(['b'], { topic: topic.name }))).toBe('NONE');
    expect(await delayed.send(['late'], { topic: topic.name })).toBe('INVALID_PRODUCER_EPOCH');
    expect(await delayed.send(['late'], { topic: topic.name, version: 11 })).toBe('INVALID_PRODUCER_EPOCH');
    expect(await delayed.send(['late'], { topic: other.name })).toBe('INVALID_PRODUCER_EPOCH');
    expect(await delayed.add(topic.name)).toBe('PRODUCER_FENCED');
    expect(await producer.end('commit')).toBe('NONE');
    await untilEnded(subject, setting.id);
    expect(await committedValues(topic)).toEqual(['a', 'b']);
    expect(await committedValues(other)).toEqual([]);
  });

  it('begins its sequences anew', async () => {
    const setting = await opened();
    const { producer, topic } = setting;
    await write(setting, 'a');
    expect(await settled(() => producer.send(['gap'], { topic: topic.name, sequence: 1 }))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    await write(setting, 'b');
    expect(await committedValues(topic)).toEqual(['a', 'b']);
  });

  it('may be ended again with the epoch that it had, and is answered as the first time', async () => {
    const setting = await opened();
    const { producer, topic } = setting;
    expect(await settled(() => producer.send(['a'], { topic: topic.name }))).toBe('NONE');
    const asking = await late(producer);
    const asksOtherwise = await late(producer);
    expect(await producer.end('commit')).toBe('NONE');
    await untilEnded(subject, setting.id);
    expect(await asksOtherwise.end('abort')).toBe('INVALID_TXN_STATE');
    expect(await asksOtherwise.end('commit', 4)).toBe('PRODUCER_FENCED');
    expect(await asking.end('commit')).toBe('NONE');
    expect(identityOf(asking)).toEqual(identityOf(producer));
    await write(setting, 'b', 'abort');
    expect(await asksOtherwise.end('commit')).toBe('PRODUCER_FENCED');
    expect(await committedValues(topic)).toEqual(['a']);
  });

  it('to which nothing has come can be aborted, but not committed', async () => {
    const setting = await opened();
    const { producer } = setting;
    const first = identityOf(producer);
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    for (let round = 0; round < 2; round++) expect(await settled(() => producer.end('abort'))).toBe('NONE');
    await untilEnded(subject, setting.id);
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    await write(setting, 'a');
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    expect(await producer.end('abort')).toBe('NONE');
    expect(identityOf(producer)).toEqual({ ...first, producerEpoch: first.producerEpoch + 4 });
  });

  it('is aborted when it takes too long; its producer goes on once it has aborted it too', async () => {
    const { producer, topic, id } = await opened();
    await settled(() => producer.init(undefined, 100));
    expect(await settled(() => producer.send(['a'], { topic: topic.name }))).toBe('NONE');
    expect(await untilEnded(subject, id)).toBe('CompleteAbort');
    expect(await producer.send(['b'], { topic: topic.name })).toBe('INVALID_PRODUCER_EPOCH');
    expect(await producer.add(topic.name)).toBe('PRODUCER_FENCED');
    expect(await producer.commitOffset(1, { topic: topic.name, groupId: fresh('group') })).toBe('INVALID_PRODUCER_EPOCH');
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    expect(await producer.end('abort', 4)).toBe('PRODUCER_FENCED');
    expect(await producer.end('abort')).toBe('NONE');
    expect(await producer.end('abort')).toBe('NONE');
    expect(await committedValues(topic)).toEqual([]);
  });

  it.each([1, 2] as const)('of version %i that took too long lets its producer go on by naming the epoch that it had', async (level) => {
    const { producer, topic, id } = await opened(level);
    await settled(() => producer.init(undefined, 100));
    if (level === 1) expect(await settled(() => producer.add(topic.name))).toBe('NONE');
    expect(await settled(() => producer.send(['a'], { topic: topic.name }))).toBe('NONE');
    await untilEnded(subject, id);
    const before = identityOf(producer);
    expect(await settled(() => producer.init(before))).toBe('NONE');
    expect(identityOf(producer)).toEqual({ ...before, producerEpoch: before.producerEpoch + 1 });
  });
});

describe.skipIf(isKafka3)('a producer whose transactions have epochs of their own', () => {
  it('that lost the answer to the end of one may go on by naming the epoch that it had', async () => {
    const setting = await opened();
    const { producer, topic } = setting;
    expect(await settled(() => producer.send(['a'], { topic: topic.name }))).toBe('NONE');
    const before = identityOf(producer);
    const other = await late(producer);
    expect(await other.end('commit')).toBe('NONE');
    await untilEnded(subject, setting.id);
    expect(await settled(() => producer.init(before))).toBe('NONE');
    expect(identityOf(producer)).toEqual(identityOf(other));
    await write(setting, 'b');
    expect(await producer.init(before)).toBe('PRODUCER_FENCED');
    expect(await committedValues(topic)).toEqual(['a', 'b']);
  });

  it('follows one of the first version on the same id, and is followed by one', async () => {
    const { producer: second, topic, id } = await opened();
    expect(await settled(() => second.send(['second'], { topic: topic.name }))).toBe('NONE');
    const first = await open(id, 1);
    expect(await second.end('commit')).toBe('PRODUCER_FENCED');
    for (const value of ['first', 'first again']) {
      expect(await settled(() => first.add(topic.name))).toBe('NONE');
      expect(await first.send([value], { topic: topic.name })).toBe('NONE');
      expect(await first.end('commit')).toBe('NONE');
      await untilEnded(subject, id);
    }
    expect(await settled(() => first.add(topic.name))).toBe('NONE');
    expect(await first.send(['left open'], { topic: topic.name })).toBe('NONE');
    const third = await open(id);
    expect(await first.send(['zombie'], { topic: topic.name })).toBe('INVALID_PRODUCER_EPOCH');
    await write({ topic, id, producer: third }, 'third');
    expect(await committedValues(topic)).toEqual(['first', 'first again', 'third']);
  });

  it('commits offsets of a group that nobody announced; who wants stable ones waits for the end', async () => {
    const { producer, topic, id } = await opened();
    const group = fresh('group');
    expect(await settled(() => producer.commitOffset(7, { topic: topic.name, groupId: group }))).toBe('NONE');
    expect(await committedOffset(subject, group, topic.name, { requireStable: true })).toMatchObject({ error: 'UNSTABLE_OFFSET_COMMIT' });
    const delayed = await late(producer);
    expect(await producer.end('commit')).toBe('NONE');
    await untilEnded(subject, id);
    expect(await committedOffset(subject, group, topic.name, { requireStable: true })).toMatchObject({ error: 'NONE', offset: 7 });
    expect(await delayed.commitOffset(9, { topic: topic.name, groupId: group })).toBe('INVALID_PRODUCER_EPOCH');
    const stranger = { topic: topic.name, groupId: group, memberId: 'who', generationId: 5 };
    expect(await delayed.commitOffset(9, stranger)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await settled(() => producer.commitOffset(9, stranger))).toBe('UNKNOWN_MEMBER_ID');
  });

  it.each([
    [3, 'INVALID_TXN_STATE'],
    [4, 'TRANSACTION_ABORTABLE'],
  ])('that asks in version %i with a group that nobody announced is told %s', async (version, error) => {
    const { producer, topic } = await opened();
    const group = fresh('group');
    expect(await settled(() => producer.commitOffset(1, { topic: topic.name, groupId: group, version }))).toBe(error);
  });

  it.each([
    [10, 'INVALID_TXN_STATE'],
    [11, 'TRANSACTION_ABORTABLE'],
  ])('that sends in version %i to a partition that was not added is told %s', async (version, error) => {
    const { producer, topic } = await opened(1);
    expect(await producer.send(['a'], { topic: topic.name, version })).toBe(error);
  });

  it.each([2, 3, 4, 5])('without a name is refused in version %i of EndTxn', async (version) => {
    const { producer } = await opened();
    const { errorCode } = await subject.request(apis.endTxn, version, { ...producer.identity, transactionalId: '', committed: true });
    expect(errorCode).toBe(42);
  });
});
