import { SeededRandom } from '@millrace/core';
import { batchHeader, encodeBatch } from '@millrace/kafka-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openProducer, type Producer } from '../src/index.ts';
import type { Fault } from './fake-cluster.ts';
import { startCluster } from './start-cluster.ts';

const batchOf = (...values: string[]) => encodeBatch(values.map((value) => ({ timestampMs: 1, value: Buffer.from(value) })));
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);

async function appendAll(producer: Producer, values: readonly string[], partition = 0): Promise<void> {
  for (const value of values) await producer.append('t', partition, 1, null, Buffer.from(value));
}

describe('a producer', () => {
  it('writes records in order, in batches with dense sequences', async () => {
    const { cluster, client } = await startCluster(2);
    cluster.createTopic('t', 3);
    const producer = openProducer(client, { batchSizeBytes: 300 });
    for (const partition of [0, 1, 2]) await appendAll(producer, numbers(100), partition);
    await producer.flush();
    for (const partition of [0, 1, 2]) {
      const log = cluster.log('t', partition);
      expect(log.values()).toEqual(numbers(100));
      expect(log.batches.length).toBeGreaterThan(3);
      let sequence = 0;
      for (const batch of log.batches) {
        expect(batchHeader.baseSequence(batch, 0)).toBe(sequence);
        sequence += batchHeader.recordCount(batch, 0);
      }
    }
    await producer.close();
  });

  it('sends what lingers without being told to', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    for (const lingerMs of [0, 2]) {
      const producer = openProducer(client, { lingerMs });
      const heard = Promise.withResolvers<void>();
      cluster.intercept = ({ api }) => {
        if (api === 'Produce') heard.resolve();
        return undefined;
      };
      void producer.append('t', 0, 1, Buffer.from('key'), null);
      await heard.promise;
      await producer.close();
    }
    expect(cluster.log('t').endOffset).toBe(2);
  });

  it('writes keys, headers and spans of larger buffers', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    const producer = openProducer(client, { compression: 'zstd' });
    const bytes = Buffer.from('key-and-value');
    void producer.appendSpans('t', 0, 1, bytes, 0, 3, bytes, 8, 13, [{ key: 'h', value: null }]);
    void producer.append('t', 0, 2, null, null);
    await producer.close();
    expect(cluster.log('t').values()).toEqual(['value', '']);
    expect(batchHeader.compression(cluster.log('t').batches[0]!, 0)).toBe(4);
  });

  it('says where a whole batch was written', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    const producer = openProducer(client);
    const written = await Promise.all([batchOf('a', 'b'), batchOf('c'), batchOf('d')].map((batch) => producer.sendBatch('t', 0, batch)));
    expect(written).toEqual([{ baseOffset: 0 }, { baseOffset: 2 }, { baseOffset: 3 }]);
    expect(cluster.log('t').values()).toEqual(['a', 'b', 'c', 'd']);
    await producer.close();
  });

  it('writes everything once and in order, whatever breaks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const random = new SeededRandom(seed);
        const { cluster, client } = await startCluster(2, { requestTimeoutMs: 100 });
        cluster.createTopic('t', 2);
        let faults = 6;
        const kinds: Fault[] = ['cut', 'lose', 'half', 'silence'];
        cluster.intercept = ({ api }) => {
          if (api !== 'Produce' || faults === 0 || random.float() < 0.6) return undefined;
          faults--;
          if (random.float() < 0.3) {
            const log = cluster.log('t', random.below(2));
            log.leader = 1 - log.leader;
            return undefined;
          }
          return kinds[random.below(kinds.length)];
        };
        const producer = openProducer(client, { batchSizeBytes: 100 + random.below(400) });
        for (const partition of [0, 1]) await appendAll(producer, numbers(200), partition);
        await producer.flush();
        for (const partition of [0, 1]) expect(cluster.log('t', partition).values()).toEqual(numbers(200));
        await client.close();
        await cluster.stop();
      }),
      { numRuns: 4 },
    );
  });

  it('tells once that a batch was too large, and writes the others in order', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t')[0]!.maxBatchBytes = 200;
    const producer = openProducer(client, { batchSizeBytes: 90 });
    await appendAll(producer, ['a', 'b', 'x'.repeat(500), 'c', 'd']);
    await expect(producer.flush()).rejects.toMatchObject({ code: 'KAFKA_RECORD_TOO_LARGE', details: { topic: 't', partition: 0 } });
    await producer.flush();
    expect(cluster.log('t').values()).toEqual(['a', 'b', 'c', 'd']);
    await expect(producer.sendBatch('t', 0, batchOf('x'.repeat(500)))).rejects.toMatchObject({ code: 'KAFKA_RECORD_TOO_LARGE' });
    expect(await producer.sendBatch('t', 0, batchOf('e'))).toEqual({ baseOffset: 4 });
    await producer.close();
  });

  it('takes a new identity when the broker has lost its sequences', async () => {
    const { cluster, client, logger } = await startCluster();
    cluster.createTopic('t');
    const producer = openProducer(client);
    await producer.sendBatch('t', 0, batchOf('a'));
    cluster.log('t').forgetProducers(77);
    await producer.sendBatch('t', 0, batchOf('b'));
    await producer.sendBatch('t', 0, batchOf('c'));
    expect(cluster.log('t').values()).toEqual(['a', 'b', 'c']);
    expect(cluster.callsOf('InitProducerId')).toHaveLength(2);
    expect(logger.messages).toEqual(['the broker has lost the sequence of the producer: it takes a new identity']);
    await producer.close();
  });

  it('asks the caller to wait while too much is not acknowledged', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    let isOpen = false;
    cluster.intercept = ({ api }) => (api === 'Produce' && !isOpen ? 'cut' : undefined);
    const producer = openProducer(client, { maxBufferedBytes: 10_000, batchSizeBytes: 1000 });
    const appendOne = () => producer.append('t', 0, 1, null, Buffer.alloc(100));
    let count = 1;
    let waiting = appendOne();
    for (; waiting === undefined; count++) waiting = appendOne();
    expect(count).toBeGreaterThan(70);
    expect(count).toBeLessThan(110);
    isOpen = true;
    await waiting;
    await producer.close();
    expect(cluster.log('t').endOffset).toBe(count);
  });

  it('gives a batch up at its deadline', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    cluster.intercept = ({ api }) => (api === 'Produce' ? 'cut' : undefined);
    const producer = openProducer(client, { deliveryTimeoutMs: 120 });
    await expect(producer.sendBatch('t', 0, batchOf('a'))).rejects.toMatchObject({ code: 'KAFKA_TIMED_OUT' });
    cluster.intercept = () => undefined;
    await producer.sendBatch('t', 0, batchOf('b'));
    expect(cluster.log('t').values()).toEqual(['b']);
    await producer.close();
  });

  it('fails when the topic stays missing, and writes when it comes', async () => {
    const { cluster, client } = await startCluster();
    const producer = openProducer(client, { missingTimeoutMs: 50 });
    await expect(producer.sendBatch('t', 0, batchOf('a'))).rejects.toMatchObject({ code: 'KAFKA_TOPIC_UNKNOWN', details: { topic: 't' } });
    const writing = producer.sendBatch('t', 0, batchOf('b'));
    cluster.createTopic('t');
    expect(await writing).toEqual({ baseOffset: 0 });
    await producer.close();
  });

  it('refuses half a batch', async () => {
    const { client } = await startCluster();
    const producer = openProducer(client);
    await expect(producer.sendBatch('t', 0, batchOf('a').subarray(0, 65))).rejects.toThrow('one whole record batch');
    await producer.close();
  });
});
