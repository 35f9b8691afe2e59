import { rmSync } from 'node:fs';
import { FakeClock, SeededRandom, silentLogger, systemClock, systemDisk } from '@millrace/core';
import { apis, errorOf } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { KeyedLog } from '../src/log/keyed-log.ts';
import { encodeTransaction, newTransaction, type Transaction } from '../src/transaction/transaction.ts';
import { MemoryDisk } from './memory-disk.ts';
import { openBroker, recordingLogger, temporaryDirectory } from './test-broker.ts';
import { TopicClient } from './topic-client.ts';
import { committedValues, fetchOffset, opened as openedAt, TransactionClient } from './transaction-client.ts';

/** The second version of transactions (KIP-890, part 2): each has an epoch of its own, and what is sent adds itself. */
const opened = (options: Parameters<typeof openedAt>[0] = {}, ports: Parameters<typeof openedAt>[1] = {}) => openedAt(options, ports, 2);

const lastEpoch = 2 ** 15 - 2;
const identityOf = ({ producerId, producerEpoch }: TransactionClient) => ({ producerId, producerEpoch });

/** A data directory in which id tx stands as given. */
async function directoryWith(
  stored: Partial<Transaction> | ((whole: Transaction) => object),
  dataDirectory = temporaryDirectory(),
): Promise<string> {
  const whole = newTransaction('tx', 900, 60_000, Date.now());
  const value = typeof stored === 'function' ? Buffer.from(JSON.stringify(stored(whole))) : encodeTransaction({ ...whole, ...stored });
  const never = Number.POSITIVE_INFINITY;
  const settings = { segmentBytes: 1e6, segmentMs: never, flushMessages: never, flushMs: never };
  const ports = { disk: systemDisk, clock: systemClock, logger: silentLogger };
  const log = new KeyedLog(`${dataDirectory}/transactions`, ports, settings, () => [], never);
  log.append([{ key: ['transaction', 'tx'], value }]);
  await log.close();
  return dataDirectory;
}

describe('clients that choose their transactions', () => {
  it('are told of the second version of transactions, those of old without the level 0 that they do not bear', async () => {
    const { reader } = await opened();
    const ask = (version: number) =>
      reader.raw.request(apis.apiVersions, version, { clientSoftwareName: 'test', clientSoftwareVersion: '1' });
    const finalized = {
      finalizedFeaturesEpoch: 0,
      finalizedFeatures: [{ name: 'transaction.version', maxVersionLevel: 2, minVersionLevel: 2 }],
    };
    expect(await ask(4)).toMatchObject({
      ...finalized,
      supportedFeatures: [{ name: 'transaction.version', minVersion: 0, maxVersion: 2 }],
    });
    expect(await ask(3)).toMatchObject({ ...finalized, supportedFeatures: [] });
    expect(await ask(2)).toMatchObject({ finalizedFeaturesEpoch: -1, finalizedFeatures: [] });
  });
});

describe('a transaction with an epoch of its own', () => {
  it('begins with what is sent, and gives the next one another epoch', async () => {
    const { reader, producer } = await opened();
    const first = identityOf(producer);
    expect(await producer.send(['a'])).toBe('NONE');
    expect(await producer.send(['b'])).toBe('NONE');
    expect(await producer.commitOffset(7)).toBe('NONE');
    expect(await committedValues(reader)).toEqual([]);
    expect(await fetchOffset(reader, true)).toEqual(['UNSTABLE_OFFSET_COMMIT', -1]);
    expect(await producer.end('commit')).toBe('NONE');
    expect(identityOf(producer)).toEqual({ ...first, producerEpoch: first.producerEpoch + 1 });
    expect(await committedValues(reader)).toEqual(['a', 'b']);
    expect(await fetchOffset(reader, true)).toEqual(['NONE', 7]);
    expect(await producer.send(['c'])).toBe('NONE');
    expect(await producer.end('abort')).toBe('NONE');
    expect(await producer.send(['d'])).toBe('NONE');
    expect(await producer.end('commit')).toBe('NONE');
    expect(identityOf(producer)).toEqual({ ...first, producerEpoch: first.producerEpoch + 3 });
    expect(await committedValues(reader)).toEqual(['a', 'b', 'd']);
  });

  it('takes nothing that was sent for the one before and delayed on the way, wherever it arrives', async () => {
    const { port, reader, producer } = await opened();
    await (await TopicClient.open(port, 'u')).make();
    await producer.send(['a']);
    const late = await producer.late(port);
    await producer.end('commit');
    expect(await late.send(['between'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await producer.send(['b'])).toBe('NONE');
    expect(await late.send(['late'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await late.send(['late'], { topic: 'u' })).toBe('INVALID_PRODUCER_EPOCH');
    expect(await late.send(['late'], { version: 11 })).toBe('INVALID_PRODUCER_EPOCH');
    expect(await late.commitOffset(9)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await late.add('u')).toBe('PRODUCER_FENCED');
    expect(await producer.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual(['a', 'b']);
    expect(await committedValues(reader.about('u'))).toEqual([]);
    expect(await fetchOffset(reader, true)).toEqual(['NONE', -1]);
  });

  it('of the first version takes it: that is what the second is for', async () => {
    const { port, reader, producer } = await openedAt();
    await producer.add();
    await producer.send(['a']);
    const late = await producer.late(port);
    await producer.end('commit');
    await producer.add();
    expect(await late.send(['late'])).toBe('NONE');
    await producer.end('commit');
    expect(await committedValues(reader)).toEqual(['a', 'late']);
  });

  it('begins its sequences anew', async () => {
    const { reader, producer } = await opened();
    await producer.send(['a', 'b']);
    await producer.end('commit');
    expect(await producer.send(['gap'], { sequence: 2 })).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(await producer.send(['c'], { sequence: 0 })).toBe('NONE');
    await producer.end('commit');
    expect(await committedValues(reader)).toEqual(['a', 'b', 'c']);
  });

  it('may be ended again with the epoch that it had, and is answered as the first time', async () => {
    const { port, reader, producer } = await opened();
    await producer.send(['a']);
    const asking = await producer.late(port);
    const asksOtherwise = await producer.late(port);
    await producer.end('commit');
    expect(await asksOtherwise.end('abort')).toBe('INVALID_TXN_STATE');
    expect(await asksOtherwise.end('commit', 4)).toBe('PRODUCER_FENCED');
    expect(await asking.end('commit')).toBe('NONE');
    expect(identityOf(asking)).toEqual(identityOf(producer));
    expect((await reader.fetch(0)).highWatermark).toBe(2);
    await producer.send(['b']);
    expect(await asksOtherwise.end('commit')).toBe('PRODUCER_FENCED');
    await producer.end('abort');
    expect(await asksOtherwise.end('commit')).toBe('PRODUCER_FENCED');
    expect(await committedValues(reader)).toEqual(['a']);
  });

  it('to which nothing has come can be aborted, but not committed', async () => {
    const { producer } = await opened();
    const first = identityOf(producer);
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    expect(await producer.end('abort')).toBe('NONE');
    expect(await producer.end('abort')).toBe('NONE');
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    expect(identityOf(producer)).toEqual({ ...first, producerEpoch: first.producerEpoch + 2 });
    await producer.send(['a']);
    await producer.end('commit');
    expect(await producer.end('abort')).toBe('NONE');
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
  });

  it('is aborted when it takes too long; its producer goes on once it has aborted it too', async () => {
    const clock = new FakeClock(1e12);
    const { port, reader, producer } = await opened({}, { clock });
    await producer.init(undefined, 1000);
    await producer.send(['a']);
    clock.advance(1000);
    await reader.raw.request(apis.apiVersions, 0, {});
    expect(await producer.send(['b'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await producer.commitOffset(1)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    expect(await producer.end('abort', 4)).toBe('PRODUCER_FENCED');
    const zombie = await producer.late(port);
    expect(await producer.end('abort')).toBe('NONE');
    await producer.send(['c']);
    await producer.end('commit');
    expect(await zombie.end('abort')).toBe('PRODUCER_FENCED');
    expect(await zombie.init(identityOf(zombie))).toBe('PRODUCER_FENCED');
    expect(await committedValues(reader)).toEqual(['c']);
  });

  it('keeps what it is across restarts: open, and ended', async () => {
    const dataDirectory = temporaryDirectory();
    const { broker, producer } = await opened({ dataDirectory });
    await producer.send(['a']);
    await producer.commitOffset(5);
    await broker.abandon();
    const second = await openBroker({ dataDirectory });
    const going = await producer.late(second.port);
    const asking = await producer.late(second.port);
    const late = await producer.late(second.port);
    expect(await going.send(['b'])).toBe('NONE');
    expect(await going.end('commit')).toBe('NONE');
    await second.abandon();
    const third = await openBroker({ dataDirectory });
    const reader = await TopicClient.open(third.port);
    const again = await asking.late(third.port);
    expect(await (await late.late(third.port)).send(['late'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await again.end('commit')).toBe('NONE');
    expect(identityOf(again)).toEqual(identityOf(going));
    expect(await again.send(['c'])).toBe('NONE');
    expect(await again.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual(['a', 'b', 'c']);
    expect(await fetchOffset(reader, true)).toEqual(['NONE', 5]);
  });
});

describe('a producer whose transactions have epochs of their own', () => {
  it('gets a new id when they are used up, also if it has to ask twice', async () => {
    const dataDirectory = await directoryWith({ producerEpoch: lastEpoch - 1 });
    const { port, reader, producer } = await opened({ dataDirectory });
    expect(identityOf(producer)).toEqual({ producerId: 900, producerEpoch: lastEpoch });
    await producer.send(['old']);
    await producer.commitOffset(1);
    const asking = await producer.late(port);
    const late = await producer.late(port);
    expect(await producer.end('commit')).toBe('NONE');
    expect(identityOf(producer)).toEqual({ producerId: 0, producerEpoch: 0 });
    expect(await late.end('abort')).toBe('INVALID_TXN_STATE');
    expect(await asking.end('commit')).toBe('NONE');
    expect(identityOf(asking)).toEqual({ producerId: 0, producerEpoch: 0 });
    expect(await late.send(['late'])).toBe('INVALID_PRODUCER_EPOCH');
    expect(await late.send(['late'], { sequence: 0 })).toBe('INVALID_PRODUCER_EPOCH');
    expect(await producer.send(['new'])).toBe('NONE');
    expect(await late.end('commit')).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(await producer.end('commit')).toBe('NONE');
    expect(identityOf(producer)).toEqual({ producerId: 0, producerEpoch: 1 });
    expect(await committedValues(reader)).toEqual(['old', 'new']);
  });

  it('gets one too if the transaction of its last epoch is aborted by its successor', async () => {
    const dataDirectory = await directoryWith({ producerEpoch: lastEpoch - 1 });
    const { port, reader, producer } = await opened({ dataDirectory });
    await producer.send(['old']);
    const next = await TransactionClient.open(port, 'tx', 2);
    expect(identityOf(next)).toEqual({ producerId: 0, producerEpoch: 1 });
    expect(await producer.end('abort')).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(await producer.send(['late'])).toBe('INVALID_PRODUCER_EPOCH');
    await next.send(['new']);
    await next.end('commit');
    expect(await committedValues(reader)).toEqual(['new']);
  });

  it('that lost the answer to the end of a transaction may go on by naming the epoch that it had', async () => {
    const { port, reader, producer } = await opened();
    await producer.send(['a']);
    const before = identityOf(producer);
    const other = await producer.late(port);
    await other.end('commit');
    expect(await producer.init(before)).toBe('NONE');
    expect(identityOf(producer)).toEqual(identityOf(other));
    expect(await producer.send(['b'])).toBe('NONE');
    expect(await producer.init(before)).toBe('PRODUCER_FENCED');
    expect(await producer.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual(['a', 'b']);
  });

  it('follows one of the first version on the same id, and is followed by one', async () => {
    const { port, reader, producer: second } = await opened();
    await second.send(['second']);
    const first = await TransactionClient.open(port, 'tx', 1);
    expect(await second.end('commit')).toBe('PRODUCER_FENCED');
    for (const value of ['first', 'first again']) {
      await first.add();
      await first.addGroup();
      expect(await first.send([value])).toBe('NONE');
      expect(await first.commitOffset(1)).toBe('NONE');
      expect(await first.end('commit')).toBe('NONE');
    }
    await first.add();
    await first.send(['left open']);
    const third = await TransactionClient.open(port, 'tx', 2);
    expect(await first.send(['zombie'])).toBe('INVALID_PRODUCER_EPOCH');
    await third.send(['third']);
    expect(await third.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual(['first', 'first again', 'third']);
  });

  it('may add partitions and groups all the same', async () => {
    const { reader, producer } = await opened();
    expect(await producer.add()).toBe('NONE');
    expect(await producer.addGroup()).toBe('NONE');
    expect(await producer.send(['a'])).toBe('NONE');
    expect(await producer.commitOffset(3)).toBe('NONE');
    expect(await producer.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual(['a']);
    expect(await fetchOffset(reader, true)).toEqual(['NONE', 3]);
  });

  it('commits offsets of a member of this generation only', async () => {
    const { reader, producer } = await opened();
    const join = { groupId: 'g', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberId: '', protocolType: 'consumer' };
    const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];
    const { memberId, generationId } = await reader.raw.request(apis.joinGroup, 3, { ...join, protocols });
    const assignments = [{ memberId, assignment: Buffer.alloc(0) }];
    await reader.raw.request(apis.syncGroup, 3, { groupId: 'g', memberId, generationId, assignments });
    expect(await producer.commitOffset(1, { memberId, generationId: generationId + 1 })).toBe('ILLEGAL_GENERATION');
    expect(await producer.commitOffset(1, { memberId: 'other', generationId })).toBe('UNKNOWN_MEMBER_ID');
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
    expect(await producer.commitOffset(3, { memberId, generationId })).toBe('NONE');
    expect(await producer.end('commit')).toBe('NONE');
    expect(await fetchOffset(reader, true)).toEqual(['NONE', 3]);
  });

  it.each([
    [3, 'INVALID_TXN_STATE'],
    [4, 'TRANSACTION_ABORTABLE'],
  ])('is told in version %i that a group was not announced as %s', async (version, error) => {
    const { producer } = await opened();
    expect(await producer.commitOffset(1, { version })).toBe(error);
  });

  it('without a name is refused', async () => {
    const { producer } = await opened();
    const nameless = { ...producer.identity, transactionalId: '', committed: true };
    expect(errorOf((await producer.raw.request(apis.endTxn, 5, nameless)).errorCode).name).toBe('INVALID_REQUEST');
  });
});

describe('a transaction whose end was lost with power', () => {
  it('does not end the next one of its producer as its own: that is aborted', async () => {
    const dataDirectory = temporaryDirectory();
    const { broker, producer } = await opened({ dataDirectory });
    const { producerId, producerEpoch: lastProducerEpoch } = producer;
    await producer.send(['a']);
    await producer.end('commit');
    await producer.send(['b']);
    const { producerEpoch } = producer;
    await broker.close();
    rmSync(`${dataDirectory}/transactions`, { recursive: true });
    const lastProducer = { lastProducerId: producerId, lastProducerEpoch, hasOwnEpoch: true };
    const partitions = new Map([['t', [0]]]);
    await directoryWith({ state: 'PrepareCommit', producerId, producerEpoch, ...lastProducer, partitions }, dataDirectory);
    const again = await openBroker({ dataDirectory });
    expect(await committedValues(await TopicClient.open(again.port))).toEqual(['a']);
  });
});

describe('transactions that were written down before they had epochs of their own', () => {
  it('are read, and go on in either version', async () => {
    const dataDirectory = await directoryWith((whole) => {
      const { hasOwnEpoch, nextProducerId, ...old } = whole;
      return { ...old, state: 'Ongoing', startedAtMs: Date.now(), partitions: [], offsets: [['g', []]] };
    });
    const broker = await openBroker({ dataDirectory });
    const reader = await (await TopicClient.open(broker.port)).make();
    const producer = new TransactionClient(reader.raw, 'tx', 2);
    Object.assign(producer, { producerId: 900, producerEpoch: 0 });
    expect(await producer.commitOffset(4, { version: 3 })).toBe('NONE');
    expect(await producer.send(['a'])).toBe('NONE');
    expect(await producer.end('commit')).toBe('NONE');
    expect(identityOf(producer)).toEqual({ producerId: 900, producerEpoch: 1 });
    expect(await committedValues(reader)).toEqual(['a']);
    expect(await fetchOffset(reader, true)).toEqual(['NONE', 4]);
  });
});

describe('a disk that is full', () => {
  it('while a transaction with an epoch of its own ends makes the next one wait', async () => {
    const disk = new MemoryDisk(new SeededRandom(1));
    const clock = new FakeClock(1e12);
    const { port, reader, producer } = await opened({}, { disk, clock, logger: recordingLogger() });
    await producer.send(['a']);
    const before = await producer.late(port);
    disk.capacityBytes = disk.usedBytes() + 10;
    expect(await producer.end('commit')).toBe('COORDINATOR_NOT_AVAILABLE');
    disk.capacityBytes = disk.usedBytes() + 382;
    expect(await producer.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual([]);
    expect(await before.end('commit')).toBe('CONCURRENT_TRANSACTIONS');
    expect(await before.end('abort')).toBe('INVALID_TXN_STATE');
    expect(await producer.end('abort')).toBe('CONCURRENT_TRANSACTIONS');
    expect(await producer.send(['b'])).toBe('CONCURRENT_TRANSACTIONS');
    expect(await producer.commitOffset(1)).toBe('CONCURRENT_TRANSACTIONS');
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    clock.advance(500);
    expect(await committedValues(reader)).toEqual(['a']);
    expect(await producer.send(['b'])).toBe('NONE');
    expect(await producer.end('commit')).toBe('NONE');
    expect(await committedValues(reader)).toEqual(['a', 'b']);
  });

  it('refuses a batch whose partition cannot be added, and takes it when there is room', async () => {
    const disk = new MemoryDisk(new SeededRandom(1));
    const { producer } = await opened({}, { disk, logger: recordingLogger() });
    disk.capacityBytes = disk.usedBytes() + 10;
    expect(await producer.send(['a'])).toBe('KAFKA_STORAGE_ERROR');
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    expect(await producer.send(['a'])).toBe('NONE');
  });
});
