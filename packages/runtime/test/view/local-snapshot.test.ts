import { crc32 } from 'node:zlib';
import { type Clock, type Logger, MillraceError, SeededRandom, silentLogger, systemClock } from '@millrace/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryDisk } from '../../../broker/test/memory-disk.ts';
import { type ChangelogContents, changelogKey, inventoryEntry, positionEntry } from '../../src/view/changelog.ts';
import { LocalSnapshot } from '../../src/view/local-snapshot.ts';
import { FakeKafka } from '../fake-kafka.ts';

const topic = 'changelog';
const path = 'views/v.snapshot';
const signal = new AbortController().signal;
const hourMs = 3_600_000;

let kafka: FakeKafka;
let disk: MemoryDisk;
let warnings: string[];
let wallOffsetMs: number;

beforeEach(() => {
  kafka = new FakeKafka();
  disk = new MemoryDisk(new SeededRandom(1));
  warnings = [];
  wallOffsetMs = 0;
  kafka.createTopic(topic);
});

const clock: Clock = { ...systemClock, now: () => systemClock.now() + wallOffsetMs };
const logger: Logger = { ...silentLogger, warn: (fields) => void warnings.push(String(fields['reason'] ?? fields['code'])) };

function open(): LocalSnapshot {
  const snapshots = { path, growthBytes: 1, pauseMs: 0 };
  return new LocalSnapshot({ snapshots, changelogTopic: topic }, { kafka, disk, clock, logger });
}

/** Commits values of an operator (null = gone), a position, and what there is in all. */
function commit(values: Readonly<Record<string, string | null>>, offset: number, operators: readonly number[] = [0], index = 0): void {
  const put = ({ key, value }: { key: Buffer; value: Buffer }) => ({ key: key.toString('latin1'), value: value.toString('latin1') });
  const owners = operators.map((operator) => `operator ${operator}`);
  kafka.append(topic, 0, [
    ...Object.entries(values).map(([key, value]) => ({
      key: changelogKey({ kind: 'operator', index }, Buffer.from(key)).toString('latin1'),
      value,
    })),
    put(positionEntry({ topic: 's', partition: 0, offset })),
    put(inventoryEntry({ owners, positions: 1 })),
  ]);
}

function valuesOf(contents: ChangelogContents, index = 0): Record<string, string> {
  return Object.fromEntries([...contents.of({ kind: 'operator', index })].map(({ key, value }) => [key.toString(), value.toString()]));
}

/** All that it holds, in an order of its own. */
function textsOf(contents: ChangelogContents): string[] {
  return [...contents.entries()]
    .map(({ key, value, writtenMs }) => [key.toString('hex'), value.toString('hex'), writtenMs].join(' '))
    .sort();
}

/** Two commits, a snapshot behind the first: what a start must come to is `expected`. */
async function makeSnapshot(): Promise<void> {
  commit({ a: '1', b: '1', c: '1' }, 10);
  await open().grown(1);
  expect(disk.exists(path)).toBe(true);
  commit({ a: '2', b: null, d: '2' }, 20);
}

const expected = { a: '2', c: '1', d: '2' };

/** The log as compaction, or a loss, leaves it. */
function emptyLog(endOffset: number): void {
  const log = kafka.partition(topic, 0)!;
  log.batches.length = 0;
  log.endOffset = endOffset;
}

/** A sound file as a later version might write it. */
function foreignFormat(): Buffer {
  const header = Buffer.from(JSON.stringify({ format: 2 }));
  const frame = Buffer.alloc(8);
  frame.writeUInt32LE(header.length, 0);
  frame.writeUInt32LE(crc32(header), 4);
  return Buffer.concat([frame, header]);
}

describe('a snapshot of a view', () => {
  it('spares a start all of the changelog but its end', async () => {
    const whole = await open().read(signal);
    await makeSnapshot();
    const snapshot = open();
    const contents = await snapshot.read(signal);
    expect(valuesOf(contents)).toEqual(expected);
    expect(contents.positions()).toEqual([{ topic: 's', partition: 0, offset: 20 }]);
    expect(snapshot.isUsed).toBe(true);
    disk.remove(path);
    const alone = await open().read(signal);
    expect(textsOf(contents)).toEqual(textsOf(alone));
    expect(textsOf(contents)).toHaveLength(5);
    expect(contents.readBytes).toBeLessThan(alone.readBytes);
    expect([whole.size, warnings]).toEqual([0, []]);
  });

  it('is made of the one before and of what came since', async () => {
    await makeSnapshot();
    await open().grown(1);
    emptyLog(kafka.partition(topic, 0)!.endOffset);
    expect(valuesOf(await open().read(signal))).toEqual(expected);
  });

  it('keeps when a position was written', async () => {
    commit({ a: '1' }, 10);
    const before = (await open().read(signal)).positionTime({ topic: 's', partition: 0 });
    await open().grown(1);
    const snapshot = open();
    expect((await snapshot.read(signal)).positionTime({ topic: 's', partition: 0 })).toBe(before);
    expect(snapshot.isUsed).toBe(true);
  });

  it('is not written before its time, nor where none is wanted', async () => {
    commit({ a: '1' }, 10);
    const context = { kafka, disk, clock, logger };
    for (const snapshots of [null, { path, growthBytes: 1, pauseMs: hourMs }, { path, growthBytes: 100, pauseMs: 0 }])
      await new LocalSnapshot({ snapshots, changelogTopic: topic }, context).grown(99);
    expect(disk.exists(path)).toBe(false);
  });
});

describe('a snapshot that is not to be trusted is discarded, and the changelog read from its start', () => {
  async function expectDiscarded(reason: RegExp): Promise<void> {
    const snapshot = open();
    expect(valuesOf(await snapshot.read(signal))).toEqual(expected);
    expect([snapshot.isUsed, disk.exists(path)]).toEqual([false, false]);
    expect(warnings.splice(0)).toEqual([expect.stringMatching(reason)]);
  }

  it('whichever of its bytes is damaged', async () => {
    await makeSnapshot();
    const sound = disk.readFile(path);
    for (let at = 0; at < sound.length; at++) {
      const damaged = Buffer.from(sound);
      damaged[at]! ^= 1 << (at % 8);
      disk.replaceFile(path, damaged);
      await expectDiscarded(/checksum|middle of a block/);
    }
  });

  it('wherever it is cut', async () => {
    await makeSnapshot();
    const sound = disk.readFile(path);
    for (let length = 0; length < sound.length; length++) {
      disk.replaceFile(path, sound.subarray(0, length));
      await expectDiscarded(/empty|middle of a block|holds 0 entries/);
    }
  });

  it('if the topic was made anew under its name', async () => {
    await makeSnapshot();
    kafka.deleteTopic(topic);
    kafka.createTopic(topic);
    commit(expected, 20);
    await expectDiscarded(/another changelog/);
  });

  it('if the changelog has lost what the snapshot still holds', async () => {
    await makeSnapshot();
    emptyLog(0);
    commit({ a: '9' }, 20);
    const snapshot = open();
    expect(valuesOf(await snapshot.read(signal))).toEqual({ a: '9' });
    expect([snapshot.isUsed, warnings]).toEqual([false, [expect.stringMatching(/ends at offset 5, and it holds offsets 0 to 3/)]]);
  });

  it('if the changelog begins only behind it', async () => {
    await makeSnapshot();
    const listOffsets = kafka.listOffsets.bind(kafka);
    let asked = 0;
    kafka.listOffsets = async (...args) => (args[2] === 'earliest' && asked++ === 0 ? [6] : listOffsets(...args));
    await expectDiscarded(/ends at offset 5, and it holds offsets 6 to 10/);
  });

  it('if it is so old that deletions may be forgotten, by whichever clock', async () => {
    for (const offsetMs of [13 * hourMs, -13 * hourMs]) {
      kafka.deleteTopic(topic);
      kafka.createTopic(topic);
      await makeSnapshot();
      wallOffsetMs = offsetMs;
      await expectDiscarded(/too old/);
      wallOffsetMs = 0;
    }
  });

  it('if it holds keys of which the changelog has forgotten that they are gone', async () => {
    commit({ a: '1' }, 10, [0, 1]);
    commit({ x: '1' }, 10, [0, 1], 1);
    await open().grown(1);
    const { endOffset } = kafka.partition(topic, 0)!;
    // The key of operator 1 was deleted, and compaction has taken the deletion away.
    emptyLog(endOffset);
    commit({ ...expected }, 20, [0]);
    const batch = kafka.partition(topic, 0)!.batches[0]!;
    expect(batch.baseOffset).toBe(endOffset);
    await expectDiscarded(/entries of operator 0, operator 1 instead of operator 0/);
  });

  it('if its format is another', async () => {
    await makeSnapshot();
    disk.replaceFile(path, foreignFormat());
    await expectDiscarded(/format 2, this version reads format 1/);
  });
});

describe('a view whose disk fails', () => {
  it('goes on without a new snapshot where the disk is full, keeps the one before, and says so once', async () => {
    await makeSnapshot();
    const before = disk.readFile(path);
    disk.capacityBytes = disk.usedBytes() + 50;
    const snapshot = open();
    await snapshot.grown(1);
    await snapshot.grown(1000);
    expect(warnings).toEqual(['DISK_FULL']);
    expect([disk.readFile(path), disk.exists(`${path}.new`)]).toEqual([before, false]);
    expect(valuesOf(await snapshot.read(signal))).toEqual(expected);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await snapshot.grown(1000);
    expect(disk.readFile(path).equals(before)).toBe(false);
  });

  it('reads the changelog alone where the snapshot cannot be read', async () => {
    await makeSnapshot();
    disk.fault = (operation) => (operation === 'read' ? new MillraceError('DISK_IO', 'the disk does not answer') : undefined);
    expect(valuesOf(await open().read(signal))).toEqual(expected);
    expect(warnings).toEqual(['the disk does not answer']);
  });

  it('passes on what Kafka refuses, and keeps the snapshot', async () => {
    await makeSnapshot();
    kafka.isAway = true;
    await expect(open().read(signal)).rejects.toMatchObject({ code: 'KAFKA_BROKER_UNAVAILABLE' });
    expect([disk.exists(path), warnings]).toEqual([true, []]);
  });

  it('gives up the snapshot at hand when the view stops', async () => {
    await makeSnapshot();
    const before = disk.readFile(path);
    const snapshot = open();
    const written = snapshot.grown(1);
    await snapshot.close();
    await written;
    await snapshot.grown(1000);
    expect([disk.readFile(path), disk.exists(`${path}.new`), warnings]).toEqual([before, false, []]);
  });
});
