import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaClient, openProducer } from '@millrace/kafka-client';
import { encodeBatch } from '@millrace/kafka-protocol';
import { createServer, loadConfiguration } from '@millrace/server';
import { execute } from './execute.ts';
import { LiveQuery } from './live-query.ts';
import { SkewedClock } from './skewed-clock.ts';

/** How far a running query has come, as EXPLAIN LIVE tells it. */
export interface QueryProgress {
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rowsLate: number;
  readonly rowsUndecodable: number;
  readonly partitions: readonly { readonly topic: string; readonly partition: number; readonly nextOffset: number }[];
}

/** A server in this process, on free ports and a directory of its own, whose clock can be moved. */
export interface TestServer {
  readonly url: string;
  readonly brokers: readonly string[];
  /** Runs statements; the answer of the last as tab-separated rows. @throws Error with the text of the server's error. */
  execute(sql: string): Promise<string[]>;
  openQuery(sql: string, settings?: Readonly<Record<string, string>>): Promise<LiveQuery>;
  /** Null if no such query runs (any more). */
  progress(queryId: string): Promise<QueryProgress | null>;
  topicOf(stream: string): Promise<string>;
  /** Writes record values as one batch. @returns the end of the partition behind it. */
  produce(topic: string, partition: number, values: readonly string[]): Promise<number>;
  /** Moves the clock of the server and its queries. */
  advance(ms: number): void;
  close(): Promise<void>;
}

/**
 * Opens a server on these brokers, or on those that `KAFKA_BROKERS` names, or else with an embedded one; closing it drops its pipes and streams.
 * @param brokers empty = an embedded broker in any case
 * @param given configuration keys beside those that tests need
 */
export async function openTestServer(
  brokers = process.env['KAFKA_BROKERS'],
  given: Readonly<Record<string, unknown>> = {},
): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const clock = new SkewedClock();
  const flags = {
    data_dir: directory,
    'http.port': 0,
    'broker.port': 0,
    timezone: 'UTC',
    ...(brokers && { 'kafka.brokers': brokers }),
    ...given,
  };
  const server = await createServer(loadConfiguration({ workingDirectory: directory, flags }), { clock, engine: { inProcess: true } });
  const kafka = new KafkaClient({ brokers: server.brokers, clientId: 'test' });
  const producer = openProducer(kafka);

  const run = (sql: string) => execute(server.url, sql);

  return {
    url: server.url,
    brokers: server.brokers,
    execute: run,
    openQuery: (sql, settings) => LiveQuery.open(server.url, sql, settings),
    progress: async (queryId) => {
      const lines = await run(`EXPLAIN LIVE '${queryId}'`).catch(() => []);
      return lines.length === 0 ? null : parseProgress(lines.join('\n'));
    },
    topicOf: async (stream) => {
      const [text] = await run(`SHOW CREATE STREAM ${stream}`);
      return text!.match(/topic\s*=\s*\\?'([^'\\]+)/)?.[1] ?? stream;
    },
    produce: async (topic, partition, values) => {
      const timestampMs = Date.now();
      const batch = encodeBatch(values.map((value) => ({ timestampMs, value: Buffer.from(value) })));
      const { baseOffset } = await producer.sendBatch(topic, partition, batch);
      return baseOffset + values.length;
    },
    advance: (ms) => clock.advance(ms),
    close: async () => {
      for (const row of await run('SHOW PIPES')) await run(`DROP PIPE \`${row.split('\t')[0]}\``);
      await dropMaterializedViews(run);
      for (const view of (await run('SHOW VIEWS')).reverse()) await run(`DROP VIEW \`${view}\``);
      for (const stream of await run('SHOW STREAMS')) await run(`DROP STREAM \`${stream}\``);
      await producer.close();
      await kafka.close();
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Those that others read are refused until the others are gone. */
async function dropMaterializedViews(run: TestServer['execute']): Promise<void> {
  const names = async () => (await run('SHOW MATERIALIZED VIEWS')).map((row) => row.split('\t')[0]!);
  for (let left = await names(), before = Number.POSITIVE_INFINITY; left.length > 0 && left.length < before; ) {
    before = left.length;
    for (const name of left) await run(`DROP VIEW \`${name}\``).catch(() => {});
    left = await names();
  }
}

function parseProgress(text: string): QueryProgress {
  const figure = (name: string) => Number(text.match(new RegExp(`^state=.*\\b${name}=(\\d+)`, 'm'))?.[1]);
  const partitions = [...text.matchAll(/partition (\S+)\/(\d+): offset=(\d+)/g)];
  return {
    rowsIn: figure('in'),
    rowsOut: figure('out'),
    rowsLate: figure('late'),
    rowsUndecodable: figure('undecodable'),
    partitions: partitions.map(([, topic, partition, offset]) => ({
      topic: topic!,
      partition: Number(partition),
      nextOffset: Number(offset),
    })),
  };
}
