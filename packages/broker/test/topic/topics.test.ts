import { FakeClock, SeededRandom, silentLogger } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { refuseTopicName } from '../../src/topic/topic-name.ts';
import { Topics } from '../../src/topic/topics.ts';
import { MemoryDisk } from '../memory-disk.ts';

function open(disk = new MemoryDisk(new SeededRandom(1))) {
  const ports = { disk, clock: new FakeClock(), random: new SeededRandom(disk.operations), logger: silentLogger };
  const topics = new Topics(ports, { directory: 'topics', defaults: {}, producerExpirationMs: 1000 });
  topics.open();
  return { disk, topics };
}

describe('topics', () => {
  it('are there after a restart with id, partitions and configuration', () => {
    const { disk, topics } = open();
    const { id } = topics.create('t', 3, { 'retention.ms': '5' });
    const again = open(disk).topics.get('t')!;
    expect([again.id, again.partitions.length, again.configs]).toEqual([id, 3, { 'retention.ms': '5' }]);
  });

  it('that are made anew under an old name have another id and no records of the old', () => {
    const { topics } = open();
    const old = topics.create('t', 1, {});
    topics.delete(old);
    const made = topics.create('t', 1, {});
    expect(made.id).not.toBe(old.id);
    expect(old.partitions[0]!.isGone).toBe(true);
  });

  it('of which not every partition can be opened do not exist, now and after a restart', () => {
    const { disk, topics } = open();
    disk.creations = 2;
    expect(() => topics.create('t', 3, {})).toThrow('too many open files');
    disk.creations = Number.POSITIVE_INFINITY;
    expect(topics.get('t')).toBeUndefined();
    expect(open(disk).topics.list()).toEqual([]);
  });

  it('keep their partitions where no more can be added', () => {
    const { disk, topics } = open();
    const topic = topics.create('t', 2, {});
    disk.creations = 1;
    expect(() => topics.grow(topic, 4)).toThrow('too many open files');
    expect(topic.partitions).toHaveLength(2);
    expect(open(disk).topics.get('t')!.partitions).toHaveLength(2);
  });

  it('left half deleted or half made by a crash are swept away', () => {
    const { disk, topics } = open();
    const { id } = topics.create('t', 1, {});
    disk.rename(`topics/${id}`, `topics/${id}.deleted`);
    disk.makeDirectory('topics/half-made');
    expect(open(disk).topics.list()).toEqual([]);
    expect(disk.list('topics')).toEqual([]);
  });
});

it.each([
  ['', 'a topic name must not be empty'],
  ['..', 'a topic name must not be ".."'],
  ['a'.repeat(250), 'a topic name must not be longer than 249 characters, this one has 250'],
  ['a/b', 'a topic name consists of letters, digits, ".", "_" and "-" only, unlike "a/b"'],
  ['orders_2.v-1', undefined],
])('the topic name "%s" is refused with: %s', (name, reason) => {
  expect(refuseTopicName(name)).toBe(reason);
});
