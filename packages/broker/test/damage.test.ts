import { FakeClock, SeededRandom, silentLogger } from '@millrace/core';
import { encodeBatch } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { readBatchHeader } from '../src/log/batch-header.ts';
import { KeyedLog } from '../src/log/keyed-log.ts';
import { LeaderEpochs } from '../src/log/leader-epochs.ts';
import { PartitionLog } from '../src/log/partition-log.ts';
import { ProducerIds } from '../src/producer/producer-ids.ts';
import { ProducerStates } from '../src/producer/producer-states.ts';
import { Credentials } from '../src/security/credentials.ts';
import { keysOfPassword } from '../src/security/scram-keys.ts';
import { Topics } from '../src/topic/topics.ts';
import { MemoryDisk } from './memory-disk.ts';

const settings = {
  segmentBytes: 400,
  segmentMs: Number.POSITIVE_INFINITY,
  flushMessages: Number.POSITIVE_INFINITY,
  flushMs: Number.POSITIVE_INFINITY,
};
const segment = (baseOffset: number, ending = 'log') => `log/${String(baseOffset).padStart(20, '0')}.${ending}`;

function portsOf(disk: MemoryDisk) {
  return { disk, clock: new FakeClock(), random: new SeededRandom(7), logger: silentLogger };
}

function openLog(disk: MemoryDisk): { log: PartitionLog; producers: ProducerStates } {
  const ports = portsOf(disk);
  const producers = new ProducerStates(ports.clock, 1000);
  return { log: PartitionLog.open('log', ports, settings, producers), producers };
}

/** A log of some sealed segments that was closed in good order; offsets before 3 are deleted. */
async function writtenLog(): Promise<MemoryDisk> {
  const disk = new MemoryDisk(new SeededRandom(1));
  const { log } = openLog(disk);
  for (let sequence = 0; sequence < 10; sequence++) {
    const batch = encodeBatch([{ timestampMs: 0, key: null, value: Buffer.alloc(100) }], {
      producerId: 1,
      producerEpoch: 0,
      baseSequence: sequence,
    });
    log.append(batch, [readBatchHeader(batch, 0)]);
  }
  log.deleteBefore(3);
  await log.close();
  return disk;
}

function flip(disk: MemoryDisk, path: string, at: number): void {
  const bytes = disk.readFile(path);
  bytes[at]! ^= 1;
  disk.replaceFile(path, bytes);
}

describe('a log of which a part that was synced is gone', () => {
  it.each([
    ['a segment in the middle', (disk: MemoryDisk) => disk.remove(segment(4)), /records from offset 4 to 6 are missing/],
    ['the first segment', (disk: MemoryDisk) => disk.remove(segment(2)), /records from offset 3 to 4 are missing/],
    ['the last segment', (disk: MemoryDisk) => disk.remove(segment(8)), /records from offset 8 on are missing/],
    [
      'the end of a segment',
      (disk: MemoryDisk) => disk.replaceFile(segment(8), disk.readFile(segment(8)).subarray(0, 100)),
      /100 bytes; \d+ were on stable storage/,
    ],
    [
      'a segment that is not indexed, by a flipped bit',
      (disk: MemoryDisk) => {
        disk.remove(segment(4, 'index'));
        flip(disk, segment(4), 80);
      },
      /records from offset 4 to 6 are missing/,
    ],
  ])('is not opened, and nothing of the rest is removed: %s', async (_what, damage, message) => {
    const disk = await writtenLog();
    damage(disk);
    expect(() => openLog(disk)).toThrow(expect.objectContaining({ code: 'BROKER_LOG_CORRUPT', message: expect.stringMatching(message) }));
    expect(disk.exists(segment(6))).toBe(true);
  });

  it('goes on in the way that the error names', async () => {
    const disk = await writtenLog();
    disk.remove(segment(2));
    disk.replaceFile('log/log-start-offset', Buffer.from('4'));
    expect(openLog(disk).log.startOffset).toBe(4);
    disk.remove(segment(6));
    for (const name of disk.list('log').filter((each) => Number.parseInt(each, 10) >= 6)) disk.remove(`log/${name}`);
    expect(openLog(disk).log.endOffset).toBe(6);
  });
});

it('a log whose start is not readable is not opened', async () => {
  const disk = await writtenLog();
  disk.replaceFile('log/log-start-offset', Buffer.from(''));
  expect(() => openLog(disk)).toThrow('log/log-start-offset is not readable');
});

it('a snapshot of producers with a flipped bit is not believed, but made from the log again', async () => {
  const disk = await writtenLog();
  const at = disk.readFile('log/producers.snapshot').indexOf('"lastSequence":9') + 15;
  flip(disk, 'log/producers.snapshot', at);
  expect(openLog(disk).producers.list()[0]?.lastSequence).toBe(9);
});

it('the memory of a coordinator with a flipped bit is not believed', async () => {
  const disk = new MemoryDisk(new SeededRandom(1));
  const open = () => new KeyedLog<readonly string[]>('log', portsOf(disk), { ...settings, segmentBytes: 1e6 }, () => [], 1e6);
  const log = open();
  log.append([{ key: ['group'], value: Buffer.from('{"offset":1234567}') }]);
  await log.close();
  expect([...open().entries()]).toHaveLength(1);
  flip(disk, segment(0), disk.readFile(segment(0)).indexOf('1234567'));
  expect(() => [...open().entries()]).toThrow(expect.objectContaining({ code: 'BROKER_LOG_CORRUPT' }));
});

describe('a topic', () => {
  function open(disk: MemoryDisk): Topics {
    const topics = new Topics(portsOf(disk), { directory: 'topics', defaults: {}, producerExpirationMs: 1000 });
    topics.open();
    return topics;
  }

  it('whose file is gone keeps its partitions, and is told of', () => {
    const disk = new MemoryDisk(new SeededRandom(1));
    const { id } = open(disk).create('t', 1, {});
    disk.remove(`topics/${id}/topic.json`);
    expect(() => open(disk)).toThrow(`topics/${id} has partitions but no topic.json`);
    expect(disk.list(`topics/${id}`)).toEqual(['0']);
  });

  it.each([
    ['no number of partitions', { partitionCount: undefined }],
    ['the id of another', { id: 'another' }],
    ['no legal name', { name: '../t' }],
    ['no legal configuration', { configs: { 'retention.ms': 'long' } }],
    ['no configuration', { configs: undefined }],
  ])('whose file tells %s is not opened', (_what, change) => {
    const disk = new MemoryDisk(new SeededRandom(1));
    const { id } = open(disk).create('t', 1, {});
    const path = `topics/${id}/topic.json`;
    disk.replaceFile(path, Buffer.from(JSON.stringify({ ...JSON.parse(disk.readFile(path).toString()), ...change })));
    expect(() => open(disk)).toThrow(`${path} is not readable`);
  });
});

describe.each(['', '{', '{}', 'null', '{"reservedUpTo":-1,"epochs":[],"users":{}}'])('a file that holds %j', (content) => {
  const disk = new MemoryDisk(new SeededRandom(1));
  for (const name of ['producer-ids.json', 'leader.json', 'users.json']) disk.replaceFile(`d/${name}`, Buffer.from(content));
  const isNotReadable = expect.objectContaining({ code: 'BROKER_DATA_DIRECTORY_INVALID' });

  it('is refused with its name', () => {
    expect(() => new ProducerIds(disk, 'd')).toThrow(isNotReadable);
    expect(() => new LeaderEpochs(disk, 'd', 0)).toThrow(isNotReadable);
    expect(() => Credentials.open(disk, 'd')).toThrow(isNotReadable);
  });
});

describe('credentials', () => {
  it.each(['salt', 'storedKey', 'serverKey', 'iterations'])('with a damaged %s are not used', async (name) => {
    const disk = new MemoryDisk(new SeededRandom(1));
    const keys = await keysOfPassword('SCRAM-SHA-256', 'secret');
    Credentials.open(disk, 'd').apply([{ user: 'ann', mechanism: 'SCRAM-SHA-256', keys }]);
    const stored = JSON.parse(disk.readFile('d/users.json').toString());
    stored.users.ann['SCRAM-SHA-256'][name] = '';
    disk.replaceFile('d/users.json', Buffer.from(JSON.stringify(stored)));
    expect(() => Credentials.open(disk, 'd')).toThrow('d/users.json is not readable');
  });

  it('still prove passwords after one could not be derived', async () => {
    const credentials = Credentials.open(new MemoryDisk(new SeededRandom(1)), 'd');
    const { keys } = credentials.lookup('ann', 'SCRAM-SHA-256');
    await expect(credentials.derive('SCRAM-SHA-256', 'x', { ...keys, iterations: -1 })).rejects.toThrow();
    await expect(credentials.derive('SCRAM-SHA-256', 'x', keys)).resolves.toHaveProperty('storedKey');
  });
});
