import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotConnected, type TopicCluster, type TopicRecord, Topics } from '@millrace/sdk';
import { connectorConformance, connectorDriver, deleteEvent, provide, rowsEvent } from '@millrace/sdk/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import kafka from '../src/index.ts';

/** Brokers of another cluster: what was sent to them, and how they fail. */
class Brokers implements Topics {
  readonly clusters: TopicCluster[] = [];
  readonly records: TopicRecord[] = [];
  isDown = false;
  /** What the next `send` throws when the records are there. */
  lostAnswer: Error | undefined;
  writersOpen = 0;

  async connect(cluster: TopicCluster) {
    if (this.isDown) throw new Error('ECONNREFUSED');
    this.clusters.push(cluster);
    this.writersOpen++;
    let isOpen = true;
    return {
      send: async (_topic: string, records: readonly TopicRecord[]) => {
        if (!isOpen) throw new Error('the writer is closed');
        if (this.isDown) throw new NotConnected('the brokers are gone');
        this.records.push(...records);
        const failure = this.lostAnswer;
        this.lostAnswer = undefined;
        if (failure !== undefined) throw failure;
      },
      close: async () => {
        if (isOpen) this.writersOpen--;
        isOpen = false;
      },
    };
  }
}

const numberOf = ({ value }: TopicRecord) => (JSON.parse(String(value)) as { n: number }).n;

async function target() {
  const brokers = new Brokers();
  return {
    attributes: { topic: 'out', brokers: 'b1:9092,b2:9092' },
    services: [provide(Topics, brokers)],
    received: async () => brokers.records.map(numberOf),
    goDown: async () => void (brokers.isDown = true),
    comeBack: async () => void (brokers.isDown = false),
    close: async () => expect(brokers.writersOpen).toBe(0),
  };
}

describe('the Kafka connector as a connector', () => {
  for (const { name, run } of connectorConformance(kafka, target, ['goDown'])) it(name, run);
});

const event = rowsEvent(
  'cpu',
  [
    { host: 'a', v: 1 },
    { host: null, v: 2 },
    { host: 'c', v: 3 },
  ],
  {
    keys: ['k1', null, 'k3'],
    times: [1000, 2000, 3000],
    partition: 4,
  },
);

/** What the pipe's own transaction holds afterwards, by topic. */
async function written(attributes: Readonly<Record<string, string>>, sent: Parameters<ReturnType<typeof driverOf>['send']>[0] = event) {
  const driver = driverOf(attributes);
  await driver.send(sent);
  await driver.close();
  return Object.fromEntries(driver.services.topics);
}

function driverOf(attributes: Readonly<Record<string, string>>) {
  return connectorDriver(kafka, { attributes });
}

const textOf = (bytes: Uint8Array | string | null | undefined) => (bytes == null ? null : Buffer.from(bytes as Uint8Array).toString());

describe('a record', () => {
  it('holds the row as JSON, and has key and time of the one it comes from', async () => {
    const { 'copy-of-cpu': records } = await written({ topic: 'copy-of-{stream}' });
    expect(records!.map(({ key, value, timestampMs, partition }) => [textOf(key), value, timestampMs, partition])).toEqual([
      ['k1', '{"host":"a","v":1}', 1000, undefined],
      [null, '{"host":null,"v":2}', 2000, undefined],
      ['k3', '{"host":"c","v":3}', 3000, undefined],
    ]);
  });

  it.each([
    ['host', ['a', null, 'c']],
    ['v', ['1', '2', '3']],
  ])('has the value of the column %s as its key', async (column, keys) => {
    const { out } = await written({ topic: 'out', 'key.column': column });
    expect(out!.map(({ key }) => textOf(key))).toEqual(keys);
  });

  it('has composite values as JSON in its key', async () => {
    const { out } = await written(
      { topic: 'out', 'key.column': 'k' },
      rowsEvent('s', [{ k: [9007199254740993n, 'a'] }, { k: new Map([['x', 1]]) }]),
    );
    expect(out!.map(({ key }) => textOf(key))).toEqual(['["9007199254740993","a"]', '{"x":1}']);
  });

  it('has texts where JSON has no numbers, and every digit beside them', async () => {
    const rows = [
      { f: Number.NaN, g: 1, big: 9007199254740993n },
      { f: Number.NEGATIVE_INFINITY, g: Number.POSITIVE_INFINITY, big: 1n },
      { f: 0.5, g: null, big: 2n },
    ];
    const { out } = await written({ topic: 'out' }, rowsEvent('s', rows));
    expect(out!.map(({ value }) => value)).toEqual([
      '{"f":"nan","g":1,"big":9007199254740993}',
      '{"f":"-inf","g":"inf","big":1}',
      '{"f":0.5,"g":null,"big":2}',
    ]);
  });

  it('fails where there is no such column', async () => {
    await expect(written({ topic: 'out', 'key.column': 'hots' })).rejects.toThrow('hots');
  });

  it('stays in the partition of the one it comes from', async () => {
    const { out } = await written({ topic: 'out', partition: 'source' });
    expect(out!.map(({ partition }) => partition)).toEqual([4, 4, 4]);
  });

  it('names the clusters that it has passed, behind the headers that are given', async () => {
    const { out } = await written({ topic: 'out', headers: 'site=plant 7,formula=a=b' });
    expect(out![0]!.headers!.map(({ key, value }) => [key, textOf(value)])).toEqual([
      ['site', 'plant 7'],
      ['formula', 'a=b'],
      ['millrace.clusters', 'test'],
    ]);
  });
});

it('names of clusters are written so that commas in them separate nothing', async () => {
  const sent: TopicRecord[] = [];
  const transaction = { send: async (_: string, records: readonly TopicRecord[]) => void sent.push(...records), close: async () => {} };
  const context = { pipe: 'p', attempt: 1, clusters: ['a,b', 'Zürich 1'], transaction, signal: new AbortController().signal };
  const driver = driverOf({ topic: 'out' });
  const read = kafka.attributes.read({ topic: 'out' }, 'connector');
  if (!read.ok) throw new Error(read.problems.join());
  const services = driver.services.resolve(kafka.inject!) as never as { topics: Topics; metrics: never };
  const target = await kafka.open({ ...services, attributes: read.values, pipe: 'p', signal: context.signal });
  await kafka.transfer(target, event, context);
  expect(textOf(sent[0]!.headers!.at(-1)!.value)).toBe('a%2Cb,Z%C3%BCrich%201');
});

describe('a deletion', () => {
  it('is a record without value', async () => {
    const { 'copy-of-cpu': records } = await written({ topic: 'copy-of-{stream}' }, deleteEvent('cpu', 'k1', { time: 5000 }));
    expect(records).toMatchObject([{ value: null, timestampMs: 5000 }]);
    expect(textOf(records![0]!.key)).toBe('k1');
    expect(records![0]!.headers!.map(({ key }) => key)).toEqual(['millrace.clusters']);
  });

  it('is left out where that is wanted', async () => {
    expect(await written({ topic: 'out', deletions: 'ignore' }, deleteEvent('cpu', 'k1'))).toEqual({});
  });

  it('without a key is counted, not written', async () => {
    const driver = driverOf({ topic: 'out' });
    await driver.send(deleteEvent('cpu', null));
    expect(driver.services.metrics.get('deletions_without_key')).toBe(1);
    expect(driver.services.topics.size).toBe(0);
  });
});

describe('delivery', () => {
  it("is part of the pipe's transaction in the server's own cluster only", () => {
    const isTransactional = (given: Record<string, string>) => {
      const read = kafka.attributes.read(given, 'connector');
      return read.ok && kafka.isTransactional!(read.values);
    };
    expect(isTransactional({ topic: 'out' })).toBe(true);
    expect(isTransactional({ topic: 'out', brokers: 'b:9092' })).toBe(false);
  });

  it('goes on with another writer where one has failed', async () => {
    const brokers = new Brokers();
    const driver = connectorDriver(kafka, { attributes: { topic: 'out', brokers: 'b:1' }, services: [provide(Topics, brokers)] });
    brokers.lostAnswer = new Error('the producer is fenced');
    await expect(driver.send([{ n: 1 }])).rejects.toThrow('the producer is fenced');
    await driver.send([{ n: 1 }]);
    expect(brokers.records.map(numberOf)).toEqual([1, 1]);
    await driver.close();
    expect([brokers.clusters.length, brokers.writersOpen]).toEqual([2, 0]);
  });

  it('fails the handshake where no broker answers, and names them', async () => {
    const brokers = new Brokers();
    brokers.isDown = true;
    const driver = connectorDriver(kafka, {
      attributes: { topic: 'out', brokers: 'b1:9092,[::1]:9093' },
      services: [provide(Topics, brokers)],
    });
    await expect(driver.open()).rejects.toThrow('no broker of b1:9092, [::1]:9093 answers: ECONNREFUSED');
  });

  it('hands TLS and SASL on, with what stands in the files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kafka-connector-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    for (const name of ['ca', 'cert', 'key']) await writeFile(join(folder, name), `PEM of ${name}`);
    const brokers = new Brokers();
    const attributes = {
      topic: 'out',
      brokers: 'b:1',
      'ssl.enabled': 'true',
      ...Object.fromEntries(['ca', 'cert', 'key'].map((name) => [`ssl.${name}`, join(folder, name)])),
      'ssl.server-name': 'broker',
      'sasl.mechanism': 'SCRAM-SHA-256',
      'sasl.username': 'anna',
      'sasl.password': 'geheim',
    };
    await connectorDriver(kafka, { attributes, services: [provide(Topics, brokers)] }).open();
    expect(brokers.clusters).toEqual([
      {
        brokers: ['b:1'],
        ssl: { ca: 'PEM of ca', cert: 'PEM of cert', key: 'PEM of key', serverName: 'broker' },
        sasl: { mechanism: 'SCRAM-SHA-256', username: 'anna', password: 'geheim' },
      },
    ]);
  });
});

describe('attributes', () => {
  it.each([
    [{}, "'topic' is missing"],
    [{ topic: 'a b' }, "'topic' = 'a b'"],
    [{ topic: 'x-{strem}' }, 'another placeholder than {stream}'],
    [{ topic: 't', brokers: 'b' }, "'brokers' = 'b'"],
    [{ topic: 't', 'ssl.enabled': 'true' }, "are for 'brokers', which is missing"],
    [{ topic: 't', brokers: 'b:1', 'ssl.cert': 'c' }, "'ssl.cert' and 'ssl.key' go together"],
    [{ topic: 't', brokers: 'b:1', 'sasl.mechanism': 'PLAIN', 'sasl.password': 'geheim' }, "needs 'sasl.username'"],
    [{ topic: 't', headers: 'x' }, "'headers' = 'x'"],
  ])('%j are refused', (given, problem) => {
    const read = kafka.attributes.read(given as Record<string, string>, 'connector');
    expect(read.ok ? '' : read.problems.join('; ')).toContain(problem);
    expect(JSON.stringify(read)).not.toContain('geheim');
  });
});
