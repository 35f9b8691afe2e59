import { FakeClock, SeededRandom, silentLogger, systemClock, systemDisk } from '@millrace/core';
import { apis, errorCode, errorOf } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { KeyedLog } from '../src/log/keyed-log.ts';
import { encodeTransaction, newTransaction } from '../src/transaction/transaction.ts';
import { MemoryDisk } from './memory-disk.ts';
import { openBroker, recordingLogger, temporaryDirectory } from './test-broker.ts';
import { batchOf, recordsIn, TopicClient } from './topic-client.ts';
import { committed, committedValues, fetchOffset, opened, TransactionClient } from './transaction-client.ts';

describe('a transaction', () => {
  it('is seen by readers of committed records only once it is committed, and then whole', async () => {
    const { reader, producer } = await opened();
    await reader.produce(batchOf(['before']));
    expect(await producer.add()).toBe('NONE');
    expect(await producer.send(['a', 'b'])).toBe('NONE');
    await reader.produce(batchOf(['between']));
    expect(await committedValues(reader)).toEqual(['before']);
    expect((await reader.fetch(0)).lastStableOffset).toBe(1);
    expect(recordsIn((await reader.fetch(0)).records!).map(({ value }) => value)).toEqual(['before', 'a', 'b', 'between']);
    expect((await reader.listOffset(-1, 1)).offset).toBe(1);
    expect((await reader.listOffset(-1, 0)).offset).toBe(4);
    expect((await reader.listOffset(1001, 1)).offset).toBe(-1);
    expect(await producer.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual(['before', 'a', 'b', 'between']);
    expect(await reader.fetch(0, committed)).toMatchObject({ lastStableOffset: 5, highWatermark: 5, abortedTransactions: [] });
  });

  it('that is aborted is listed with its first offset, and none of it counts', async () => {
    const { reader, producer } = await opened();
    for (const [value, outcome] of [
      ['a', 'abort'],
      ['b', 'commit'],
      ['c', 'abort'],
      ['d', 'commit'],
    ] as const) {
      await producer.add();
      await producer.send([value]);
      expect(await producer.end(outcome)).toBe('NONE');
    }
    const { abortedTransactions } = await reader.fetch(0, committed);
    expect(abortedTransactions).toEqual([0, 4].map((firstOffset) => ({ producerId: producer.producerId, firstOffset })));
    expect(await committedValues(reader)).toEqual(['b', 'd']);
    expect((await reader.fetch(2, committed)).abortedTransactions).toHaveLength(1);
    expect((await reader.fetch(6, committed)).abortedTransactions).toEqual([]);
    expect((await reader.fetch(0)).abortedTransactions).toBeNull();
  });

  it('that overlaps another is judged by itself', async () => {
    const { port, reader, producer } = await opened();
    const other = await TransactionClient.open(port, 'other');
    await producer.add();
    await other.add();
    await producer.send(['p1']);
    await other.send(['o1']);
    await producer.send(['p2']);
    expect(await other.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual([]);
    await producer.end('abort');
    expect(await committedValues(reader)).toEqual(['o1']);
  });

  it('wakes those who wait for committed records when it ends, and not before', async () => {
    const { port, reader, producer } = await opened();
    const waiter = await TopicClient.open(port);
    let isAnswered = false;
    const waiting = waiter.fetch(0, { ...committed, maxWaitMs: 60_000 }).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await producer.add();
    await producer.send(['a']);
    await reader.raw.request(apis.apiVersions, 0, {});
    expect(isAnswered).toBe(false);
    await producer.end('commit');
    expect(recordsIn((await waiting).records!).map(({ value }) => value)).toEqual(['a']);
  });

  it('may be ended again with the same outcome, not with the other, and not before it began', async () => {
    const { reader, producer } = await opened();
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    await producer.add();
    await producer.send(['a']);
    expect(await producer.end('commit')).toBe('NONE');
    expect(await producer.end('commit')).toBe('NONE');
    expect(await producer.end('abort')).toBe('INVALID_TXN_STATE');
    expect((await reader.fetch(0)).highWatermark).toBe(2);
  });

  it('refuses partitions that do not exist, and then takes none', async () => {
    const { producer } = await opened();
    const topics = [
      { name: 't', partitions: [0] },
      { name: 'none', partitions: [0] },
    ];
    const answer = await producer.raw.request(apis.addPartitionsToTxn, 3, { ...producer.identity, topics });
    const errors = answer.resultsByTopic.map(({ resultsByPartition }) => errorOf(resultsByPartition[0]!.partitionErrorCode).name);
    expect(errors).toEqual(['OPERATION_NOT_ATTEMPTED', 'UNKNOWN_TOPIC_OR_PARTITION']);
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
  });

  it('takes no batch of a partition that was not added, and none from outside', async () => {
    const { reader, producer } = await opened();
    expect(await producer.send(['a'])).toBe('INVALID_TXN_STATE');
    expect(await producer.send(['a'], { version: 11 })).toBe('TRANSACTION_ABORTABLE');
    await producer.add();
    expect(await producer.send(['a'])).toBe('NONE');
    expect(await producer.send(['b'], { transactional: false })).toBe('INVALID_TXN_STATE');
    await producer.end('commit');
    expect(await producer.send(['late'])).toBe('INVALID_TXN_STATE');
    expect(await committedValues(reader)).toEqual(['a']);
  });

  it('goes on with its sequences from one transaction to the next', async () => {
    const { reader, producer } = await opened();
    for (const value of ['a', 'b', 'c']) {
      await producer.add();
      expect(await producer.send([value])).toBe('NONE');
      await producer.end('commit');
    }
    expect(await committedValues(reader)).toEqual(['a', 'b', 'c']);
  });

  it('whose topic is deleted meanwhile ends in what is left', async () => {
    const { port, reader, producer } = await opened();
    await (await TopicClient.open(port, 'u')).make();
    await producer.add();
    await producer.add('u');
    await producer.send(['a']);
    await producer.send(['b'], { topic: 'u' });
    await reader.raw.request(apis.deleteTopics, 5, { topicNames: ['u'], timeoutMs: 1000 });
    expect(await producer.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual(['a']);
  });

  it('does not hold readers back once its records are deleted', async () => {
    const { reader, producer } = await opened();
    await producer.add();
    await producer.send(['a', 'b']);
    await reader.produce(batchOf(['c']));
    await reader.deleteRecords(2);
    expect((await reader.fetch(2, committed)).lastStableOffset).toBe(2);
    await producer.end('abort');
    expect(await committedValues(reader, 2)).toEqual(['c']);
  });
});

describe('a producer with a transactional id', () => {
  it('fences the one before, whose transaction is aborted', async () => {
    const { port, reader, producer: zombie } = await opened();
    await zombie.add();
    await zombie.send(['zombie']);
    const owner = await TransactionClient.open(port);
    expect(owner.producerId).toBe(zombie.producerId);
    expect(owner.producerEpoch).toBeGreaterThan(zombie.producerEpoch);
    expect(await zombie.send(['late'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await zombie.add()).toBe('PRODUCER_FENCED');
    expect(await zombie.add('t', [0], 1)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await zombie.end('commit')).toBe('PRODUCER_FENCED');
    expect(await zombie.end('commit', 1)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await zombie.addGroup()).toBe('PRODUCER_FENCED');
    expect(await zombie.init(zombie.identity)).toBe('PRODUCER_FENCED');
    await owner.add();
    await owner.send(['owner']);
    await owner.end('commit');
    expect(await committedValues(reader)).toEqual(['owner']);
  });

  it('that names itself gets the next epoch, and the same again if it asks again', async () => {
    const { producer } = await opened();
    const first = { producerId: producer.producerId, producerEpoch: producer.producerEpoch };
    expect(await producer.init(first)).toBe('NONE');
    expect(producer.producerEpoch).toBe(first.producerEpoch + 1);
    expect(await producer.init(first)).toBe('NONE');
    expect(producer.producerEpoch).toBe(first.producerEpoch + 1);
    expect(await producer.init({ producerId: 999, producerEpoch: 0 })).toBe('PRODUCER_FENCED');
    expect(await producer.init({ producerId: 5, producerEpoch: -1 })).toBe('INVALID_REQUEST');
  });

  it('gets a new id when its epochs are used up', async () => {
    const dataDirectory = temporaryDirectory();
    const last = { ...newTransaction('tx', 900, 1000, Date.now()), producerEpoch: 2 ** 15 - 3 };
    const never = Number.POSITIVE_INFINITY;
    const settings = { segmentBytes: 1e6, segmentMs: never, flushMessages: never, flushMs: never };
    const ports = { disk: systemDisk, clock: systemClock, logger: silentLogger };
    const log = new KeyedLog(`${dataDirectory}/transactions`, ports, settings, () => [], never);
    log.append([{ key: ['transaction', 'tx'], value: encodeTransaction(last) }]);
    await log.close();
    const { reader, producer, port } = await opened({ dataDirectory });
    expect(producer.identity).toMatchObject({ producerId: 900, producerEpoch: 2 ** 15 - 2 });
    const exhausted = { producerId: 900, producerEpoch: 2 ** 15 - 2 };
    await producer.add();
    await producer.send(['old']);
    await producer.end('abort');
    expect(await producer.init(exhausted)).toBe('NONE');
    expect(producer.identity).toMatchObject({ producerId: 0, producerEpoch: 0 });
    expect(await producer.init(exhausted)).toBe('NONE');
    expect(producer.identity).toMatchObject({ producerId: 0, producerEpoch: 0 });
    await producer.add();
    await producer.send(['new']);
    const zombie = new TransactionClient((await TopicClient.open(port)).raw, 'tx');
    Object.assign(zombie, exhausted);
    expect(await zombie.end('commit')).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(await producer.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual(['new']);
  });

  it.each([
    ['an empty id', '', 1000, 'INVALID_REQUEST'],
    ['no time-out', 'x', 0, 'INVALID_TRANSACTION_TIMEOUT'],
    ['a time-out beyond the limit', 'x', 900_001, 'INVALID_TRANSACTION_TIMEOUT'],
  ])('is refused with %s', async (_, transactionalId, transactionTimeoutMs, error) => {
    const { producer } = await opened();
    const answer = await producer.raw.request(apis.initProducerId, 4, { transactionalId, transactionTimeoutMs });
    expect(answer.errorCode).toBe(errorCode(error as 'INVALID_REQUEST'));
  });

  it('that nobody knows is told so', async () => {
    const { producer } = await opened();
    producer.producerId += 100;
    expect(await producer.add()).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(await producer.end('commit')).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(await producer.send(['a'])).toBe('INVALID_PRODUCER_ID_MAPPING');
  });

  it('finds its coordinator', async () => {
    const { broker, producer } = await opened();
    const { coordinators } = await producer.raw.request(apis.findCoordinator, 4, { keyType: 1, coordinatorKeys: ['tx'] });
    expect(coordinators[0]).toMatchObject({ key: 'tx', errorCode: 0, port: broker.port });
    const unknown = await producer.raw.request(apis.findCoordinator, 4, { keyType: 2, coordinatorKeys: ['x'] });
    expect(unknown.coordinators[0]!.errorCode).toBe(errorCode('INVALID_REQUEST'));
  });

  it('is forgotten when it is not used for long', async () => {
    const clock = new FakeClock(1e12);
    const { producer } = await opened({ transactionalIdExpirationMs: 1000, connectionIdleMaxMs: Number.POSITIVE_INFINITY }, { clock });
    await producer.add();
    await producer.end('abort');
    clock.jump(2000);
    clock.advance(60 * 60_000);
    expect(await producer.add()).toBe('INVALID_PRODUCER_ID_MAPPING');
  });
});

describe('a transaction that takes too long', () => {
  it('is aborted, and its producer fenced', async () => {
    const clock = new FakeClock(1e12);
    const { reader, producer } = await opened({}, { clock });
    await producer.init(undefined, 1000);
    await producer.add();
    await producer.send(['a']);
    clock.advance(999);
    expect(await producer.send(['b'])).toBe('NONE');
    clock.advance(1);
    await reader.raw.request(apis.apiVersions, 0, {});
    expect(await producer.send(['c'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await producer.end('commit')).toBe('PRODUCER_FENCED');
    expect(await committedValues(reader)).toEqual([]);
    expect(await reader.fetch(0, committed)).toMatchObject({ lastStableOffset: 3 });
    await producer.init();
    await producer.add();
    expect(await producer.send(['d'])).toBe('NONE');
    clock.advance(500);
    await producer.end('commit');
    expect(await committedValues(reader)).toEqual(['d']);
  });

  it('is so also if the broker was away meanwhile', async () => {
    const dataDirectory = temporaryDirectory();
    const clock = new FakeClock(1e12);
    const { broker, producer } = await opened({ dataDirectory }, { clock });
    await producer.init(undefined, 1000);
    await producer.add();
    await producer.send(['a']);
    await broker.abandon();
    clock.jump(400);
    const again = await openBroker({ dataDirectory }, { clock });
    const reader = await TopicClient.open(again.port);
    clock.advance(599);
    expect((await reader.fetch(0)).lastStableOffset).toBe(0);
    clock.advance(1);
    expect((await reader.fetch(0)).lastStableOffset).toBe(2);
  });
});

describe('offsets committed with a transaction', () => {
  it('become the offsets of the group with the commit; until then who wants stable ones is told to wait', async () => {
    const { reader, producer } = await opened();
    expect(await producer.commitOffset(7)).toBe('INVALID_TXN_STATE');
    expect(await producer.addGroup()).toBe('NONE');
    expect(await producer.commitOffset(7)).toBe('NONE');
    expect(await fetchOffset(reader, true)).toEqual(['UNSTABLE_OFFSET_COMMIT', -1]);
    expect(await fetchOffset(reader, false)).toEqual(['NONE', -1]);
    expect(await producer.end('commit')).toBe('NONE');
    expect(await fetchOffset(reader, true)).toEqual(['NONE', 7]);
    await producer.addGroup();
    await producer.commitOffset(9);
    await producer.end('abort');
    expect(await fetchOffset(reader, true)).toEqual(['NONE', 7]);
  });

  it('are taken of a member of this generation only', async () => {
    const { reader, producer } = await opened();
    const join = { groupId: 'g', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberId: '', protocolType: 'consumer' };
    const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];
    const { memberId, generationId } = await reader.raw.request(apis.joinGroup, 3, { ...join, protocols });
    const assignments = [{ memberId, assignment: Buffer.alloc(0) }];
    await reader.raw.request(apis.syncGroup, 3, { groupId: 'g', memberId, generationId, assignments });
    await producer.addGroup();
    expect(await producer.commitOffset(1, { memberId, generationId: generationId + 1 })).toBe('ILLEGAL_GENERATION');
    expect(await producer.commitOffset(1, { memberId: 'other', generationId })).toBe('UNKNOWN_MEMBER_ID');
    expect(await producer.commitOffset(1, { memberId, generationId, groupInstanceId: 'i' })).toBe('UNKNOWN_MEMBER_ID');
    expect(await producer.commitOffset(3, { memberId, generationId })).toBe('NONE');
    await producer.end('commit');
    expect(await fetchOffset(reader, true)).toEqual(['NONE', 3]);
  });

  it('are taken of anybody who names no generation, as long as the group has no member', async () => {
    const { producer } = await opened();
    await producer.addGroup();
    await producer.commitOffset(1);
    await producer.end('commit');
    await producer.addGroup();
    expect(await producer.commitOffset(2, { memberId: 'm', generationId: -1 })).toBe('NONE');
    expect(await producer.commitOffset(2, { memberId: '', generationId: 5 })).toBe('UNKNOWN_MEMBER_ID');
  });

  it('of a group without a name are refused', async () => {
    const { producer } = await opened();
    expect(await producer.addGroup('')).toBe('NONE');
    const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1 }] }];
    const body = { ...producer.identity, groupId: '', memberId: '', topics };
    const answer = await producer.raw.request(apis.txnOffsetCommit, 2, body);
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(errorCode('INVALID_GROUP_ID'));
  });

  it('of a fenced producer are refused', async () => {
    const { port, producer: zombie } = await opened();
    await zombie.addGroup();
    await TransactionClient.open(port);
    expect(await zombie.commitOffset(1)).toBe('INVALID_PRODUCER_EPOCH');
  });
});

describe('a disk that is full while a transaction ends', () => {
  it('leaves it open if the decision was not written, and delays it if the markers were not', async () => {
    const disk = new MemoryDisk(new SeededRandom(1));
    const clock = new FakeClock(1e12);
    const { reader, producer } = await opened({}, { disk, clock, logger: recordingLogger() });
    await producer.add();
    await producer.send(['a']);
    disk.capacityBytes = disk.usedBytes() + 10;
    expect(await producer.end('commit')).toBe('COORDINATOR_NOT_AVAILABLE');
    disk.capacityBytes = disk.usedBytes() + 382;
    expect(await producer.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual([]);
    expect(await producer.add()).toBe('CONCURRENT_TRANSACTIONS');
    expect(await producer.end('commit')).toBe('CONCURRENT_TRANSACTIONS');
    expect(await producer.end('abort')).toBe('INVALID_TXN_STATE');
    expect(await producer.init()).toBe('CONCURRENT_TRANSACTIONS');
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    clock.advance(500);
    expect(await committedValues(reader)).toEqual(['a']);
    expect(await producer.add()).toBe('NONE');
  });
});

describe('who looks into transactions', () => {
  it('is told which are known, in which state, since when and where', async () => {
    const clock = new FakeClock(1e12);
    const { port, producer } = await opened({}, { clock });
    const other = await TransactionClient.open(port, 'other');
    await producer.add();
    await producer.send(['a', 'b']);
    const describe = async (id: string) =>
      (await producer.raw.request(apis.describeTransactions, 0, { transactionalIds: [id] })).transactionStates[0]!;
    expect(await describe('tx')).toEqual({
      errorCode: 0,
      transactionalId: 'tx',
      transactionState: 'Ongoing',
      transactionTimeoutMs: 60_000,
      transactionStartTimeMs: 1e12,
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      topics: [{ topic: 't', partitions: [0] }],
    });
    expect((await describe('nobody')).errorCode).toBe(errorCode('TRANSACTIONAL_ID_NOT_FOUND'));
    clock.advance(500);
    const list = async (filters: { stateFilters?: string[]; producerIdFilters?: number[]; durationFilter?: number }) => {
      const body = { stateFilters: [], producerIdFilters: [], ...filters };
      const { transactionStates, unknownStateFilters } = await producer.raw.request(apis.listTransactions, 1, body);
      return [
        ...transactionStates.map(({ transactionalId, transactionState }) => `${transactionalId} ${transactionState}`),
        ...unknownStateFilters,
      ];
    };
    expect(await list({})).toEqual(['tx Ongoing', 'other Empty']);
    expect(await list({ stateFilters: ['Ongoing', 'Dreaming'] })).toEqual(['tx Ongoing', 'Dreaming']);
    expect(await list({ producerIdFilters: [other.producerId] })).toEqual(['other Empty']);
    expect(await list({ durationFilter: 500, stateFilters: ['Ongoing'] })).toEqual([]);
    expect(await list({ durationFilter: 499, stateFilters: ['Ongoing'] })).toEqual(['tx Ongoing']);
  });

  it('is told the producers of a partition with what they have open', async () => {
    const { producer } = await opened({}, { clock: new FakeClock(1e12) });
    const ask = async (index: number) => {
      const topics = [{ name: 't', partitionIndexes: [index] }];
      return (await producer.raw.request(apis.describeProducers, 0, { topics })).topics[0]!.partitions[0]!;
    };
    await producer.add();
    await producer.send(['a', 'b']);
    const { producerId, producerEpoch } = producer;
    const told = { producerId, producerEpoch, lastSequence: 1, lastTimestamp: 1e12 };
    expect((await ask(0)).activeProducers).toEqual([{ ...told, coordinatorEpoch: -1, currentTxnStartOffset: 0 }]);
    await producer.end('commit');
    expect((await ask(0)).activeProducers).toEqual([{ ...told, coordinatorEpoch: 0, currentTxnStartOffset: -1 }]);
    expect((await ask(5)).errorCode).toBe(errorCode('UNKNOWN_TOPIC_OR_PARTITION'));
  });
});
