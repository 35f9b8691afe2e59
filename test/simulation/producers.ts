import { openProducer, openTransactionalProducer, type TopicPartition, type TransactionalProducer } from '@millrace/kafka-client';
import { encodeBatch } from '@millrace/kafka-protocol';
import { type Actor, astray, code, untilEnd } from './actor.ts';
import type { World } from './world.ts';

/** An idempotent producer that keeps several batches under way, and gives each until the end of time. */
export const plainProducer =
  (name: string, topic: string, partitions: number): Actor =>
  async (world) => {
    const producer = openProducer(world.client(name), { deliveryTimeoutMs: 1e9, missingTimeoutMs: 1e9 });
    let next = 0;
    const record = (partition: number) => {
      const value = `${name}-${next++}`;
      const key = `${name}-${world.random.below(4)}`;
      world.record({ kind: 'sent', producer: name, topic, partition, key, value });
      return { timestampMs: 1000 + world.random.below(500), key: Buffer.from(key), value: Buffer.from(value) };
    };
    await untilEnd(world, name, async () => {
      if (world.random.below(3) === 0) {
        const partition = world.random.below(partitions);
        const records = Array.from({ length: 1 + world.random.below(3) }, () => record(partition));
        const compression = codecs[world.random.below(20)] ?? 'none';
        const { baseOffset } = await producer.sendBatch(topic, partition, encodeBatch(records, { compression }));
        const values = records.map(({ value }) => value.toString());
        world.record({ kind: 'acknowledged', values, ...(baseOffset === -1 ? {} : { baseOffset }) });
        return;
      }
      const values: string[] = [];
      for (let count = 1 + world.random.below(4); count > 0; count--) {
        const partition = world.random.below(partitions);
        const { timestampMs, key, value } = record(partition);
        values.push(value.toString());
        await producer.append(topic, partition, timestampMs, key, value);
        if (world.random.below(3) === 0) await world.pause(5);
      }
      await producer.flush();
      world.record({ kind: 'acknowledged', values });
    });
  };

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Writes transactions over several partitions with offsets of a group of its own, and commits or aborts them. */
export const transactionalProducer =
  (name: string, transactionalId: string, places: readonly TopicPartition[]): Actor =>
  async (world) => {
    const client = world.client(name);
    const group = `offsets-of-${name}`;
    let number = 0;
    let producer: TransactionalProducer | undefined;
    const one = async (open: TransactionalProducer) => {
      const transaction = `${name}-${number++}`;
      // As long as nobody has asked for its commit, nothing of it may ever be seen.
      let result: 'committed' | 'aborted' | 'refused' | 'unknown' = 'refused';
      open.begin();
      try {
        const values = await fill(world, open, transaction, name, places);
        const offsets = [{ topic: 't', partition: 0, offset: number }];
        if (world.random.below(2) === 0) {
          world.record({ kind: 'committing', group, ...offsets[0]!, transaction });
          await open.sendOffsets(group, offsets);
        }
        // A few are left open for longer than they may be.
        if (world.random.below(12) === 0) await world.pause(3000);
        const outcome = world.random.below(4) === 0 ? 'abort' : 'commit';
        result = outcome === 'abort' ? 'aborted' : 'unknown';
        world.record({ kind: 'ending', transaction, outcome });
        await settle(world, open, outcome);
        if (outcome === 'commit') result = 'committed';
        world.record({ kind: 'acknowledged', values });
      } catch (failure) {
        if (open.inTransaction && result === 'refused') await open.abort().catch((abort: unknown) => astray(world, name, abort));
        throw failure;
      } finally {
        world.record({ kind: 'ended', transaction, result });
      }
    };
    await untilEnd(world, name, async () => {
      producer ??= await openTransactionalProducer(client, {
        transactionalId,
        transactionTimeoutMs: 1500,
        operationTimeoutMs: 6000,
        deliveryTimeoutMs: 6000,
      });
      try {
        await one(producer);
      } catch (failure) {
        // Whatever it was: the next producer of the id ends what is open.
        await producer.close().catch(() => {});
        producer = undefined;
        throw failure;
      }
    });
  };

async function fill(world: World, open: TransactionalProducer, transaction: string, producer: string, places: readonly TopicPartition[]) {
  const values: string[] = [];
  for (let count = 1 + world.random.below(5), i = 0; i < count; i++) {
    const { topic, partition } = places[world.random.below(places.length)]!;
    const value = `${transaction}-${i}`;
    const key = `${producer}-${world.random.below(4)}`;
    world.record({ kind: 'sent', producer, topic, partition, key, value, transaction });
    await open.append(topic, partition, 1000 + world.random.below(500), Buffer.from(key), Buffer.from(value));
    values.push(value);
    if (world.random.below(3) === 0) await world.pause(30);
  }
  return values;
}

/** Asks for the same end until it is told. */
async function settle(world: World, open: TransactionalProducer, outcome: 'commit' | 'abort'): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await (outcome === 'commit' ? open.commit() : open.abort());
    } catch (failure) {
      const isOpen = ['KAFKA_TIMED_OUT', 'KAFKA_BROKER_UNAVAILABLE'].includes(code(failure));
      if (!isOpen || tries === 5 || !open.inTransaction) throw failure;
      await world.pause(200);
    }
  }
}
