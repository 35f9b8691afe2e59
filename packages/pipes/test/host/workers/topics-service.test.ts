import { silentLogger, systemClock, systemRandom } from '@millrace/core';
import { createAdmin, KafkaClient } from '@millrace/kafka-client';
import { partitionForKey } from '@millrace/kafka-protocol';
import { kafkaSource, readPartition, recordAt } from '@millrace/runtime';
import { NotConnected } from '@millrace/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestBroker } from '../../../../../test/harness/broker.ts';
import { topicsService } from '../../../src/host/services/topics-service.ts';

const ports = { clock: systemClock, logger: silentLogger, random: systemRandom };
let broker: Awaited<ReturnType<typeof openTestBroker>>;
beforeAll(async () => {
  broker = await openTestBroker();
});
afterAll(() => broker.close());

interface Read {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampMs: number;
  readonly headers: readonly string[];
}

async function makeTopic(topic: string): Promise<void> {
  const admin = createAdmin({ brokers: [broker.brokers], clientId: 'test' });
  await admin.createTopic({ topic, partitions: 3 });
  await admin.close();
}

async function read(topic: string): Promise<Read[][]> {
  const client = new KafkaClient({ brokers: [broker.brokers], clientId: 'test' });
  const partitions = [0, 1, 2].map(async (partition) => {
    const records: Read[] = [];
    for await (const spans of readPartition(kafkaSource(client), topic, partition, new AbortController().signal)) {
      for (let i = 0; i < spans.count; i++) {
        const { key, value, timestampMs, headers } = recordAt(spans, i);
        records.push({
          key: key?.toString() ?? null,
          value: value?.toString() ?? null,
          timestampMs,
          headers: headers.map((header) => `${header.key}=${header.value?.toString()}`),
        });
      }
    }
    return records;
  });
  const found = await Promise.all(partitions);
  await client.close();
  return found;
}

describe('the service for topics', () => {
  it('writes records to the partition that they name, to that of their key, or all to one', async () => {
    await makeTopic('placed');
    const writer = await topicsService({ brokers: ['nowhere:1'] }, ports).connect({ brokers: [broker.brokers] });
    await writer.send('placed', [
      { key: 'a', value: 'by key', timestampMs: 5000, headers: [{ key: 'h', value: Buffer.from('x') }] },
      { value: 'named', partition: 2, timestampMs: 6000 },
      { key: 'a', value: null, timestampMs: 7000 },
    ]);
    await writer.send('placed', [{ value: 'one' }, { value: 'two' }]);
    await writer.close();
    const partitions = await read('placed');
    const ofKey = partitions[partitionForKey(Buffer.from('a'), 3)]!;
    expect(ofKey).toContainEqual({ key: 'a', value: 'by key', timestampMs: 5000, headers: ['h=x'] });
    expect(ofKey).toContainEqual({ key: 'a', value: null, timestampMs: 7000, headers: [] });
    expect(partitions[2]).toContainEqual({ key: null, value: 'named', timestampMs: 6000, headers: [] });
    const withBoth = partitions.filter((records) => records.some(({ value }) => value === 'one' || value === 'two'));
    expect(withBoth).toHaveLength(1);
  });

  it('writes into its own cluster where none is named', async () => {
    await makeTopic('own');
    const writer = await topicsService({ brokers: [broker.brokers] }, ports).connect({});
    await Promise.all([writer.send('own', [{ value: '1', partition: 0 }]), writer.send('own', [{ value: '2', partition: 0 }])]);
    await writer.close();
    expect((await read('own'))[0]!.map(({ value }) => value)).toEqual(['1', '2']);
  });

  it('says that it is not connected where no broker answers, and which partition is not there', async () => {
    const topics = topicsService({ brokers: ['127.0.0.1:1'] }, ports);
    await expect(topics.connect({ brokers: ['127.0.0.1:1'] })).rejects.toBeInstanceOf(NotConnected);
    await makeTopic('small');
    const writer = await topics.connect({ brokers: [broker.brokers] });
    await expect(writer.send('small', [{ value: 'x', partition: 7 }])).rejects.toThrow('the topic small has no partition 7: it has 3');
    await writer.close();
  });
});
