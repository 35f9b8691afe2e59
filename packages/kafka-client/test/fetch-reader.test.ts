import { SeededRandom } from '@millrace/core';
import { batchHeader, decodeRecords, encodeBatch, RecordSpans } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { type FetchedPartition, openReader, type RecordReader } from '../src/index.ts';
import type { Fault } from './fake-cluster.ts';
import { startCluster } from './start-cluster.ts';

const text = (value: string) => ({ timestampMs: 1, value: Buffer.from(value) });

/** Records of what was fetched, as `partition:offset=value`. */
function recordsIn(fetched: readonly FetchedPartition[]): string[] {
  return fetched.flatMap(({ partition, bytes, batches, fromOffset }) => {
    const found: string[] = [];
    for (let index = 0; index < batches.length; index += 2) {
      const spans = new RecordSpans();
      decodeRecords(bytes, batches[index]!, batches[index + 1]!, spans, { fromOffset });
      for (let row = 0; row < spans.count; row++) found.push(`${partition}:${spans.offsets[row]}=${spans.value(row)}`);
    }
    return found;
  });
}

async function read(reader: RecordReader, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) found.push(...recordsIn(await reader.next()));
  return found;
}

describe('a reader', () => {
  it('reads all partitions, each in order, and goes on with what comes later', async () => {
    const { cluster, client } = await startCluster(2);
    cluster.createTopic('t', 3);
    const expected: string[] = [];
    for (let n = 0; n < 60; n++) {
      const offset = cluster.log('t', n % 3).write(text(`a${n}`), text(`b${n}`));
      expected.push(`${n % 3}:${offset}=a${n}`, `${n % 3}:${offset + 1}=b${n}`);
    }
    const reader = openReader(client);
    reader.assign([0, 1, 2].map((partition) => ({ topic: 't', partition, offset: 0 })));
    const found = await read(reader, expected.length);
    for (const partition of [0, 1, 2]) {
      const of = (records: string[]) => records.filter((record) => record.startsWith(`${partition}:`));
      expect(of(found)).toEqual(of(expected));
    }
    cluster.log('t', 1).write(text('live'));
    cluster.wake();
    expect(await read(reader, 1)).toEqual(['1:40=live']);
    await reader.close();
  });

  it('tells where it stands even when there is nothing to read', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    const reader = openReader(client);
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    expect(await reader.next()).toMatchObject([{ batches: [], nextOffset: 0, highWatermark: 0, lastStableOffset: 0, logStartOffset: 0 }]);
    await reader.close();
  });

  it('begins in the middle of a batch', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    cluster.log('t').write(...'abcdef'.split('').map(text));
    const reader = openReader(client);
    reader.assign([{ topic: 't', partition: 0, offset: 4 }]);
    expect(await read(reader, 2)).toEqual(['0:4=e', '0:5=f']);
    await reader.close();
  });

  it('follows a leader that moves', async () => {
    const { cluster, client } = await startCluster(2);
    cluster.createTopic('t');
    cluster.log('t').write(text('before'));
    const reader = openReader(client);
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    expect(await read(reader, 1)).toEqual(['0:0=before']);
    cluster.log('t').leader = 1;
    cluster.log('t').write(text('after'));
    cluster.wake();
    expect(await read(reader, 1)).toEqual(['0:1=after']);
    expect(cluster.callsOf('Fetch').at(-1)!.node).toBe(1);
    await reader.close();
  });

  for (const fault of ['cut', 'lose', 'half'] as const) {
    it(`loses and repeats nothing when connections break (${fault})`, async () => {
      const { cluster, client } = await startCluster();
      cluster.createTopic('t');
      for (let n = 0; n < 20; n++) cluster.log('t').write(text(`${n}`));
      let turn = 0;
      cluster.intercept = ({ api }): Fault | undefined => (api === 'Fetch' && turn++ % 2 === 0 && turn < 8 ? fault : undefined);
      const reader = openReader(client, { maxPartitionBytes: 200 });
      reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
      expect(await read(reader, 20)).toEqual(Array.from({ length: 20 }, (_, n) => `0:${n}=${n}`));
      await reader.close();
    });
  }

  it('waits for a broker that is gone, with one warning, and goes on when it is back', async () => {
    const { cluster, client, logger } = await startCluster();
    cluster.createTopic('t');
    const reader = openReader(client);
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    await reader.next();
    await cluster.stopNode(0);
    const waiting = reader.next();
    cluster.log('t').write(text('back'));
    await cluster.startNode(0);
    expect(recordsIn(await waiting)).toEqual(['0:0=back']);
    expect(logger.messages).toEqual([expect.stringMatching(/^reading waits for a broker: /)]);
    await reader.close();
  });

  it('fails when the topic stays missing', async () => {
    const { client } = await startCluster();
    const reader = openReader(client, { missingTimeoutMs: 60 });
    reader.assign([{ topic: 'nope', partition: 0, offset: 0 }]);
    await expect(reader.next()).rejects.toMatchObject({ code: 'KAFKA_TOPIC_UNKNOWN', details: { topic: 'nope' } });
    await reader.close();
  });

  it('waits for a topic that comes late', async () => {
    const { cluster, client } = await startCluster();
    const reader = openReader(client);
    let asked = 0;
    cluster.intercept = ({ api }) => {
      if (api === 'Metadata' && ++asked === 3) cluster.createTopic('t')[0]!.write(text('late'));
      return undefined;
    };
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    expect(await read(reader, 1)).toEqual(['0:0=late']);
    await reader.close();
  });

  it('says what the log holds when an offset is not in it, and reads again when assigned anew', async () => {
    const { cluster, client } = await startCluster();
    const [log] = cluster.createTopic('t');
    for (let n = 0; n < 10; n++) log!.write(text(`${n}`));
    log!.startOffset = 4;
    const reader = openReader(client);
    for (const offset of [1, 99]) {
      reader.assign([{ topic: 't', partition: 0, offset }]);
      await expect(reader.next()).rejects.toMatchObject({
        code: 'KAFKA_OFFSET_OUT_OF_RANGE',
        message: `the log of t[0] holds 4 to 10, and offset ${offset} is asked for`,
        details: { topic: 't', partition: 0, offset, earliest: 4, latest: 10 },
      });
    }
    reader.assign([{ topic: 't', partition: 0, offset: 9 }]);
    expect(await read(reader, 1)).toEqual(['0:9=9']);
    await reader.close();
  });

  it('fetches a damaged batch again, and fails if it is damaged in the log', async () => {
    const { cluster, client } = await startCluster();
    const [log] = cluster.createTopic('t');
    log!.write(text('good'));
    log!.write(text('bad'));
    const damage = () => {
      log!.batches[1]![70]! ^= 1;
    };
    damage();
    let fetches = 0;
    cluster.intercept = ({ api }) => {
      // The second fetch finds it whole: it was damaged on the way.
      if (api === 'Fetch' && ++fetches === 2) damage();
      return undefined;
    };
    const reader = openReader(client);
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    expect(await read(reader, 2)).toEqual(['0:0=good', '0:1=bad']);
    damage();
    reader.assign([{ topic: 't', partition: 0, offset: 1 }]);
    await expect(reader.next()).rejects.toMatchObject({
      code: 'KAFKA_RECORD_CORRUPT',
      message: 't[0]: the record batch at offset 1 fails its checksum',
    });
    await reader.close();
  });

  it('does not ask for a batch again and again that never comes whole', async () => {
    const { cluster, client } = await startCluster();
    const [log] = cluster.createTopic('t');
    log!.write(text('good'));
    log!.write(text('cut'));
    log!.batches[1] = log!.batches[1]!.subarray(0, -1);
    const reader = openReader(client);
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    expect(await read(reader, 1)).toEqual(['0:0=good']);
    await expect(reader.next()).rejects.toMatchObject({
      code: 'KAFKA_RECORD_CORRUPT',
      message: expect.stringMatching(/^t\[0\]: \d+ bytes were fetched, and no whole record batch with offset 1 or later$/),
    });
    await reader.close();
  });

  it('fails on nonsense from a broker, and reads again when assigned anew', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t')[0]!.write(text('x'));
    cluster.intercept = ({ api }) => (api === 'Fetch' ? 'garbage' : undefined);
    const reader = openReader(client);
    const start = [{ topic: 't', partition: 0, offset: 0 }];
    reader.assign(start);
    await expect(reader.next()).rejects.toMatchObject({ code: 'KAFKA_PROTOCOL_INVALID' });
    cluster.intercept = () => undefined;
    reader.assign(start);
    expect(await read(reader, 1)).toEqual(['0:0=x']);
    await reader.close();
  });

  it('does not look at checksums if told so', async () => {
    const { cluster, client } = await startCluster();
    const [log] = cluster.createTopic('t');
    log!.write(text('x'));
    log!.batches[0]!.writeUInt32BE(0, 17);
    const reader = openReader(client, { checkCrc: false });
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    expect(await read(reader, 1)).toEqual(['0:0=x']);
    await reader.close();
  });

  it('with read_committed hides aborted transactions and stops before an open one', async () => {
    const { cluster, client } = await startCluster();
    const [log] = cluster.createTopic('t');
    const transactional = (producerId: number, value: string) =>
      log!.append(encodeBatch([text(value)], { producerId, transactional: true }));
    const marker = (producerId: number, type: number) =>
      log!.append(
        encodeBatch([{ timestampMs: 1, key: Buffer.from([0, 0, 0, type]), value: Buffer.alloc(6) }], {
          producerId,
          transactional: true,
          control: true,
        }),
      );
    log!.write(text('plain'));
    log!.aborted = [{ producerId: 7, firstOffset: transactional(7, 'aborted') }];
    transactional(8, 'committed');
    marker(8, 1);
    marker(7, 0);
    transactional(7, 'second');
    marker(7, 1);
    log!.stableOffset = transactional(9, 'open');
    const reader = openReader(client, { isolation: 'read_committed' });
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    expect(await read(reader, 3)).toEqual(['0:0=plain', '0:2=committed', '0:5=second']);
    log!.stableOffset = undefined;
    cluster.wake();
    expect(await read(reader, 1)).toEqual(['0:7=open']);
    await reader.close();
  });

  it('fetches no more than its buffer while nobody takes', async () => {
    const { cluster, client } = await startCluster();
    const [log] = cluster.createTopic('t');
    for (let n = 0; n < 50; n++) log!.write({ timestampMs: 1, value: Buffer.alloc(1000) });
    const reader = openReader(client, { maxPartitionBytes: 1000, maxBufferedBytes: 5000 });
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    await reader.next();
    // The buffer fills up while nothing is taken; a request behind the fetches says that they have all been made.
    while (cluster.callsOf('Fetch').length < 6) await client.metadata(['t']);
    for (let n = 0; n < 20; n++) await client.metadata(['t']);
    const taken = await reader.next();
    expect(taken.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(5000 + 1100);
    expect(await read(reader, 50 - 1 - taken.length)).toHaveLength(50 - 1 - taken.length);
    await reader.close();
  });

  it('overwrites what was released and nothing else', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 2);
    const count = 40;
    for (let n = 0; n < count; n++) for (const partition of [0, 1]) cluster.log('t', partition).write(text(`${n}`.padEnd(50_000, '.')));
    const reader = openReader(client, { maxPartitionBytes: 150_000, maxFetchBytes: 300_000, maxBufferedBytes: 1 });
    reader.assign([0, 1].map((partition) => ({ topic: 't', partition, offset: 0 })));
    const random = new SeededRandom(7);
    const kept: FetchedPartition[] = [];
    const found: string[] = [];
    const memory = new Set<ArrayBufferLike>();
    while (found.length + recordsIn(kept).length < 2 * count) {
      for (const fetched of await reader.next()) {
        memory.add(fetched.bytes.buffer);
        if (random.below(10) === 0) kept.push(fetched);
        else {
          found.push(...recordsIn([fetched]));
          fetched.bytes.fill(0xdb);
          reader.release(fetched);
        }
      }
    }
    found.push(...recordsIn(kept));
    const expected = [0, 1].flatMap((partition) =>
      Array.from({ length: count }, (_, n) => `${partition}:${n}=${`${n}`.padEnd(50_000, '.')}`),
    );
    expect(found.sort()).toEqual(expected.sort());
    expect(kept.length).toBeGreaterThan(0);
    expect(memory.size).toBeLessThan(kept.length + 5);
    await reader.close();
  });

  it('holds a paused partition back until it is resumed', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 2);
    const reader = openReader(client, { maxWaitMs: 20 });
    reader.assign([0, 1].map((partition) => ({ topic: 't', partition, offset: 0 })));
    reader.pause('t', 0);
    cluster.log('t', 0).write(text('held'));
    cluster.log('t', 1).write(text('flows'));
    cluster.wake();
    expect(await read(reader, 1)).toEqual(['1:0=flows']);
    reader.resume('t', 0);
    expect(await read(reader, 1)).toEqual(['0:0=held']);
    await reader.close();
  });

  it('drops what belongs to an older assignment', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 2);
    for (const partition of [0, 1]) for (let n = 0; n < 5; n++) cluster.log('t', partition).write(text(`${n}`));
    const reader = openReader(client);
    reader.assign([0, 1].map((partition) => ({ topic: 't', partition, offset: 0 })));
    await read(reader, 1);
    reader.assign([{ topic: 't', partition: 1, offset: 3 }]);
    expect(await read(reader, 2)).toEqual(['1:3=3', '1:4=4']);
    await reader.close();
  });

  it('does not wait for the end of a long poll when it gets another partition', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 2);
    cluster.log('t', 1).write(text('x'));
    const reader = openReader(client, { maxWaitMs: 60_000 });
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    cluster.log('t', 0).write(text('first'));
    expect(await read(reader, 1)).toEqual(['0:0=first']);
    reader.assign([0, 1].map((partition) => ({ topic: 't', partition, offset: partition === 0 ? 1 : 0 })));
    expect(await read(reader, 1)).toEqual(['1:0=x']);
    await reader.close();
  });

  for (const silent of ['Metadata', 'Fetch', 'connecting', 'ListOffsets']) {
    it(`closes at once though a broker does not answer (${silent})`, { timeout: 4000 }, async () => {
      const { cluster, client } = await startCluster(1, { requestTimeoutMs: 60_000 });
      const [log] = cluster.createTopic('t');
      log!.startOffset = 5;
      let fetches = 0;
      cluster.intercept = ({ api }) => {
        if (api === 'Metadata' && silent === 'connecting')
          cluster.intercept = ({ api: next }) => (next === 'ApiVersions' ? 'silence' : undefined);
        if (api === 'Fetch') fetches++;
        return api === silent ? 'silence' : undefined;
      };
      const reader = openReader(client);
      reader.assign([{ topic: 't', partition: 0, offset: silent === 'ListOffsets' ? 1 : 5 }]);
      const isReached = () => (silent === 'connecting' ? cluster.callsOf('ApiVersions').length > 1 : cluster.callsOf(silent).length > 0);
      await expect.poll(isReached, { interval: 5 }).toBe(true);
      await reader.close();
      expect(fetches).toBeLessThan(2);
    });
  }

  it('gives nothing more once closed', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    const reader = openReader(client);
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    await reader.next();
    const waiting = reader.next();
    await reader.close();
    expect(await waiting).toEqual([]);
    expect(await reader.next()).toEqual([]);
  });

  it('keeps the offsets of batches with holes', async () => {
    const { cluster, client } = await startCluster();
    const [log] = cluster.createTopic('t');
    const compacted = encodeBatch([text('kept')]);
    // Compaction keeps the last offset of a batch when its last records are gone.
    compacted.writeInt32BE(9, 23);
    log!.append(compacted);
    log!.batches[0]!.writeUInt32BE(0, 17);
    const reader = openReader(client, { checkCrc: false });
    reader.assign([{ topic: 't', partition: 0, offset: 0 }]);
    const [fetched] = await reader.next();
    expect([recordsIn([fetched!]), fetched!.nextOffset, batchHeader.lastOffset(fetched!.bytes, 0)]).toEqual([['0:0=kept'], 10, 9]);
    await reader.close();
  });
});
