import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@millrace/core';
import { createAdmin, KafkaClient, openProducer } from '@millrace/kafka-client';
import { encodeBatch } from '@millrace/kafka-protocol';
import { createServer, loadConfiguration } from '@millrace/server';
import { expect } from 'vitest';
import { LiveQuery } from '../harness/live-query.ts';
import { SkewedClock } from '../harness/skewed-clock.ts';

/** A server in this process that is treated badly, with a witness: a stream with acknowledged rows, and a query that follows it. */
export class FaultServer {
  readonly url: string;
  readonly brokers: readonly string[];
  readonly clock: SkewedClock;
  /** What it has logged. */
  readonly log: readonly string[];
  readonly #close: () => Promise<void>;
  readonly #witnessed: string[] = [];
  #witness: LiveQuery | undefined;

  static async open(flags: Readonly<Record<string, unknown>> = {}): Promise<FaultServer> {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-fault-'));
    const clock = new SkewedClock();
    const log: string[] = [];
    const keep = (_fields: unknown, message: string) => void log.push(message);
    const logger: Logger = { debug() {}, info: keep, warn: keep, error: keep, child: () => logger };
    const configuration = loadConfiguration({
      workingDirectory: directory,
      flags: { data_dir: directory, 'http.port': 0, 'broker.port': 0, timezone: 'UTC', ...flags },
    });
    const server = await createServer(configuration, { clock, logger, engine: { inProcess: true } });
    const close = async () => {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    };
    const opened = new FaultServer(server.url, server.brokers, clock, log, close);
    await opened.run("CREATE STREAM witness (n int32, at datetime64(3)) SETTINGS event_time_column = 'at'");
    opened.#witness = await opened.open('SELECT n FROM witness');
    await opened.isIntact();
    return opened;
  }

  private constructor(url: string, brokers: readonly string[], clock: SkewedClock, log: readonly string[], close: () => Promise<void>) {
    this.url = url;
    this.brokers = brokers;
    this.clock = clock;
    this.log = log;
    this.#close = close;
  }

  /** Sends statements; gives the answer, whatever it is. */
  async say(sql: string, parameters: Readonly<Record<string, string>> = {}, headers: Readonly<Record<string, string>> = {}) {
    const url = new URL(this.url);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return (await fetch(url, { method: 'POST', body: sql, headers })).text();
  }

  /** Runs statements that must succeed. */
  async run(sql: string): Promise<string[]> {
    const text = await this.say(sql);
    if (text.includes('DB::Exception')) throw new Error(text);
    return text === '' ? [] : text.trimEnd().split('\n');
  }

  open(sql: string, settings: Readonly<Record<string, string>> = {}): Promise<LiveQuery> {
    return LiveQuery.open(this.url, sql, settings);
  }

  /** Writes record values past the server, as any Kafka client may. */
  async produce(topic: string, values: readonly string[], key: string | null = null): Promise<void> {
    const client = new KafkaClient({ brokers: this.brokers, clientId: 'fault' });
    const producer = openProducer(client);
    const record = (value: string) => ({ timestampMs: Date.now(), key: key === null ? null : Buffer.from(key), value: Buffer.from(value) });
    await producer.sendBatch(topic, 0, encodeBatch(values.map(record)));
    await producer.close();
    await client.close();
  }

  /** Deletes a topic past the server. */
  async deleteTopic(topic: string): Promise<void> {
    const admin = createAdmin({ brokers: this.brokers, clientId: 'fault' });
    await admin.deleteTopic(topic);
    await admin.close();
  }

  /** Every acknowledged row is there once and in order, a new one can be written, and the query that follows sees it. */
  async isIntact(): Promise<void> {
    expect(await this.run('SELECT n FROM table(witness)')).toEqual(this.#witnessed);
    await this.run(`INSERT INTO witness VALUES (${this.#witnessed.length}, '2026-01-01 00:00:00')`);
    this.#witnessed.push(String(this.#witnessed.length));
    await this.#witness!.waitForRows(this.#witnessed.length, 10_000);
    expect(this.#witness!.takeRows()).toEqual(this.#witnessed.slice(-1));
  }

  async close(): Promise<void> {
    await this.#close();
    await this.#witness?.ended();
  }
}
