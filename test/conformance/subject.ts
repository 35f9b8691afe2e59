import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker } from '@millrace/broker';
import { type Api, apis, type EncodableRequest, errorOf, type ResponseOf } from '@millrace/kafka-protocol';
import { afterAll, beforeAll } from 'vitest';
import { RawClient } from '../../packages/broker/test/raw-client.ts';

/** True if the broker under test is Apache Kafka 3, which lacks what came with 4. */
export const isKafka3 = process.env['KAFKA_BROKERS'] !== undefined && process.env['MILLRACE_KAFKA_VERSION']?.startsWith('3.') === true;

/** The name of an error code. */
export const errorName = (code: number): string => errorOf(code).name;

/** A name that no other test uses. */
export const fresh = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`;

/** Repeats until the answer is accepted: what a cluster does in its own time. The broker is asked, not the clock. */
export async function until<T>(ask: () => Promise<T>, isAccepted: (answer: T) => boolean, withinMs = 20_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isAccepted(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`in ${withinMs} ms there was no other answer than ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The broker that the tests of a file are about: that of `KAFKA_BROKERS`, or an embedded one in this process. */
export class Subject {
  host = '';
  port = 0;
  /** A connection for requests that are answered at once. */
  client!: RawClient;
  #clients: RawClient[] = [];
  #close = async () => {};

  /** Starts with the first test of the file and ends with its last. */
  static inThisFile(): Subject {
    const subject = new Subject();
    beforeAll(() => subject.open());
    afterAll(() => subject.close());
    return subject;
  }

  async open(): Promise<void> {
    const given = process.env['KAFKA_BROKERS']?.split(',')[0];
    const address = given ?? (await this.#openEmbedded());
    this.host = address.slice(0, address.lastIndexOf(':'));
    this.port = Number(address.slice(address.lastIndexOf(':') + 1));
    this.client = await this.connect();
    await this.#untilCoordinating();
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#close();
  }

  /** A connection of its own, for requests that wait: a connection answers one after the other. */
  async connect(): Promise<RawClient> {
    const client = await RawClient.open(this.port);
    this.#clients.push(client);
    return client;
  }

  /** On the shared connection, or a new one if the broker closed it. */
  async request<A extends Api>(api: A, version: number, body: EncodableRequest<A>): Promise<ResponseOf<A>> {
    if (this.client.isClosed) this.client = await this.connect();
    return this.client.request(api, version, body);
  }

  async #openEmbedded(): Promise<string> {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'millrace-conformance-'));
    const broker = new Broker({ dataDirectory, port: 0, autoCreateTopics: false, retentionCheckMs: 200, compactionCheckMs: 200 });
    await broker.open();
    this.#close = async () => {
      await broker.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    };
    return broker.address;
  }

  /** Apache Kafka makes the topics of its coordinators when they are first asked for. */
  async #untilCoordinating(): Promise<void> {
    const keys = Array.from({ length: 12 }, (_, i) => `warm-up-${i}`);
    for (const keyType of [0, 1]) {
      const find = () => this.request(apis.findCoordinator, 4, { keyType, coordinatorKeys: keys });
      await until(find, ({ coordinators }) => coordinators.every(({ errorCode }) => errorCode === 0), 60_000);
    }
    const isReady = ({ errorCode }: { errorCode: number }) => ![14, 15, 16].includes(errorCode);
    const describe = () => this.request(apis.describeGroups, 5, { groups: keys, includeAuthorizedOperations: false });
    await until(describe, ({ groups }) => groups.every(isReady), 60_000);
    const list = () => this.request(apis.describeTransactions, 0, { transactionalIds: keys });
    await until(list, ({ transactionStates }) => transactionStates.every(isReady), 60_000);
  }
}
