import { FakeClock, SeededRandom, silentLogger } from '@millrace/core';
import { encodeBatch, iterateBatches } from '@millrace/kafka-protocol';
import { expect, it } from 'vitest';
import { GroupCoordinator } from '../../src/group/group-coordinator.ts';
import { readBatchHeader } from '../../src/log/batch-header.ts';
import { isRefusal } from '../../src/topic/check-produced.ts';
import type { Appended, Partition } from '../../src/topic/partition.ts';
import { Topics } from '../../src/topic/topics.ts';
import { Crash, MemoryDisk } from '../memory-disk.ts';

/**
 * A scripted workload on a disk that crashes at a chosen operation. A batch holds one to three records and is known by its producer
 * and sequence, which stand in its header, so what is in the log can be compared with what was sent.
 */
const producers = [7, 8];
const steps = 24;
const group = 'g';

type Sent = { readonly producerId: number; readonly sequence: number; readonly count: number; ack?: Appended };

class World {
  readonly random: SeededRandom;
  readonly disk: MemoryDisk;
  readonly flushMessages: number;
  readonly clock = new FakeClock(1_000_000);
  readonly sent: Sent[] = [];
  topics!: Topics;
  groups!: GroupCoordinator;
  committed = -1;
  committing = -1;
  nextSequences = new Map(producers.map((id) => [id, 0]));

  constructor(seed: number, flushMessages: number) {
    this.random = new SeededRandom(seed);
    this.disk = new MemoryDisk(this.random);
    this.flushMessages = flushMessages;
  }

  open(): void {
    const ports = { disk: this.disk, clock: this.clock, random: this.random, logger: silentLogger };
    const { flushMessages } = this;
    const defaults = {
      'segment.bytes': '700',
      'flush.messages': Number.isFinite(flushMessages) ? String(flushMessages) : '9223372036854775807',
    };
    this.topics = new Topics(ports, { directory: 'd/topics', defaults, producerExpirationMs: 1e9 });
    this.topics.open();
    this.groups = new GroupCoordinator(ports, {
      directory: 'd/groups',
      logSettings: { segmentBytes: 500, segmentMs: Number.POSITIVE_INFINITY, flushMessages, flushMs: Number.POSITIVE_INFINITY },
      sessionTimeoutMinMs: 1,
      sessionTimeoutMaxMs: 1e9,
      initialRebalanceDelayMs: 0,
      offsetsRetentionMs: 1e9,
      compactionBytesMin: 700,
    });
    this.groups.open();
  }

  get partition(): Partition {
    return (this.topics.get('t') ?? this.topics.create('t', 1, {})).partitions[0]!;
  }

  /** Sends one batch; it counts as acknowledged once this returns. */
  async send(batch: Sent): Promise<void> {
    const records = Array.from({ length: batch.count }, (_, i) => ({ timestampMs: 5, value: Buffer.from(`${batch.sequence + i}`) }));
    const bytes = encodeBatch(records, { producerId: batch.producerId, producerEpoch: 0, baseSequence: batch.sequence });
    const result = this.partition.append(bytes, -1, () => undefined);
    if (isRefusal(result)) throw new Error(result.message);
    if (this.partition.needsFlush) await this.partition.flush();
    batch.ack = result;
  }

  async step(): Promise<void> {
    if (this.random.below(4) === 0) {
      this.committing = this.committed + 1;
      await this.groups.commit(group, [{ topic: 't', partition: 0, offset: this.committing, leaderEpoch: 0, metadata: null }]);
      this.committed = this.committing;
      return;
    }
    const producerId = producers[this.random.below(producers.length)]!;
    const sequence = this.nextSequences.get(producerId)!;
    const batch: Sent = { producerId, sequence, count: 1 + this.random.below(3) };
    this.nextSequences.set(producerId, sequence + batch.count);
    this.sent.push(batch);
    await this.send(batch);
  }

  stored(): { producerId: number; sequence: number; count: number; baseOffset: number }[] {
    const found = [];
    let offset = this.partition.startOffset;
    while (offset < this.partition.highWatermark) {
      const bytes = this.partition.read(offset, 100, true);
      for (const at of iterateBatches(bytes)) {
        const { producerId, baseSequence, recordCount, baseOffset, lastOffset } = readBatchHeader(bytes, at);
        found.push({ producerId, sequence: baseSequence, count: recordCount, baseOffset });
        expect(baseOffset).toBe(offset);
        offset = lastOffset + 1;
      }
    }
    return found;
  }
}

async function untilCrash(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (failure) {
    // A sync that fails in the background is met as the log's own error.
    if (!(failure instanceof Crash) && !String((failure as Error).message).includes('a sync failed')) throw failure;
  }
}

async function crashAndRecover(seed: number, kind: 'process' | 'power', flushMessages: number): Promise<void> {
  const world = new World(seed, flushMessages);
  world.disk.crashAt = 1 + (seed % 90);
  await untilCrash(async () => {
    world.open();
    for (let i = 0; i < steps; i++) await world.step();
    await world.topics.close();
    await world.groups.close();
  });
  const label = `seed ${seed}, ${kind}`;
  world.disk.restart(kind);
  world.open();
  const isKept = kind === 'process' || flushMessages === 1;
  const stored = world.stored();
  for (const batch of world.sent) {
    const found = stored.filter(({ producerId, sequence }) => producerId === batch.producerId && sequence === batch.sequence);
    expect(found.length, label).toBeLessThanOrEqual(1);
    if (isKept && batch.ack !== undefined) expect(found[0]?.baseOffset, label).toBe(batch.ack.baseOffset);
  }
  expect(
    stored.map(({ producerId, sequence }) => [producerId, sequence]),
    label,
  ).toEqual(world.sent.slice(0, stored.length).map(({ producerId, sequence }) => [producerId, sequence]));
  const offset = world.groups.committed(group, 't', 0)?.offset ?? -1;
  if (isKept) expect([world.committed, world.committing], label).toContain(offset);
  else expect(offset, label).toBeLessThanOrEqual(world.committing);

  // What the client does not know to be stored it sends again; so it does with the newest that it does know.
  const lost = world.sent.slice(stored.length);
  const newest = stored.at(-1);
  if (newest !== undefined) {
    const again: Sent = { ...newest };
    await world.send(again);
    expect(again.ack?.baseOffset, label).toBe(newest.baseOffset);
  }
  for (const batch of lost) await world.send(batch);
  await world.topics.close();
  await world.groups.close();
  world.open();
  expect(
    world.stored().map(({ producerId, sequence }) => [producerId, sequence]),
    label,
  ).toEqual(world.sent.map(({ producerId, sequence }) => [producerId, sequence]));
}

const isLong = process.env['MILLRACE_TEST_LONG'] !== undefined;
/** Seconds are enough, but for a machine that does much else. */
const testTimeoutMs = isLong ? 3_600_000 : 60_000;
const seeds = Array.from({ length: isLong ? 10_000 : 90 }, (_, seed) => seed);

it(
  'the end of the process at any write loses nothing that was acknowledged, repeats nothing, and leaves no hole',
  async () => {
    for (const seed of seeds) await crashAndRecover(seed, 'process', Number.POSITIVE_INFINITY);
  },
  testTimeoutMs,
);

it(
  'a loss of power at any write loses nothing that was acknowledged when every record is flushed',
  async () => {
    for (const seed of seeds) await crashAndRecover(seed, 'power', 1);
  },
  testTimeoutMs,
);

it(
  'a loss of power without flushing keeps a beginning of what was sent',
  async () => {
    for (const seed of seeds) await crashAndRecover(seed, 'power', Number.POSITIVE_INFINITY);
  },
  testTimeoutMs,
);
