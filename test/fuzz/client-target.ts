import { MillraceError, SeededRandom } from '@millrace/core';
import { joinGroup, type KafkaClient, listOffsets, openProducer, openReader, openTransactionalProducer } from '@millrace/kafka-client';
import { apis, decodeRecords, encodeBatch, RecordSpans } from '@millrace/kafka-protocol';
import { World } from '../simulation/world.ts';
import { mutated } from './mutate.ts';
import type { Target } from './target.ts';

/** Fake time: longer than any deadline that a task below is given. */
const settleLimitMs = 120_000;
const values = ['one', 'two', 'three', 'four'];

/**
 * Our client and a broker whose answers are changed on their way. An input is a seed, from which follows what is asked and which answers
 * are changed how. Whatever comes: every call ends before its deadline, with a result or an error of ours; what is read is what was
 * written; and a client that comes later is served.
 */
export const clientTarget: Target = {
  name: 'client',
  make(random) {
    const input = Buffer.alloc(4);
    input.writeUInt32BE(random.uint32());
    return input;
  },
  async run(input) {
    const seed = input.length < 4 ? 0 : input.readUInt32BE(0);
    const world = new World({ seed, broker: { autoCreateTopics: true } });
    await world.start();
    const sound = world.client('sound');
    await inTime(world, 'writing what is to be read', prepare(sound));
    const random = new SeededRandom(world.random.uint32());
    const chance = [0.05, 0.3, 1][random.below(3)]!;
    let last = Buffer.alloc(0);
    world.network.garble = (response) => {
      const before = last;
      last = Buffer.from(response);
      return random.float() < chance ? garbled(response, before, random) : response;
    };
    const client = world.client('fuzzed');
    for (const [name, task] of Object.entries(tasks)) {
      if (random.below(2) === 0) await inTime(world, name, task(world, client).catch(expectOurs));
    }
    world.network.garble = undefined;
    await inTime(world, 'reading after all that', readAll(world, sound));
    await inTime(world, 'closing', client.close());
    await world.close();
  },
};

/** Mostly with size and correlation id as they are, so that what follows is looked at. */
function garbled(response: Buffer, before: Buffer, random: SeededRandom): Buffer {
  if (random.below(10) === 0) return mutated(response, random, before);
  const kept = random.below(10) === 0 ? 4 : 8;
  const changed = Buffer.concat([response.subarray(0, kept), mutated(response.subarray(kept), random, before)]);
  changed.writeInt32BE(changed.length - 4, 0);
  return changed;
}

async function prepare(client: KafkaClient): Promise<void> {
  await client.requestAny(apis.createTopics, {
    topics: [{ name: 't', numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
    validateOnly: false,
  });
  const producer = openProducer(client);
  for (const value of values) await producer.append('t', 0, 1000, null, Buffer.from(value));
  await producer.close();
}

type Task = (world: World, client: KafkaClient) => Promise<unknown>;

const soon = (world: World, ms: number) => new Promise<void>((resolve) => void world.clock.setTimer(ms, resolve));

const tasks: Readonly<Record<string, Task>> = {
  metadata: (_world, client) => client.metadata(['t']),
  listOffsets: (_world, client) => listOffsets(client, 't', [0, 1], 'latest'),
  timestamps: (_world, client) => listOffsets(client, 't', [0], 1000),
  reader: readAll,
  async producer(_world, client) {
    const producer = openProducer(client, { deliveryTimeoutMs: 5000, missingTimeoutMs: 1000 });
    try {
      for (const value of values) await producer.append('t', 1, 1000, null, Buffer.from(value));
      await producer.flush();
      await producer.sendBatch('t', 0, encodeBatch(values.map((value) => ({ timestampMs: 1000, value: Buffer.from(value) }))));
    } finally {
      await producer.close();
    }
  },
  async transaction(_world, client) {
    const producer = await openTransactionalProducer(client, {
      transactionalId: 'tx',
      transactionTimeoutMs: 3000,
      operationTimeoutMs: 5000,
      deliveryTimeoutMs: 5000,
      missingTimeoutMs: 1000,
    });
    try {
      producer.begin();
      await producer.append('t', 1, 1000, null, Buffer.from(values[0]!));
      await producer.sendOffsets('g', [{ topic: 't', partition: 0, offset: 1 }]);
      await producer.commit();
    } finally {
      await producer.close();
    }
  },
  async group(world, client) {
    let failure: unknown;
    const member = joinGroup(client, {
      groupId: 'g',
      topics: ['t'],
      sessionTimeoutMs: 1000,
      rebalanceTimeoutMs: 1000,
      onAssigned: async (partitions) => {
        await member.committed(partitions).catch(expectOurs);
        await member.commit(partitions.map((partition) => ({ ...partition, offset: 1 }))).catch(expectOurs);
      },
      onRevoked: () => {},
      onFailed: (error) => {
        failure = error;
      },
    });
    await soon(world, 5000);
    await member.leave();
    if (failure !== undefined) throw failure;
  },
};

/** Reads what it gets within a while; records are never other ones than were written. */
async function readAll(world: World, client: KafkaClient): Promise<void> {
  const reader = openReader(client, { isolation: 'read_committed', maxWaitMs: 50, missingTimeoutMs: 1000 });
  reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
  const end = soon(world, 3000).then(() => 'over' as const);
  try {
    for (;;) {
      const fetched = await Promise.race([reader.next(), end]);
      if (fetched === 'over') return;
      for (const { bytes, batches } of fetched) {
        for (let i = 0; i < batches.length; i += 2) assertWritten(bytes, batches[i]!, batches[i + 1]!);
      }
    }
  } finally {
    await reader.close();
  }
}

function assertWritten(bytes: Buffer, start: number, end: number): void {
  const spans = new RecordSpans(16);
  decodeRecords(bytes, start, end, spans);
  for (let i = 0; i < spans.count; i++) {
    const value = spans.value(i)?.toString() ?? 'null';
    if (!values.includes(value)) throw new Error(`${JSON.stringify(value)} was read and never written`);
  }
}

function expectOurs(failure: unknown): void {
  if (failure instanceof MillraceError && failure.actor !== 'internal') return;
  throw failure;
}

async function inTime(world: World, name: string, work: Promise<unknown>): Promise<void> {
  let isDone = false;
  const settled = work.finally(() => {
    isDone = true;
  });
  settled.catch(() => {});
  const endMs = world.clock.monotonic() + settleLimitMs;
  while (!isDone && world.clock.monotonic() < endMs) await world.run(50);
  if (!isDone) throw new Error(`${name} has not ended after ${settleLimitMs / 1000} s`);
  await settled;
}
