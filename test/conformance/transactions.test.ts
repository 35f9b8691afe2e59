import { apis, batchHeader, controlTypeOf, iterateBatches } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { committedOffset } from './committed-offsets.ts';
import { Member } from './member.ts';
import { errorName, fresh, Subject, until } from './subject.ts';
import { readCommitted, Topic } from './topic.ts';
import { describeTransaction, Transactor, untilEnded } from './transactor.ts';

const subject = Subject.inThisFile();
const committed = { isolationLevel: readCommitted };

/** The last stable offset is at the end: nothing is open any more. */
async function untilStable(topic: Topic, end: number): Promise<void> {
  await until(
    () => topic.offsetOf(-1, committed),
    ({ offset }) => offset === end,
  );
}

describe('the outcome of a transaction', () => {
  it('readers of committed records wait for the commit, which takes an offset of its own', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject);
    expect(await producer.add(topic)).toEqual(['NONE']);
    expect(await producer.send(topic, ['a', 'b'])).toBe('NONE');
    expect(await topic.values()).toEqual(['a', 'b']);
    const before = await topic.fetch(0, committed);
    expect(before).toMatchObject({ error: 'NONE', highWatermark: 2, lastStableOffset: 0, abortedTransactions: [] });
    expect(before.records).toHaveLength(0);
    expect(await topic.offsetOf(-1)).toMatchObject({ offset: 2 });
    expect(await topic.offsetOf(-1, committed)).toMatchObject({ offset: 0 });

    expect(await producer.end('commit')).toBe('NONE');
    await untilStable(topic, 3);
    expect(await topic.committedValues()).toEqual(['a', 'b']);
    const after = await topic.fetch(0, committed);
    expect(after).toMatchObject({ highWatermark: 3, lastStableOffset: 3, abortedTransactions: [] });
    const marker = [...iterateBatches(after.records)].at(-1)!;
    expect(batchHeader.isControl(after.records, marker)).toBe(true);
    expect(controlTypeOf(after.records, marker)).toBe('commit');
    expect(batchHeader.attributes(after.records, marker)).toBe(0x30);
    expect(batchHeader.baseSequence(after.records, marker)).toBe(-1);
  });

  it('aborted records stay in the log and are listed to readers of committed ones, who leave them out', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject);
    await producer.write(topic, ['a', 'b'], 'abort');
    await untilStable(topic, 3);
    await producer.write(topic, ['c'], 'commit');
    await untilStable(topic, 5);
    expect(await topic.values()).toEqual(['a', 'b', 'c']);
    expect(await topic.committedValues()).toEqual(['c']);
    const { abortedTransactions } = await topic.fetch(0, committed);
    expect(abortedTransactions).toEqual([{ producerId: producer.producerId, firstOffset: 0 }]);
    expect((await topic.fetch(3, committed)).abortedTransactions).toEqual([]);
    expect((await topic.fetch(0)).abortedTransactions ?? []).toEqual([]);
  });

  it('of several that overlap, readers see those before the first that is open; aborted ones are listed in order', async () => {
    const topic = await Topic.make(subject);
    const [one, two, three] = await Promise.all([Transactor.open(subject), Transactor.open(subject), Transactor.open(subject)]);
    for (const producer of [one, two, three]) await producer.add(topic);
    await one.send(topic, ['1a']);
    await two.send(topic, ['2a']);
    await three.send(topic, ['3a']);
    await one.send(topic, ['1b']);
    expect(await two.end('abort')).toBe('NONE');
    await until(
      () => topic.offsetOf(-1),
      ({ offset }) => offset === 5,
    );
    expect(await topic.committedValues()).toEqual([]);
    expect(await one.end('commit')).toBe('NONE');
    await untilStable(topic, 2);
    expect(await topic.committedValues()).toEqual(['1a']);
    expect(await three.end('abort')).toBe('NONE');
    await untilStable(topic, 7);
    expect(await topic.committedValues()).toEqual(['1a', '1b']);
    const { abortedTransactions } = await topic.fetch(0, committed);
    expect(abortedTransactions?.toSorted((a, b) => a.firstOffset - b.firstOffset)).toEqual([
      { producerId: two.producerId, firstOffset: 1 },
      { producerId: three.producerId, firstOffset: 2 },
    ]);
  });

  it('is the same in all partitions that were added, whether written to or not', async () => {
    const topic = await Topic.make(subject, {}, 3);
    const producer = await Transactor.open(subject);
    expect(await producer.add(topic, [0, 1, 2])).toEqual(['NONE', 'NONE', 'NONE']);
    await producer.send(topic, ['a'], { index: 0 });
    await producer.send(topic, ['b'], { index: 1 });
    await producer.end('commit');
    for (const [partition, end] of [2, 2, 1].entries()) {
      await until(
        () => topic.offsetOf(-1, { ...committed, partition }),
        ({ offset }) => offset === end,
      );
    }
    expect(await topic.values(0, { ...committed, partition: 1 })).toEqual(['b']);
  });

  it('a fetch that waits for committed records is answered by the commit', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject);
    await producer.add(topic);
    await producer.send(topic, ['a']);
    const reader = await subject.connect();
    const fetching = reader.request(apis.fetch, 12, topic.fetchBody(0, { ...committed, maxWaitMs: 15_000 }));
    await producer.end('commit');
    const { responses } = await fetching;
    expect(responses[0]!.partitions[0]!.records!.length).toBeGreaterThan(0);
  });

  it('a transaction of nothing commits and aborts', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject);
    await producer.add(topic);
    expect(await producer.end('abort')).toBe('NONE');
    await producer.addGroup(fresh('group'));
    expect(await producer.end('commit')).toBe('NONE');
  });
});

describe('ending a transaction', () => {
  it('asking again for the same outcome is answered as before; for the other it is not', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject);
    await producer.write(topic, ['a'], 'commit');
    expect(await producer.end('commit')).toBe('NONE');
    expect(await producer.end('abort')).toBe('INVALID_TXN_STATE');
    await producer.write(topic, ['b'], 'abort');
    expect(await producer.end('abort')).toBe('NONE');
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    expect(await topic.committedValues()).toEqual(['a']);
  });

  it('there is none to end before the first, nor of a producer that is not known', async () => {
    const producer = await Transactor.open(subject);
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    expect(await producer.end('abort')).toBe('INVALID_TXN_STATE');
    const stranger = new Transactor(subject.client, fresh('tx'));
    stranger.producerId = producer.producerId;
    stranger.producerEpoch = 0;
    expect(await stranger.end('commit')).toBe('INVALID_PRODUCER_ID_MAPPING');
  });

  it('one that is not ended in time is aborted, and its producer fenced', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject, fresh('tx'), 1_000);
    await producer.add(topic);
    await producer.send(topic, ['a']);
    expect(await untilEnded(subject, producer.transactionalId)).toBe('CompleteAbort');
    await untilStable(topic, 2);
    expect(await topic.committedValues()).toEqual([]);
    expect(await producer.send(topic, ['b'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await producer.end('commit')).toBe('PRODUCER_FENCED');
    expect(await producer.add(topic)).toEqual(['PRODUCER_FENCED']);
    expect(await producer.init()).toBe('NONE');
    await producer.write(topic, ['c'], 'commit');
    await untilStable(topic, 4);
    expect(await topic.committedValues()).toEqual(['c']);
  });
});

describe('a producer that was replaced', () => {
  it('can do nothing any more, and what it left open is aborted', async () => {
    const topic = await Topic.make(subject);
    const groupId = fresh('group');
    const zombie = await Transactor.open(subject);
    await zombie.add(topic);
    await zombie.send(topic, ['lost']);
    await zombie.addGroup(groupId);
    await zombie.commitOffset(groupId, topic, 9);
    const next = await Transactor.open(subject, zombie.transactionalId);
    expect(next.producerId).toBe(zombie.producerId);
    expect(next.producerEpoch).toBeGreaterThan(zombie.producerEpoch);
    await untilStable(topic, 2);

    expect(await zombie.send(topic, ['x'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await zombie.add(topic)).toEqual(['PRODUCER_FENCED']);
    expect(await zombie.add(topic, [0], 1)).toEqual(['INVALID_PRODUCER_EPOCH']);
    expect(await zombie.addGroup(groupId)).toBe('PRODUCER_FENCED');
    expect(await zombie.commitOffset(groupId, topic, 9)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await zombie.end('commit')).toBe('PRODUCER_FENCED');
    expect(await zombie.end('commit', 1)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await zombie.init({ named: zombie.identity })).toBe('PRODUCER_FENCED');

    await next.write(topic, ['kept'], 'commit');
    await untilStable(topic, 4);
    expect(await topic.committedValues()).toEqual(['kept']);
    expect((await committedOffset(subject, groupId, topic.name, { requireStable: true })).offset).toBe(-1);
  });

  const steps: Readonly<Record<string, (producer: Transactor, topic: Topic, groupId: string) => Promise<unknown>>> = {
    'before it begins': async () => {},
    'after it added a partition': async (producer, topic) => producer.add(topic),
    'after it wrote': async (producer, topic) => [await producer.add(topic), await producer.send(topic, ['lost'])],
    'after it announced offsets': async (producer, topic, groupId) => [
      await producer.add(topic),
      await producer.send(topic, ['lost']),
      await producer.addGroup(groupId),
    ],
    'after it committed offsets': async (producer, topic, groupId) => [
      await producer.add(topic),
      await producer.send(topic, ['lost']),
      await producer.addGroup(groupId),
      await producer.commitOffset(groupId, topic, 7),
    ],
  };

  it.each(Object.keys(steps))('whose connection is lost %s leaves nothing behind for the next', async (step) => {
    const topic = await Topic.make(subject);
    const groupId = fresh('group');
    const lost = await Transactor.open(subject);
    await steps[step]!(lost, topic, groupId);
    lost.disconnect();
    const next = await Transactor.open(subject, lost.transactionalId);
    await next.addGroup(groupId);
    expect(await next.commitOffset(groupId, topic, 1)).toBe('NONE');
    await next.write(topic, ['kept'], 'commit');
    await until(
      () => topic.committedValues(),
      (values) => values.length === 1,
    );
    expect(await topic.committedValues()).toEqual(['kept']);
    const offset = await until(
      () => committedOffset(subject, groupId, topic.name, { requireStable: true }),
      ({ error }) => error === 'NONE',
    );
    expect(offset.offset).toBe(1);
  });

  it('whose connection is lost while it commits has committed wholly or not at all', async () => {
    const topic = await Topic.make(subject, {}, 2);
    const groupId = fresh('group');
    const client = await subject.connect();
    const lost = new Transactor(client, fresh('tx'));
    await lost.init();
    await lost.add(topic, [0, 1]);
    await lost.send(topic, ['a'], { index: 0 });
    await lost.send(topic, ['b'], { index: 1 });
    await lost.addGroup(groupId);
    await lost.commitOffset(groupId, topic, 1);
    client.send(apis.endTxn, 3, { ...lost.identity, committed: true });
    client.close();
    const next = await Transactor.open(subject, lost.transactionalId);
    expect(await next.end('abort')).toBe('INVALID_TXN_STATE');
    for (const partition of [0, 1]) {
      await until(
        () => topic.offsetOf(-1, { ...committed, partition }),
        ({ offset }) => offset === 2,
      );
    }
    const aborted = await Promise.all([0, 1].map((partition) => topic.fetch(0, { ...committed, partition })));
    const isCommitted = aborted.map(({ abortedTransactions }) => abortedTransactions!.length === 0);
    const { offset } = await until(
      () => committedOffset(subject, groupId, topic.name, { requireStable: true }),
      ({ error }) => error === 'NONE',
    );
    expect(isCommitted).toEqual([offset === 1, offset === 1]);
  });
});

describe('what a transaction may touch', () => {
  it('if a partition does not exist none is added', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject);
    expect(await producer.add(topic, [0, 5])).toEqual(['OPERATION_NOT_ATTEMPTED', 'UNKNOWN_TOPIC_OR_PARTITION']);
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
  });

  it('a producer that is not the one of its id is refused', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject);
    const wrongId = new Transactor(subject.client, producer.transactionalId);
    Object.assign(wrongId, { producerId: producer.producerId + 100_000, producerEpoch: producer.producerEpoch });
    expect(await wrongId.add(topic)).toEqual(['INVALID_PRODUCER_ID_MAPPING']);
    expect(await wrongId.addGroup(fresh('group'))).toBe('INVALID_PRODUCER_ID_MAPPING');
    const stranger = new Transactor(subject.client, fresh('tx'));
    Object.assign(stranger, { producerId: producer.producerId, producerEpoch: producer.producerEpoch });
    expect(await stranger.add(topic)).toEqual(['INVALID_PRODUCER_ID_MAPPING']);
  });

  it('no partition takes records of a transaction that it was not added to', async () => {
    const topic = await Topic.make(subject, {}, 2);
    const producer = await Transactor.open(subject);
    expect(await producer.send(topic, ['x'])).toBe('INVALID_TXN_STATE');
    await producer.add(topic, [1]);
    expect(await producer.send(topic, ['x'])).toBe('INVALID_TXN_STATE');
    expect(await producer.send(topic, ['x'], { version: 11 })).toBe('TRANSACTION_ABORTABLE');
    expect(await producer.send(topic, ['y'], { index: 1 })).toBe('NONE');
    await producer.end('commit');
    expect(await topic.offsetOf(-1)).toMatchObject({ offset: 0 });
  });

  it('after it has ended nothing more is taken, until the next begins', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject);
    await producer.write(topic, ['a'], 'commit');
    await untilEnded(subject, producer.transactionalId);
    expect(await producer.send(topic, ['late'])).toBe('INVALID_TXN_STATE');
    await producer.add(topic);
    expect(await producer.send(topic, ['b'])).toBe('NONE');
    await producer.end('commit');
    await untilStable(topic, 4);
    expect(await topic.committedValues()).toEqual(['a', 'b']);
  });

  it('records outside of the transaction are refused while it is open', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject);
    await producer.add(topic);
    await producer.send(topic, ['a']);
    expect(await producer.send(topic, ['x'], { transactional: false })).toBe('INVALID_TXN_STATE');
    await producer.end('commit');
  });

  it('no offsets are taken of a group that was not announced', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject);
    await producer.add(topic);
    expect(await producer.commitOffset(fresh('group'), topic, 1)).toBe('INVALID_TXN_STATE');
    await producer.end('abort');
  });

  it('offsets are taken only of members of the group, in their generation', async () => {
    const topic = await Topic.make(subject);
    const member = await Member.alone(subject, fresh('group'), { instanceId: 'one' });
    const { groupId, memberId, generation: generationId } = member;
    const producer = await Transactor.open(subject);
    await producer.addGroup(groupId);
    const commit = (changes: object) =>
      producer.commitOffset(groupId, topic, 3, { memberId, generationId, groupInstanceId: 'one', ...changes });
    expect(await commit({ generationId: generationId + 1 })).toBe('ILLEGAL_GENERATION');
    expect(await commit({ memberId: 'who', groupInstanceId: null })).toBe('UNKNOWN_MEMBER_ID');
    expect(await commit({ memberId: 'who' })).toBe('FENCED_INSTANCE_ID');
    expect(await commit({ groupInstanceId: 'other' })).toBe('UNKNOWN_MEMBER_ID');
    expect(await commit({})).toBe('NONE');
    await producer.end('commit');
    const { offset } = await until(
      () => committedOffset(subject, groupId, topic.name, { requireStable: true }),
      ({ error }) => error === 'NONE',
    );
    expect(offset).toBe(3);
  });

  it('who tells nothing of a member may commit offsets of any group, as old clients do', async () => {
    const topic = await Topic.make(subject);
    const member = await Member.alone(subject, fresh('group'));
    const producer = await Transactor.open(subject);
    await producer.addGroup(member.groupId);
    expect(await producer.commitOffset(member.groupId, topic, 3)).toBe('NONE');
    await producer.end('commit');
  });

  it('offsets of a topic that does not exist are refused', async () => {
    const producer = await Transactor.open(subject);
    const groupId = fresh('group');
    await producer.addGroup(groupId);
    expect(await producer.commitOffset(groupId, new Topic(subject, fresh('none')), 3)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });
});

describe('the identity of a transactional producer', () => {
  it('each claim of an id is the next epoch of the same producer id', async () => {
    const producer = await Transactor.open(subject);
    const { producerId } = producer;
    expect(producer.producerEpoch).toBe(0);
    expect(await producer.init()).toBe('NONE');
    expect(producer.identity).toMatchObject({ producerId, producerEpoch: 1 });
    expect(await producer.init({ named: producer.identity })).toBe('NONE');
    expect(producer.identity).toMatchObject({ producerId, producerEpoch: 2 });
  });

  it('one that names itself must be the newest; a repeated claim is answered as the first', async () => {
    const producer = await Transactor.open(subject);
    const first = producer.identity;
    expect(await producer.init({ named: first })).toBe('NONE');
    const second = producer.identity;
    expect(await producer.init({ named: first })).toBe('NONE');
    expect(producer.identity).toEqual(second);
    expect(await producer.init({ named: second })).toBe('NONE');
    expect(await producer.init({ named: first })).toBe('PRODUCER_FENCED');
    expect(await producer.init({ named: { producerId: first.producerId + 100_000, producerEpoch: 0 } })).toBe('PRODUCER_FENCED');
  });

  it('time-outs of nothing, of less and of more than the broker allows are refused, as are half an identity and an empty id', async () => {
    const producer = await Transactor.open(subject);
    for (const timeoutMs of [0, -1, 900_001]) expect(await producer.init({ timeoutMs })).toBe('INVALID_TRANSACTION_TIMEOUT');
    expect(await producer.init({ named: { producerId: producer.producerId, producerEpoch: -1 } })).toBe('INVALID_REQUEST');
    expect(await producer.init({ named: { producerId: -1, producerEpoch: 3 } })).toBe('INVALID_REQUEST');
    expect(await new Transactor(subject.client, '').init()).toBe('INVALID_REQUEST');
  });

  it('states are told: Empty, Ongoing with its partitions, CompleteCommit', async () => {
    const topic = await Topic.make(subject);
    const producer = await Transactor.open(subject, fresh('tx'), 30_000);
    const { transactionalId, producerId } = producer;
    const told = () => describeTransaction(subject, transactionalId);
    const common = { error: 'NONE', transactionalId, transactionTimeoutMs: 30_000, producerId, producerEpoch: 0 };
    expect(await told()).toMatchObject({ ...common, transactionState: 'Empty', topics: [] });
    await producer.add(topic);
    const topics = [{ topic: topic.name, partitions: [0] }];
    expect(await told()).toMatchObject({ ...common, transactionState: 'Ongoing', topics });
    const listed = await subject.request(apis.listTransactions, 1, { stateFilters: ['Ongoing', 'Odd'], producerIdFilters: [producerId] });
    expect(listed).toMatchObject({ errorCode: 0, unknownStateFilters: ['Odd'] });
    expect(listed.transactionStates).toEqual([{ transactionalId, producerId, transactionState: 'Ongoing' }]);
    await producer.send(topic, ['a']);
    const described = await subject.request(apis.describeProducers, 0, { topics: [{ name: topic.name, partitionIndexes: [0, 3] }] });
    const [partition, unknown] = described.topics[0]!.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex);
    expect(partition!.activeProducers).toMatchObject([{ producerId, producerEpoch: 0, lastSequence: 0, currentTxnStartOffset: 0 }]);
    expect(errorName(unknown!.errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    await producer.end('commit');
    expect(await untilEnded(subject, transactionalId)).toBe('CompleteCommit');
    expect(await told()).toMatchObject({ error: 'NONE', topics: [] });
    expect(await describeTransaction(subject, fresh('tx'))).toMatchObject({ error: 'TRANSACTIONAL_ID_NOT_FOUND' });
  });
});
