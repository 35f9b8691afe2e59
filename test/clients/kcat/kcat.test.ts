import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestBroker } from '../../harness/broker.ts';
import { hasCommand } from '../../harness/process.ts';
import { uniqueName } from '../behaviour.ts';
import type { ForeignClient } from '../foreign-client.ts';
import { openKafkajs } from '../kafkajs/kafkajs-client.ts';
import { isHere } from '../runtimes.ts';
import { storedBatches } from '../stored-batches.ts';

/** A line of `kcat -C -J`. */
interface Printed {
  readonly partition: number;
  readonly offset: number;
  readonly ts: number;
  readonly key: string | null;
  readonly payload: string | null;
  readonly headers?: readonly string[];
}

if (isHere(hasCommand('kcat') ? null : 'kcat is not installed')) {
  describe('kcat, on the librdkafka that Debian has', () => {
    let brokers: string;
    let closeBroker: () => Promise<void>;
    /** It makes no topics. */
    let admin: ForeignClient;
    beforeAll(async () => {
      ({ brokers, close: closeBroker } = await openTestBroker());
      admin = openKafkajs(brokers);
    });
    afterAll(async () => {
      await admin?.close();
      await closeBroker?.();
    });

    const kcat = async (args: readonly string[], input = ''): Promise<string[]> => {
      const child = spawn('kcat', ['-b', brokers, '-q', ...args], { timeout: 60_000 });
      let [printed, complaints] = ['', ''];
      child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
      child.stderr.on('data', (data: Buffer) => (complaints += data.toString()));
      child.stdin.end(input);
      const code = await new Promise((resolve) => child.once('close', resolve));
      if (code !== 0) throw new Error(`kcat ${args.join(' ')}: ${complaints}`);
      return printed.split('\n').filter(Boolean);
    };
    const newTopic = async (partitions = 1) => {
      const topic = uniqueName('kcat');
      await admin.createTopic({ topic, partitions, configs: {} });
      return topic;
    };
    const read = async (topic: string, ...args: string[]) =>
      (await kcat(['-C', '-t', topic, '-e', '-J', ...args])).map((line) => JSON.parse(line) as Printed);
    const payloads = (records: readonly Printed[]) => records.map(({ payload }) => payload);

    it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('writes batches that are %s, and reads them', async (codec) => {
      const topic = await newTopic();
      const lines = Array.from({ length: 500 }, (_, n) => `${n} ${'x'.repeat(50)}`);
      await kcat(['-P', '-t', topic, '-z', codec, '-X', 'enable.idempotence=true'], lines.join('\n'));
      expect(payloads(await read(topic, '-o', 'beginning'))).toEqual(lines);
      const stored = await storedBatches(brokers, topic, 0);
      expect(stored.filter((batch) => batch.codec !== codec || !batch.isIdempotent)).toEqual([]);
    });

    it('keeps keys, headers, and tombstones', async () => {
      const topic = await newTopic();
      await kcat(['-P', '-t', topic, '-K', ':', '-H', 'a=1', '-H', 'a=2'], 'k:v\n');
      await kcat(['-P', '-t', topic, '-K', ':', '-Z'], 'gone:\n');
      await kcat(['-P', '-t', topic], 'without a key\n');
      const records = await read(topic, '-o', 'beginning');
      expect(records).toMatchObject([
        { partition: 0, offset: 0, key: 'k', payload: 'v', headers: ['a', '1', 'a', '2'] },
        { offset: 1, key: 'gone', payload: null },
        { offset: 2, key: null, payload: 'without a key' },
      ]);
      expect(await kcat(['-Q', '-t', `${topic}:0:${records[0]!.ts}`])).toEqual([`${topic} [0] offset 0`]);
      expect(await kcat(['-Q', '-t', `${topic}:0:-1`])).toEqual([`${topic} [0] offset 3`]);
    });

    it('goes on where its group has committed', async () => {
      const topic = await newTopic(3);
      const group = uniqueName('group');
      const consume = async () => (await kcat(['-G', group, '-e', '-X', 'auto.offset.reset=earliest', topic])).sort();
      const produce = (partition: number, text: string) => kcat(['-P', '-t', topic, '-p', String(partition)], `${text}\n`);
      for (const partition of [0, 1, 2]) await produce(partition, `first ${partition}`);
      expect(await consume()).toEqual(['first 0', 'first 1', 'first 2']);
      for (const partition of [1, 2]) await produce(partition, `second ${partition}`);
      expect(await consume()).toEqual(['second 1', 'second 2']);
      expect(await admin.committed({ group, topic, partition: 2 })).toBe(2);
    });

    it('writes in a transaction', async () => {
      const topic = await newTopic();
      const transactional = ['-P', '-t', topic, '-X', `transactional.id=${uniqueName('kcat')}`];
      await kcat(transactional, 'a\nb\n');
      await kcat(transactional, 'c\n');
      const records = await read(topic, '-o', 'beginning', '-X', 'isolation.level=read_committed');
      // A marker stands behind each transaction.
      expect(records.map(({ offset, payload }) => [offset, payload])).toEqual([
        [0, 'a'],
        [1, 'b'],
        [3, 'c'],
      ]);
    });
  });
}
