import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { createAdmin, KafkaClient, openProducer, type Producer } from '@millrace/kafka-client';
import { PipeEngine, type PipeRequest, type StageRequest } from '@millrace/pipes';
import type { StageKind } from '@millrace/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestBroker } from '../harness/broker.ts';
import type { Deed, Told } from './thread-stages.ts';

let broker: Awaited<ReturnType<typeof openTestBroker>>;
let client: KafkaClient;
let producer: Producer;
let engine: PipeEngine;
let ports: MessagePort[];
let told: Told[];
let onTold: () => void;
let runs = 0;
let topic: string;

beforeAll(async () => {
  broker = await openTestBroker();
  client = new KafkaClient({ brokers: broker.brokers.split(','), clientId: 'test' });
  producer = openProducer(client);
});
afterAll(async () => {
  await producer.close();
  await client.close();
  await broker.close();
});
beforeEach(async () => {
  topic = `threads-${process.pid}-${runs++}`;
  const admin = createAdmin({ brokers: broker.brokers.split(','), clientId: 'test' });
  await admin.createTopic({ topic, partitions: 1 });
  await admin.close();
  [ports, told, onTold] = [[], [], () => {}];
  engine = new PipeEngine({ plugins: { stages: undefined as never, connect } });
  return () => engine.close();
});

function connect() {
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (message: Told) => {
    told.push(message);
    onTold();
  });
  port1.unref();
  ports.push(port1);
  return { module: new URL('./thread-stages.ts', import.meta.url).href, port: port2 };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo())
    await new Promise<void>((resolve) => {
      onTold = resolve;
    });
}

async function write(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await producer.append(topic, 0, Date.now(), null, Buffer.from('{"v":1}'));
  await producer.flush();
}

function request(name: string, attributes: Readonly<Record<string, string>> = {}): PipeRequest {
  const pipe = `${topic}-${name}`;
  const stage = (kind: StageKind): StageRequest => {
    const plugin = { name: `fake-${kind}`, kind, module: 'fake', exportName: 'default', origin: 'fake', isBuiltIn: true };
    return { pipe, kind, plugin, attributes: kind === 'connector' ? attributes : {} };
  };
  return {
    pipe,
    groupId: `millrace.pipe.${pipe}`,
    instanceId: 'test',
    deployment: 'here',
    timezone: 'UTC',
    brokers: broker.brokers.split(','),
    extractor: stage('extractor'),
    processor: stage('processor'),
    connector: stage('connector'),
    selection: { pattern: 'root', history: { startMs: -8.64e15, endMs: 8.64e15 }, realtime: true, forwardsPipeRecords: false },
    boundaries: {},
    streams: [
      {
        name: 's',
        columns: [{ name: 'v', type: { kind: 'int32' }, default: null, comment: null }],
        primaryKey: [],
        settings: {},
        eventTimeColumn: null,
        topic,
        createdTopic: true,
        topicId: null,
        partitions: 1,
        dataFormat: 'JSONEachRow',
        comment: null,
        createdAtMs: 0,
      },
    ],
    onError: 'stop',
    deadLetterTopic: `millrace.dlq.pipe.${pipe}`,
    stateTopic: `millrace.pipe.${pipe}.state`,
    commitIntervalMs: 20,
  };
}

const deliveredBy = (pipe: string) => told.flatMap((one) => (one.kind === 'delivered' && one.pipe === pipe ? one.offsets : []));
const threadsOf = () => new Map(told.flatMap((one) => (one.kind === 'opened' ? [[one.pipe, one.threadId] as const] : [])));

describe('the threads of pipes', () => {
  it('go on in another when one dies, from what is committed', async () => {
    await write(3);
    const of = request('a');
    const pipe = engine.start(of);
    await until(() => deliveredBy(of.pipe).length >= 3);
    await expect.poll(async () => (await pipe.statistics()).remainingEvents).toBe(0);
    ports[0]!.postMessage('die' satisfies Deed);
    await write(2);
    await until(() => new Set(deliveredBy(of.pipe)).size === 5);
    expect(new Set(told.flatMap((one) => (one.kind === 'opened' ? [one.threadId] : []))).size).toBe(2);
    expect(deliveredBy(of.pipe)).toEqual([0, 1, 2, 3, 4]);
    await pipe.stop();
    await expect(pipe.done).resolves.toBeUndefined();
  });

  it('do not die of a rejected promise that is left to nobody', async () => {
    const of = request('a');
    const pipe = engine.start(of);
    await write(1);
    await until(() => deliveredBy(of.pipe).length >= 1);
    ports[0]!.postMessage('reject' satisfies Deed);
    await write(1);
    await until(() => deliveredBy(of.pipe).length >= 2);
    await pipe.stop();
    expect(deliveredBy(of.pipe)).toEqual([0, 1]);
    expect(told.filter(({ kind }) => kind === 'opened')).toHaveLength(1);
  });

  it('are not waited for by a pipe that is stopped when its own has died', async () => {
    const of = request('a');
    const pipe = engine.start(of);
    await pipe.ready;
    ports[0]!.postMessage('die' satisfies Deed);
    await expect.poll(async () => (await pipe.statistics()).state).toBe('waiting');
    await pipe.stop();
    expect(engine.pipes.size).toBe(0);
  });

  it('are few, and pipes with equal connectors share one', async () => {
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) engine.start(request(name, name < 'c' ? { url: 'x', more: 'y' } : { more: name }));
    await Promise.all([...engine.pipes.values()].map(({ ready }) => ready));
    const threads = threadsOf();
    expect(threads.get(`${topic}-a`)).toBe(threads.get(`${topic}-b`));
    expect(ports.length).toBeLessThanOrEqual(Math.max(1, Math.min(5, Math.floor(availableParallelism() / 2))));
    expect(threads.size).toBe(4);
  });

  it('let their pipes commit when the engine closes', async () => {
    await write(2);
    const of = request('a');
    engine.start(of);
    await until(() => deliveredBy(of.pipe).length === 2);
    await engine.close();
    const admin = createAdmin({ brokers: broker.brokers.split(','), clientId: 'test' });
    expect(await admin.groupOffsets(of.groupId, [topic])).toEqual([{ topic, partition: 0, offset: 2 }]);
    await admin.close();
    expect(engine.pipes.size).toBe(0);
  });
});
