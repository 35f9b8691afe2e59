import { SeededRandom } from '@millrace/core';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinGroup, type KafkaClient, openReader, openTransactionalProducer, type TransactionalProducerOptions } from '../src/index.ts';
import type { FakeCluster, Fault } from './fake-cluster.ts';
import { startCluster } from './start-cluster.ts';

const bytes = (value: unknown) => Buffer.from(`${value}`);

/** What read_committed shows of a partition. */
async function committed(client: KafkaClient, partition = 0): Promise<string[]> {
  const reader = openReader(client, { isolation: 'read_committed' });
  reader.assign([{ topic: 't', partition, offset: 0 }]);
  const values: string[] = [];
  for (let isDone = false; !isDone; ) {
    for (const { bytes: of, batches, nextOffset, lastStableOffset } of await reader.next()) {
      for (let at = 0; at < batches.length; at += 2) {
        const spans = new RecordSpans();
        decodeRecords(of, batches[at]!, batches[at + 1]!, spans);
        for (let index = 0; index < spans.count; index++) values.push(spans.value(index)!.toString());
      }
      isDone = nextOffset >= lastStableOffset;
    }
  }
  await reader.close();
  return values;
}

async function open(client: KafkaClient, options: Partial<TransactionalProducerOptions> = {}) {
  return openTransactionalProducer(client, { transactionalId: 'task', operationTimeoutMs: 2000, ...options });
}

const protocols = [
  { name: 'with an epoch for each transaction', level: 2 },
  { name: 'with an epoch for each producer', level: 1 },
];

for (const { name, level } of protocols) {
  const start = async (nodes = 1, options = {}) => {
    const started = await startCluster(nodes, options);
    started.cluster.features['transaction.version'] = level;
    started.cluster.createTopic('t', 2);
    return started;
  };

  describe(`a transactional producer ${name}`, () => {
    it('shows all of a transaction once it is committed, with its offsets', async () => {
      const { cluster, client } = await start(2);
      const producer = await open(client);
      for (const round of [0, 1, 2]) {
        producer.begin();
        for (const partition of [0, 1]) void producer.append('t', partition, 1, null, bytes(`${round}.${partition}`));
        await producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: round }]);
        expect(await committed(client)).toHaveLength(round);
        expect(cluster.group('g').offsets.get('0@in')).toBe(round === 0 ? undefined : round - 1);
        await producer.commit();
      }
      expect(await committed(client, 0)).toEqual(['0.0', '1.0', '2.0']);
      expect(await committed(client, 1)).toEqual(['0.1', '1.1', '2.1']);
      expect(cluster.group('g').offsets.get('0@in')).toBe(2);
      await producer.close();
    });

    it('shows nothing of an aborted transaction, and goes on', async () => {
      const { cluster, client } = await start();
      const producer = await open(client, { batchSizeBytes: 200 });
      producer.begin();
      for (let index = 0; index < 50; index++) await producer.append('t', 0, 1, null, bytes('aborted'));
      await producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 9 }]);
      await producer.abort();
      producer.begin();
      void producer.append('t', 0, 1, null, bytes('kept'));
      await producer.commit();
      expect(await committed(client)).toEqual(['kept']);
      expect(cluster.group('g').offsets.size).toBe(0);
      await producer.close();
    });

    it('asks nothing of the brokers for a transaction without content', async () => {
      const { cluster, client } = await start();
      const producer = await open(client);
      producer.begin();
      expect(producer.inTransaction).toBe(true);
      await producer.commit();
      producer.begin();
      void producer.append('t', 0, 1, null, bytes('never sent'));
      await producer.abort();
      expect(producer.inTransaction).toBe(false);
      await producer.abort();
      expect(cluster.callsOf('EndTxn')).toEqual([]);
      expect(cluster.callsOf('Produce')).toEqual([]);
      await producer.close();
      expect(() => producer.begin()).toThrow('begin is not legal now: the producer is closed');
    });

    it('is fenced for good by the next one of its id, whose start aborts what it left open', async () => {
      const { client } = await start();
      const zombie = await open(client);
      zombie.begin();
      void zombie.append('t', 0, 1, null, bytes('zombie'));
      await zombie.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 1 }]);
      const next = await open(client);
      void zombie.append('t', 1, 1, null, bytes('late'));
      await expect(zombie.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED', retryable: false });
      expect(() => zombie.begin()).toThrow(expect.objectContaining({ code: 'KAFKA_FENCED' }));
      next.begin();
      void next.append('t', 0, 1, null, bytes('next'));
      await next.commit();
      expect(await committed(client, 0)).toEqual(['next']);
      expect(await committed(client, 1)).toEqual([]);
    });

    it('learns by the commit alone that another has taken over', async () => {
      const { client } = await start();
      const zombie = await open(client);
      zombie.begin();
      await zombie.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 1 }]);
      await open(client);
      await expect(zombie.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
      await expect(zombie.abort()).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
      await zombie.close();
    });

    it('is fenced when its transaction takes too long', async () => {
      const { cluster, client } = await start();
      const producer = await open(client);
      producer.begin();
      await producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 1 }]);
      cluster.transactions.timeOut('task');
      await expect(producer.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
      expect(cluster.group('g').offsets.size).toBe(0);
    });

    it('waits while the end of the transaction before is written', async () => {
      const { cluster, client } = await start();
      const counts: Record<string, number> = {};
      cluster.intercept = ({ api, request }) => {
        const seen = (counts[api] ??= 0);
        counts[api]++;
        if (seen >= 2) return undefined;
        if (api === 'InitProducerId' || api === 'EndTxn' || api === 'AddOffsetsToTxn')
          return { answer: { errorCode: 51, producerId: -1, producerEpoch: -1 } };
        const partitions = [{ index: 0, partitionIndex: 0, errorCode: 51, partitionErrorCode: 51, baseOffset: -1 }];
        if (api === 'TxnOffsetCommit') return { answer: { topics: [{ name: 'in', partitions }] } };
        if (api === 'AddPartitionsToTxn') return { answer: { resultsByTopic: [{ name: 't', resultsByPartition: partitions }] } };
        if (api === 'Produce' && request.transactionalId === 'task')
          return { answer: { responses: [{ name: 't', partitionResponses: partitions }] } };
        return undefined;
      };
      const producer = await open(client);
      producer.begin();
      void producer.append('t', 0, 1, null, bytes('a'));
      await producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 1 }]);
      await producer.commit();
      expect(await committed(client)).toEqual(['a']);
      expect(counts).toMatchObject({ Produce: 3, EndTxn: 3, InitProducerId: 3, TxnOffsetCommit: 3, FindCoordinator: 2 });
    });

    it('refuses all after a failure until the transaction is aborted', async () => {
      const { cluster, client } = await start();
      cluster.log('t', 1).maxBatchBytes = 500;
      const producer = await open(client);
      producer.begin();
      void producer.append('t', 0, 1, null, bytes('fine'));
      void producer.append('t', 1, 1, null, Buffer.alloc(1000));
      await expect(producer.commit()).rejects.toMatchObject({ code: 'KAFKA_RECORD_TOO_LARGE', details: { partition: 1 } });
      expect(() => producer.append('t', 0, 1, null, bytes('more'))).toThrow(expect.objectContaining({ code: 'KAFKA_RECORD_TOO_LARGE' }));
      await expect(producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 1 }])).rejects.toMatchObject({
        code: 'KAFKA_RECORD_TOO_LARGE',
      });
      await expect(producer.commit()).rejects.toMatchObject({ code: 'KAFKA_RECORD_TOO_LARGE' });
      await producer.abort();
      producer.begin();
      for (const partition of [0, 1]) void producer.append('t', partition, 1, null, bytes('next'));
      await producer.commit();
      expect(await committed(client, 0)).toEqual(['next']);
      expect(await committed(client, 1)).toEqual(['next']);
    });

    it('takes a new epoch when the brokers have lost its sequences', async () => {
      const { cluster, client } = await start();
      const producer = await open(client);
      producer.begin();
      void producer.append('t', 0, 1, null, bytes('a'));
      await producer.commit();
      producer.begin();
      void producer.append('t', 0, 1, null, bytes('b'));
      await producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 1 }]);
      await new Promise(setImmediate);
      while (cluster.log('t').values().length < 2) await client.metadata(['t']);
      cluster.log('t').forgetProducers(77);
      void producer.append('t', 0, 1, null, bytes('c'));
      await expect(producer.commit()).rejects.toMatchObject({ details: { kafkaError: 'OUT_OF_ORDER_SEQUENCE_NUMBER' } });
      await producer.abort();
      producer.begin();
      void producer.append('t', 0, 1, null, bytes('d'));
      await producer.commit();
      expect(await committed(client)).toEqual(['a', 'd']);
    });

    it('does not commit offsets of a member whose generation is over, and is not fenced by it', async () => {
      const { cluster, client } = await start();
      cluster.createTopic('in');
      const assigned = Promise.withResolvers<void>();
      const member = joinGroup(client, { groupId: 'g', topics: ['in'], onAssigned: () => assigned.resolve(), onRevoked() {} });
      await assigned.promise;
      const producer = await open(client);
      producer.begin();
      await producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 3 }], member);
      await producer.commit();
      expect(await member.committed([{ topic: 'in', partition: 0 }])).toEqual([{ topic: 'in', partition: 0, offset: 3 }]);
      producer.begin();
      const stale = { memberId: member.memberId, generation: 0 };
      await expect(producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 4 }], stale)).rejects.toMatchObject({
        code: 'KAFKA_FENCED',
        details: { kafkaError: 'ILLEGAL_GENERATION' },
      });
      await expect(producer.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
      await producer.abort();
      producer.begin();
      void producer.append('t', 0, 1, null, bytes('a'));
      await producer.commit();
      expect(cluster.group('g').offsets.get('0@in')).toBe(3);
      await member.leave();
    });

    it('lets an end be tried again when it is not known whether it came to be', async () => {
      const { cluster, client } = await start(1, { requestTimeoutMs: 40 });
      const producer = await open(client, { operationTimeoutMs: 60 });
      for (const end of ['commit', 'abort'] as const) {
        producer.begin();
        void producer.append('t', 0, 1, null, bytes(end));
        // Goes to the brokers at once, so that there is something to end.
        await producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 1 }]);
        let isLost = true;
        cluster.intercept = ({ api }) => (api === 'EndTxn' && isLost ? 'lose' : undefined);
        await expect(producer[end]()).rejects.toMatchObject({ code: 'KAFKA_BROKER_UNAVAILABLE' });
        expect(producer.inTransaction).toBe(true);
        expect(() => producer.begin()).toThrow(expect.objectContaining({ code: 'KAFKA_BROKER_UNAVAILABLE' }));
        const other = end === 'commit' ? 'abort' : 'commit';
        await expect(producer[other]()).rejects.toMatchObject({ code: 'KAFKA_BROKER_UNAVAILABLE' });
        isLost = false;
        await producer[end]();
        expect(producer.inTransaction).toBe(false);
      }
      expect(await committed(client)).toEqual(['commit']);
    });

    it('shows each committed transaction whole and once, and no aborted one, whatever breaks', async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), async (seed) => {
          const random = new SeededRandom(seed);
          const { cluster, client } = await start(2, { requestTimeoutMs: 100 });
          breakThings(cluster, random, 8);
          const producer = await open(client, { batchSizeBytes: 150, operationTimeoutMs: 10_000 });
          const expected: [string[], string[]] = [[], []];
          for (let round = 0; round < 8; round++) {
            producer.begin();
            const values = Array.from({ length: random.below(20) }, (_, index) => `${round}.${index}`);
            for (const value of values) await producer.append('t', value.length % 2, 1, null, bytes(value));
            await producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: round }]);
            if (random.float() < 0.3) await producer.abort();
            else {
              await producer.commit();
              for (const value of values) expected[(value.length % 2) as 0 | 1].push(value);
              expect(cluster.group('g').offsets.get('0@in')).toBe(round);
            }
          }
          cluster.intercept = () => undefined;
          expect([await committed(client, 0), await committed(client, 1)]).toEqual(expected);
          await client.close();
          await cluster.stop();
        }),
        { numRuns: 2 },
      );
    });
  });
}

function breakThings(cluster: FakeCluster, random: SeededRandom, times: number): void {
  const kinds: Fault[] = ['cut', 'lose', 'half', 'silence'];
  const apis = ['Produce', 'EndTxn', 'AddPartitionsToTxn', 'AddOffsetsToTxn', 'TxnOffsetCommit', 'InitProducerId'];
  let left = times;
  cluster.intercept = ({ api }) => {
    if (!apis.includes(api) || left === 0 || random.float() < 0.7) return undefined;
    left--;
    return kinds[random.below(kinds.length)];
  };
}

describe('the protocol of transactions', () => {
  it('is the one that the cluster has agreed on', async () => {
    for (const { level } of protocols) {
      const { cluster, client } = await startCluster();
      cluster.features['transaction.version'] = level;
      cluster.createTopic('t');
      const producer = await open(client);
      producer.begin();
      void producer.append('t', 0, 1, null, bytes('a'));
      await producer.sendOffsets('g', [{ topic: 'in', partition: 0, offset: 1 }]);
      await producer.commit();
      const versionOf = (api: string) => cluster.callsOf(api).at(-1)?.version;
      const versions = ['Produce', 'TxnOffsetCommit', 'EndTxn', 'AddPartitionsToTxn', 'AddOffsetsToTxn'].map(versionOf);
      expect(versions).toEqual(level === 2 ? [12, 5, 5, undefined, undefined] : [11, 4, 4, 3, 4]);
    }
  });

  it('needs brokers that know who commits offsets', async () => {
    const { cluster, client } = await startCluster();
    cluster.maxVersions.InitProducerId = 2;
    await expect(open(client)).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });

  it('gives up after its deadline', async () => {
    const { cluster, client } = await startCluster();
    cluster.intercept = ({ api }) =>
      api === 'InitProducerId' ? { answer: { errorCode: 51, producerId: -1, producerEpoch: -1 } } : undefined;
    await expect(open(client, { operationTimeoutMs: 50 })).rejects.toMatchObject({
      code: 'KAFKA_REQUEST_REFUSED',
      details: { kafkaError: 'CONCURRENT_TRANSACTIONS' },
    });
  });
});
