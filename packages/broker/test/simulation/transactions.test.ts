import { FakeClock, SeededRandom, silentLogger } from '@millrace/core';
import { encodeBatch } from '@millrace/kafka-protocol';
import { expect, it } from 'vitest';
import { GroupCoordinator } from '../../src/group/group-coordinator.ts';
import { ProducerIds } from '../../src/producer/producer-ids.ts';
import { isRefusal } from '../../src/topic/check-produced.ts';
import { Topics } from '../../src/topic/topics.ts';
import type { ProducerIdentity } from '../../src/transaction/transaction.ts';
import { TransactionCoordinator } from '../../src/transaction/transaction-coordinator.ts';
import { Crash, MemoryDisk } from '../memory-disk.ts';
import { committedIn } from '../topic-client.ts';

/**
 * Two producers, one of each version of transactions, with transactions that overlap, on a disk that crashes at a chosen operation. Afterwards a reader of committed records
 * must see every transaction whose end was acknowledged as it was asked for, and of every other all or nothing.
 */
const actors = ['x', 'y'];
/** Gives each of its transactions an epoch of its own (KIP-890). */
const hasOwnEpochs = (actor: string) => actor === 'y';
const partitionCount = 2;
const timeoutMs = 5000;
const group = (actor: string) => `group-${actor}`;

interface Run {
  readonly actor: string;
  readonly number: number;
  readonly outcome: 'commit' | 'abort';
  /** What was acknowledged of it. */
  state: 'begun' | 'ending' | 'ended';
  readonly values: string[];
}

class World {
  readonly random: SeededRandom;
  readonly disk: MemoryDisk;
  readonly flushMessages: number;
  /** Every key is written once: compaction takes out what was aborted, and markers. */
  readonly isCompacted: boolean;
  readonly clock = new FakeClock(1_000_000);
  readonly runs: Run[] = [];
  readonly identities = new Map<string, ProducerIdentity>();
  readonly sequences = new Map<string, number>();
  topics!: Topics;
  groups!: GroupCoordinator;
  transactions!: TransactionCoordinator;

  constructor(seed: number, flushMessages: number) {
    this.random = new SeededRandom(seed);
    this.disk = new MemoryDisk(this.random);
    this.flushMessages = flushMessages;
    this.isCompacted = seed % 4 === 1;
  }

  async open(): Promise<void> {
    const ports = { disk: this.disk, clock: this.clock, random: this.random, logger: silentLogger };
    const { flushMessages } = this;
    const never = Number.POSITIVE_INFINITY;
    const flush = Number.isFinite(flushMessages) ? String(flushMessages) : '9223372036854775807';
    const defaults = { 'segment.bytes': '600', 'flush.messages': flush };
    this.topics = new Topics(ports, { directory: 'd/topics', defaults, producerExpirationMs: 1e9 });
    this.topics.open();
    const logSettings = { segmentBytes: 900, segmentMs: never, flushMessages, flushMs: never };
    this.groups = new GroupCoordinator(ports, {
      directory: 'd/groups',
      logSettings,
      sessionTimeoutMinMs: 1,
      sessionTimeoutMaxMs: 1e9,
      initialRebalanceDelayMs: 0,
      offsetsRetentionMs: 1e9,
    });
    this.groups.open();
    const producerIds = new ProducerIds(this.disk, 'd');
    this.transactions = new TransactionCoordinator(
      ports,
      { directory: 'd/transactions', logSettings, timeoutMaxMs: 1e9, idExpirationMs: 1e12, compactionBytesMin: 4000 },
      { topics: this.topics, groups: this.groups, producerIds },
    );
    await this.transactions.open();
  }

  async close(): Promise<void> {
    await this.transactions.close();
    await this.topics.close();
    await this.groups.close();
  }

  /** The end of the process, as far as this process can play it. */
  abandon(): void {
    this.transactions?.abandon();
    this.topics?.abandon();
    this.groups?.abandon();
  }

  get topic() {
    const configs = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0', 'delete.retention.ms': '0' };
    return this.topics.get('t') ?? this.topics.create('t', partitionCount, this.isCompacted ? configs : {});
  }

  producer(actor: string) {
    return { transactionalId: actor, ...this.identities.get(actor)! };
  }

  async init(actor: string): Promise<void> {
    const identity = await this.transactions.initProducer(actor, timeoutMs, undefined);
    if (typeof identity === 'string') throw new Error(identity);
    this.adopt(actor, identity);
  }

  adopt(actor: string, identity: ProducerIdentity): void {
    this.identities.set(actor, identity);
    for (let index = 0; index < partitionCount; index++) this.sequences.set(`${actor}/${index}`, 0);
  }

  async end(actor: string, outcome: 'commit' | 'abort'): Promise<void> {
    const before = this.identities.get(actor)!;
    const ended = await this.transactions.end(this.producer(actor), outcome, hasOwnEpochs(actor) ? 'own' : 'kept');
    if (typeof ended === 'string') throw new Error(ended);
    if (!hasOwnEpochs(actor)) return;
    this.adopt(actor, ended);
    await this.#sendLate(actor, before);
  }

  /** What was delayed on the way comes into no later transaction. */
  async #sendLate(actor: string, identity: ProducerIdentity): Promise<void> {
    const value = Buffer.from(`late-${actor}`);
    const bytes = encodeBatch([{ timestampMs: 5, key: value, value }], { ...identity, baseSequence: 100, transactional: true });
    const index = this.random.below(partitionCount);
    const answer = this.topic.partitions[index]!.append(bytes, -1, (batch) => this.transactions.admitBatch(actor, batch, 't', index, true));
    if (!isRefusal(answer) || answer.error !== 'INVALID_PRODUCER_EPOCH') throw new Error(`${actor}: a late batch was taken`);
  }

  async produce(run: Run, index: number, value: string): Promise<void> {
    const key = `${run.actor}/${index}`;
    const baseSequence = this.sequences.get(key)!;
    this.sequences.set(key, baseSequence + 1);
    const { producerId, producerEpoch } = this.identities.get(run.actor)!;
    const traits = { producerId, producerEpoch, baseSequence, transactional: true };
    const bytes = encodeBatch([{ timestampMs: 5, key: Buffer.from(value), value: Buffer.from(value) }], traits);
    const partition = this.topic.partitions[index]!;
    const isAdding = hasOwnEpochs(run.actor);
    const appended = partition.append(bytes, -1, (batch) => this.transactions.admitBatch(run.actor, batch, 't', index, isAdding));
    if (isRefusal(appended)) throw new Error(`${appended.error} ${appended.message}`);
    run.values.push(value);
    if (this.transactions.needsFlush) await this.transactions.flush();
    if (partition.needsFlush) await partition.flush();
  }

  /** The steps of one transaction after another. */
  async *script(actor: string): AsyncGenerator<void> {
    await this.init(actor);
    yield;
    for (let number = 0; ; number++) {
      const run: Run = { actor, number, outcome: this.random.below(3) === 0 ? 'abort' : 'commit', state: 'begun', values: [] };
      this.runs.push(run);
      for (let index = 0; index < partitionCount; index++) {
        if (!hasOwnEpochs(actor)) {
          await this.#expectNone(this.transactions.addPartitions(this.producer(actor), [{ topic: 't', partition: index }]));
          yield;
        }
        for (let i = 0; i <= this.random.below(2); i++) {
          await this.produce(run, index, `${actor}-${number}-${index}-${i}`);
          yield;
        }
      }
      if (!hasOwnEpochs(actor)) {
        await this.#expectNone(this.transactions.addGroup(this.producer(actor), group(actor)));
        yield;
      }
      await this.transactions.commitOffsets(actor, group(actor), [
        { topic: 't', partition: 0, offset: number, leaderEpoch: 0, metadata: null },
      ]);
      yield;
      run.state = 'ending';
      await this.end(actor, run.outcome);
      run.state = 'ended';
      yield;
    }
  }

  async *compactor(): AsyncGenerator<void> {
    for (;;) {
      for (const partition of this.topic.partitions) await partition.compact();
      yield;
    }
  }

  /** What a reader of committed records sees, in small bites so that the lists of aborted ones are asked for in every place. */
  visible(): string[] {
    return this.topic.partitions.flatMap((partition) => {
      const values: string[] = [];
      for (let offset = partition.startOffset; offset < partition.lastStableOffset; ) {
        const { records, aborted } = partition.readCommitted(offset, 1 + this.random.below(400), true);
        const { kept, nextOffset } = committedIn(records, aborted);
        values.push(...kept.map(({ value }) => value!));
        offset = nextOffset;
      }
      return values;
    });
  }

  async #expectNone(answer: Promise<string>): Promise<void> {
    const error = await answer;
    if (error !== 'NONE') throw new Error(error);
  }
}

async function untilCrash(world: World, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (failure) {
    // What a sync in the background ran into is met as an error of the log's own, or as an end that is delayed.
    if (!(failure instanceof Crash) && !world.disk.isDown) throw failure;
  }
}

/** @param isKept what was acknowledged must be there; otherwise only nothing may hang. */
function check(world: World, label: string, isKept: boolean): void {
  const { partitions } = world.topic;
  for (const partition of partitions) expect(partition.lastStableOffset, `${label}: nothing hangs`).toBe(partition.highWatermark);
  if (!isKept) return;
  const visible = world.visible();
  expect(new Set(visible).size, `${label}: nothing twice`).toBe(visible.length);
  const newest = new Map(actors.map((actor) => [actor, -1]));
  for (const run of world.runs) {
    const seen = run.values.filter((value) => visible.includes(value)).length;
    if (run.outcome === 'abort' || run.state === 'begun') expect(seen, `${label}: ${run.actor}-${run.number} is not seen`).toBe(0);
    else if (run.state === 'ended') expect(seen, `${label}: ${run.actor}-${run.number} is seen`).toBe(run.values.length);
    else expect([0, run.values.length], `${label}: ${run.actor}-${run.number} is whole`).toContain(seen);
    if (seen > 0) newest.set(run.actor, run.number);
  }
  for (const actor of actors) {
    const offset = world.groups.committed(group(actor), 't', 0)?.offset ?? -1;
    expect(offset, `${label}: offsets of ${actor} go with its records`).toBe(newest.get(actor));
  }
}

async function crashAndRecover(seed: number, kind: 'process' | 'power', flushMessages: number): Promise<void> {
  const world = new World(seed, flushMessages);
  const label = `seed ${seed}, ${kind}`;
  world.disk.crashAt = 8 + ((seed * 3) % 200);
  await untilCrash(world, async () => {
    await world.open();
    const scripts = actors.map((actor) => world.script(actor));
    if (world.isCompacted) scripts.push(world.compactor());
    for (let step = 0; step < 120 && !world.disk.isDown; step++) await scripts[world.random.below(scripts.length)]!.next();
  });
  world.abandon();
  world.disk.restart(kind);
  await world.open();
  // What the crash left open is ended by its time-out, or by the next producer of the id.
  if (seed % 2 === 0) {
    world.clock.advance(timeoutMs);
    for (let i = 0; i < 50; i++) await Promise.resolve();
  }
  for (const actor of actors) await world.init(actor);
  const isKept = kind === 'process' || flushMessages === 1;
  check(world, label, isKept);

  const again: Run = { actor: 'x', number: 1000, outcome: 'commit', state: 'begun', values: [] };
  world.runs.push(again);
  await world.transactions.addPartitions(world.producer('x'), [{ topic: 't', partition: 1 }]);
  await world.produce(again, 1, 'x-again');
  await world.transactions.addGroup(world.producer('x'), group('x'));
  await world.transactions.commitOffsets('x', group('x'), [{ topic: 't', partition: 0, offset: 1000, leaderEpoch: 0, metadata: null }]);
  await world.end('x', 'commit');
  again.state = 'ended';
  check(world, label, isKept);
  for (const partition of world.topic.partitions) await partition.compact();
  check(world, label, isKept);
  const before = world.visible();
  if (seed % 3 === 0) await world.close();
  world.abandon();
  await world.open();
  check(world, label, isKept);
  expect(world.visible(), label).toEqual(before);
}

const isLong = process.env['MILLRACE_TEST_LONG'] !== undefined;
/** Seconds are enough, but for a machine that does much else. */
const testTimeoutMs = isLong ? 3_600_000 : 60_000;
const seeds = Array.from({ length: isLong ? 10_000 : 40 }, (_, seed) => seed);

it(
  'the end of the process at any write shows nothing aborted, loses nothing committed and leaves nothing open',
  async () => {
    for (const seed of seeds) await crashAndRecover(seed, 'process', Number.POSITIVE_INFINITY);
  },
  testTimeoutMs,
);

it(
  'a loss of power at any write does neither when every record is flushed',
  async () => {
    for (const seed of seeds) await crashAndRecover(seed, 'power', 1);
  },
  testTimeoutMs,
);

it(
  'a loss of power without flushing leaves nothing open',
  async () => {
    for (const seed of seeds) await crashAndRecover(seed, 'power', Number.POSITIVE_INFINITY);
  },
  testTimeoutMs,
);
