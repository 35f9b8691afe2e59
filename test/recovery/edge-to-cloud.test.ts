import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay, systemClock } from '@millrace/core';
import { KafkaClient, openProducer } from '@millrace/kafka-client';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Detour } from '../harness/detour.ts';
import { LiveQuery } from '../harness/live-query.ts';
import { freePort } from '../harness/process.ts';
import { ServerProcess } from '../harness/server-process.ts';

/**
 * A server at the edge sends the errors of an access log into a stream that a server in the cloud reads, over a way that is cut
 * now and then. On Apache Kafka the broker is in the cloud, and the edge is cut off from it; else it is the edge's embedded one,
 * from which both are cut off.
 */
const run = `e${process.pid}x${Date.now() % 100_000}`;
const folder = mkdtempSync(join(tmpdir(), 'millrace-edge-'));
const apacheKafka = process.env['KAFKA_BROKERS'];
/** `<port that leads past>:<port that it is to be found at>`: a listener of Apache Kafka for those who come by a detour. */
const apacheDetour = process.env['KAFKA_DETOUR'];
const [local, inCloud] = [`local_${run}`, `errors_${run}`];
const columns = '(id int64, path string, http_code int32)';
const codes = [200, 404, 304, 500, 200];
const lastCode = 599;

let way: Detour;
let edge: ServerProcess;
/** The detour to its own broker, where it has one. */
let edgeEnv: NodeJS.ProcessEnv = {};
let cloud: ServerProcess;
let client: KafkaClient;
/** Of the broker itself, or, where it is cut off from all, by the detour. */
let brokers: string;

beforeAll(async () => {
  await openWay();
  cloud = new ServerProcess(join(folder, 'cloud'), ['--brokers', brokers]);
  await Promise.all([edge.start(edgeEnv), cloud.start()]);
  client = new KafkaClient({ brokers: brokers.split(','), clientId: 'test' });
});
afterAll(async () => {
  await client?.close();
  await Promise.all([edge?.stop('SIGKILL'), cloud?.stop('SIGKILL')]);
  await way?.cut();
  rmSync(folder, { recursive: true, force: true });
});

async function openWay(): Promise<void> {
  const [target, port] = apacheDetour?.split(':').map(Number) ?? [await freePort(), await freePort()];
  way = new Detour(port!, target!);
  await way.open();
  const address = `127.0.0.1:${port}`;
  const directory = join(folder, 'edge');
  brokers = apacheKafka ?? address;
  if (apacheKafka === undefined) edgeEnv = { MILLRACE_BROKER_ADVERTISED_PORT: String(port) };
  edge = new ServerProcess(directory, apacheKafka === undefined ? ['--broker-port', String(target)] : ['--brokers', address]);
}

/** Writes lines of an access log until told to stop. */
class AccessLog {
  readonly #producer = openProducer(client, { lingerMs: 5, deliveryTimeoutMs: 120_000 });
  readonly errors: { readonly id: number; readonly code: number }[] = [];
  #isStopped = false;
  #count = 0;

  async run(): Promise<void> {
    for (; !this.#isStopped; await delay(systemClock, 10))
      for (let i = 0; i < 20; i++) await this.#write(codes[this.#count % codes.length]!);
  }

  /** The last line is an error that no other is. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#write(lastCode);
    await this.#producer.close();
  }

  async #write(code: number): Promise<void> {
    const id = this.#count++;
    if (code >= 400) this.errors.push({ id, code });
    await this.#producer.append(local, 0, Date.now(), null, Buffer.from(JSON.stringify({ id, path: `/${id}`, http_code: code })));
  }
}

/** What another client reads of the stream in the cloud, up to the last line. */
async function committedIds(): Promise<number[]> {
  const kafka = new Kafka({ brokers: brokers.split(','), clientId: 'test', logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `reader-${run}`, readUncommitted: false });
  const ids: number[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: inCloud, fromBeginning: true });
    await new Promise<void>((resolve) => {
      const eachMessage = async ({ message }: { readonly message: { readonly value: Buffer | null } }) => {
        const { id, http_code: code } = JSON.parse(String(message.value)) as { id: number; http_code: number };
        ids.push(id);
        if (code === lastCode) resolve();
      };
      void consumer.run({ eachMessage });
    });
    return ids;
  } finally {
    await consumer.disconnect();
  }
}

describe('a view from the edge to the cloud', () => {
  it.skipIf(apacheKafka !== undefined && apacheDetour === undefined)(
    'loses and doubles nothing, though the broker is cut off, the view paused and continued, and its server killed',
    async () => {
      const create = `CREATE STREAM ${inCloud} ${columns}`;
      await edge.execute(`CREATE STREAM ${local} ${columns}`);
      await edge.execute(create);
      await cloud.execute(`${create} SETTINGS topic = '${inCloud}'`);
      await edge.execute(`CREATE MATERIALIZED VIEW edge_to_cloud INTO ${inCloud} AS SELECT * FROM ${local} WHERE http_code >= 400`);
      await cloud.execute(
        `CREATE MATERIALIZED VIEW by_code_${run} AS SELECT http_code, count() AS n, sum(id) AS s FROM ${inCloud} GROUP BY http_code EMIT ON UPDATE`,
      );
      const live = await LiveQuery.open(cloud.url, `SELECT id FROM ${inCloud}`);
      const seen: number[] = [];
      const untilMoreIsSeen = async () => {
        seen.push(...live.takeRows().map(Number));
        await live.waitForRows(seen.length + 100);
        expect(live.isOver).toBe(false);
      };

      const log = new AccessLog();
      const writing = log.run();
      await untilMoreIsSeen();

      way.silence();
      const cutMs = performance.now();
      await edge.execute('SYSTEM PAUSE MATERIALIZED VIEW edge_to_cloud');
      const pauseMs = Math.round(performance.now() - cutMs);
      expect(pauseMs).toBeLessThan(20_000);
      await edge.stop('SIGKILL');
      await edge.start(edgeEnv);
      expect((await edge.execute('SHOW MATERIALIZED VIEWS'))[0]).toMatch(/^edge_to_cloud\tpaused\t/);
      await way.open();
      await edge.execute('SYSTEM UNPAUSE MATERIALIZED VIEW edge_to_cloud');
      await untilMoreIsSeen();

      await edge.stop('SIGKILL');
      await edge.start(edgeEnv);
      await untilMoreIsSeen();

      // This time nobody looks after it.
      await way.cut();
      await edge.stop('SIGKILL');
      const starting = edge.start(edgeEnv);
      await way.open();
      await starting;
      await untilMoreIsSeen();

      await log.stop();
      await writing;
      await edge.execute('FLUSH');
      await cloud.execute('FLUSH');
      const errors = log.errors.map(({ id }) => id);
      await live.waitForRows(errors.length);
      expect([...seen, ...live.takeRows().map(Number)]).toEqual(errors);
      await live.close();
      expect(await committedIds()).toEqual(errors);
      const counts = await cloud.execute(`SELECT max(n), max(s) FROM table(by_code_${run}) GROUP BY http_code ORDER BY http_code`);
      const idsOf = (code: number) => log.errors.filter((error) => error.code === code).map(({ id }) => id);
      expect(counts).toEqual([404, 500, lastCode].map(idsOf).map((ids) => `${ids.length}\t${ids.reduce((sum, id) => sum + id, 0)}`));
      console.log(`${errors.length} rows; paused within ${pauseMs} ms while the broker was cut off`);

      await cloud.execute(`DROP VIEW by_code_${run}`);
      await cloud.execute(`DROP STREAM ${inCloud}`);
      for (const what of ['VIEW edge_to_cloud', `STREAM ${inCloud}`, `STREAM ${local}`]) await edge.execute(`DROP ${what}`);
    },
    240_000,
  );
});
