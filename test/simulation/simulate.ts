import type { KafkaClient, TopicPartition } from '@millrace/kafka-client';
import { apis, errorOf } from '@millrace/kafka-protocol';
import type { Actor } from './actor.ts';
import { administrator } from './administrator.ts';
import { checkHistory } from './check-history.ts';
import { copier, groupMember } from './group-members.ts';
import type { Event, Promises } from './history.ts';
import { observer, survey } from './observer.ts';
import { plainProducer, transactionalProducer } from './producers.ts';
import { World } from './world.ts';

/** What the brokers of these seeds go through. */
export type Mode = 'process' | 'power' | 'loss';

/** Every fourth loses what was never flushed: there is less to be promised. */
export const modeOf = (seed: number): Mode => (['process', 'power', 'process', 'loss'] as const)[seed % 4]!;

/** How one seed has gone. */
export interface Outcome {
  readonly violations: readonly string[];
  readonly events: readonly Event[];
  readonly cuts: number;
}

const at = (topic: string, ...partitions: number[]): TopicPartition[] => partitions.map((partition) => ({ topic, partition }));
const places = [...at('t', 0, 1), ...at('u', 0), ...at('compacted', 0), ...at('retained', 0), ...at('copy', 0, 1)];
const promises: Promises = new Map([
  ['compacted', { isCompacted: true, isRetained: false }],
  ['retained', { isCompacted: false, isRetained: true }],
]);
const topics = [
  { name: 't', numPartitions: 2, configs: [] },
  { name: 'u', numPartitions: 1, configs: [] },
  { name: 'copy', numPartitions: 2, configs: [] },
  {
    name: 'compacted',
    numPartitions: 1,
    configs: [
      ['cleanup.policy', 'compact'],
      ['min.cleanable.dirty.ratio', '0'],
      ['delete.retention.ms', '0'],
    ],
  },
  { name: 'retained', numPartitions: 1, configs: [['retention.bytes', '1500']] },
] as const;

const hour = 3_600_000;

/** Plays one seed to its end and checks what its clients have seen. Always the same for the same seed. */
export async function simulate(seed: number): Promise<Outcome> {
  const mode = modeOf(seed);
  const world = new World({
    seed,
    broker: {
      topicDefaults: { 'segment.bytes': '500' },
      flushMessages: mode === 'power' ? 1 : Number.POSITIVE_INFINITY,
    },
  });
  await world.start();
  const surveyor = world.client('surveyor');
  await inTime(world, 5000, makeTopics(surveyor));
  const running = actorsOf(world).map((actor) => actor(world));
  await live(world, mode);
  await comeToAnEnd(world, running);
  await restart(world, mode);
  await inTime(world, 60_000, takeDown(world, surveyor));
  await world.close();
  return {
    violations: checkHistory(world.events, promises, { group: 'copiers', from: 't', to: 'copy' }),
    events: world.events,
    cuts: world.network.cutCount,
  };
}

function actorsOf(world: World): Actor[] {
  const all: Actor[] = [
    plainProducer('p', 't', 2),
    plainProducer('q', 'retained', 1),
    plainProducer('c', 'compacted', 1),
    transactionalProducer('x', 'tx', [...at('t', 0, 1), ...at('u', 0)]),
    transactionalProducer('y', 'ty', [...at('t', 1), ...at('u', 0), ...at('compacted', 0)]),
    // Of the same transactional id: they fence each other.
    transactionalProducer('z', 'ty', [...at('u', 0)]),
    groupMember('m', 'readers', 't'),
    groupMember('n', 'readers', 't'),
    copier('k', 'copiers', 't', 'copy'),
    copier('l', 'copiers', 't', 'copy'),
    administrator('a', at('retained', 0)[0]!),
  ];
  return [observer(places), ...all.filter(() => world.random.below(3) > 0)];
}

async function makeTopics(client: KafkaClient): Promise<void> {
  const answer = await client.requestAny(apis.createTopics, {
    validateOnly: false,
    timeoutMs: 1000,
    topics: topics.map(({ name, numPartitions, configs }) => ({
      name,
      numPartitions,
      replicationFactor: 1,
      assignments: [],
      configs: configs.map(([config, value]) => ({ name: config, value })),
    })),
  });
  for (const { name, errorCode } of answer.topics) if (errorCode !== 0) throw new Error(`${name}: ${errorOf(errorCode).name}`);
}

/** Several lives of the broker, with trouble in each. */
async function live(world: World, mode: Mode): Promise<void> {
  for (let lives = 1 + world.random.below(3); lives > 0; lives--) {
    const { random } = world;
    if (random.below(3) > 0) world.disk.crashAt = world.disk.operations + 1 + random.below(250);
    for (let troubles = 1 + random.below(4); troubles > 0 && world.isUp; troubles--) {
      trouble(world);
      await world.run(50 + random.below(300));
    }
    const isGentle = world.isUp && random.below(4) === 0;
    const how = isGentle ? 'close' : mode === 'process' ? 'crash' : 'power';
    await world.stop(how);
    world.record({ kind: 'restarted', after: how === 'power' && mode === 'loss' ? 'loss' : how });
    if (random.below(3) === 0) await world.run(random.below(1500));
    if (random.below(4) === 0) world.disk.crashAt = world.disk.operations + 1 + random.below(30);
    await world.start();
  }
}

function trouble(world: World): void {
  const { random, network, clock } = world;
  network.cuts = { chance: [0, 0, 0.01, 0.05, 0.3][random.below(5)]! };
  switch (random.below(8)) {
    case 0:
      world.breakDisk(random.below(300));
      break;
    case 1:
      world.fillDisk(random.below(300));
      break;
    case 2:
      clock.jump(random.below(2 * hour) - hour);
      break;
    default:
  }
}

/** All troubles are over; a broker whose logs had failed begins again, and every client gets to its end. */
async function comeToAnEnd(world: World, running: readonly Promise<void>[]): Promise<void> {
  world.heal();
  world.disk.crashAt = Number.POSITIVE_INFINITY;
  world.network.cuts = { chance: 0 };
  await world.stop(world.isUp ? 'close' : 'crash');
  await world.start();
  await world.run(200);
  world.end();
  await inTime(world, 60_000, Promise.all(running));
  // Longer than any transaction may be open.
  await world.run(4000);
}

/** Once more: what is then looked at was recovered. */
async function restart(world: World, mode: Mode): Promise<void> {
  const how = world.random.below(3) === 0 ? 'close' : mode === 'power' ? 'power' : 'crash';
  await world.stop(how);
  world.record({ kind: 'restarted', after: how });
  await world.start();
}

/** Looks at everything. */
async function takeDown(world: World, client: KafkaClient): Promise<void> {
  const askedAt = world.events.length;
  for (const place of places) await survey(world, client, place);
  const { topics: listed } = await client.requestAny(apis.metadata, { topics: null });
  world.record({ kind: 'topics-seen', topics: listed.map(({ name }) => name!) });
  for (const group of ['readers', 'copiers', 'offsets-of-x', 'offsets-of-y', 'offsets-of-z'])
    await seeOffsets(world, client, group, askedAt);
}

async function seeOffsets(world: World, client: KafkaClient, group: string, askedAt: number): Promise<void> {
  const topics = [{ name: 't', partitionIndexes: [0, 1] }];
  const answer = await client.requestAny(apis.offsetFetch, (version) =>
    version >= 8 ? { groups: [{ groupId: group, topics }], requireStable: true } : { groupId: group, topics, requireStable: true },
  );
  const told = answer.groups[0]?.topics ?? answer.topics ?? [];
  for (const { name: topic, partitions } of told) {
    for (const { partitionIndex: partition, committedOffset: offset } of partitions) {
      world.record({ kind: 'offset-seen', group, topic, partition, offset, askedAt });
    }
  }
}

/** Lets time pass until something is done. @throws what it throws, or if it takes too long. */
async function inTime<T>(world: World, ms: number, work: Promise<T>): Promise<T> {
  let isDone = false;
  const settled = work.finally(() => {
    isDone = true;
  });
  settled.catch(() => {});
  const endMs = world.clock.monotonic() + ms;
  while (!isDone && world.clock.monotonic() < endMs) await world.run(20);
  if (!isDone) throw new Error(`not done after ${ms} ms`);
  return settled;
}
