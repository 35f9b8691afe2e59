import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '@millrace/core';
import { apis, encodeRequest } from '@millrace/kafka-protocol';
import { RawClient } from '../../packages/broker/test/raw-client.ts';
import { root } from '../architecture/workspace.ts';
import { Started } from '../harness/process.ts';
import { form, request } from './messages.ts';
import { mutated } from './mutate.ts';
import type { Target } from './target.ts';

/** What the broker may take of memory, however long it is fuzzed. */
const residentLimitMb = 500;
const answerLimitMs = 20_000;
/** Connections that stand open meanwhile and send next to nothing. */
const idlers = 20;

/** As everybody may use it, or one that asks clients who they are. */
export type BrokerKind = 'broker' | 'guarded';

/**
 * A broker in a process of its own. An input is what one client sends on a connection of its own: requests with their sizes, some
 * of them changed, cut off, or garbage. Another client must be answered afterwards, and nothing may have failed in a way that is
 * not foreseen: the broker logs that as an error.
 */
export class BrokerTarget implements Target {
  readonly name: BrokerKind;
  readonly #directory = mkdtempSync(join(tmpdir(), 'millrace-fuzz-'));
  #broker!: Started;
  #port = 0;
  #idle: Socket[] = [];
  #seen = 0;

  private constructor(name: BrokerKind) {
    this.name = name;
  }

  static async open(kind: BrokerKind): Promise<BrokerTarget> {
    const target = new BrokerTarget(kind);
    await target.start();
    return target;
  }

  /** Starts it on what is in its directory. */
  async start(): Promise<void> {
    const args =
      this.name === 'guarded'
        ? [join(root, 'test/fuzz/guarded-broker.ts'), this.#directory]
        : [join(root, 'packages/broker/src/main.ts'), '--data-dir', this.#directory, '--port', '0', '--partitions', '2'];
    this.#broker = new Started(process.execPath, ['--conditions=source', ...args]);
    const [, port] = await this.#broker.waitFor(/listening on \S+:(\d+)/);
    this.#port = Number(port);
    this.#seen = 0;
  }

  /** Ends it at once and starts it again: what was fuzzed into it must be recoverable. */
  async kill(): Promise<void> {
    this.#letIdlersGo();
    await this.#broker.stop('SIGKILL');
    await this.start();
  }

  make(random: SeededRandom): Buffer {
    const proof = this.name === 'guarded' ? proofs(random) : [];
    const requests = Array.from({ length: 1 + random.below(6) }, () => request(form(random), random));
    const frames = [...proof, ...requests].map((valid, i) => {
      const isKept = i < proof.length ? random.below(2) === 0 : random.below(3) === 0;
      const frame = isKept ? valid : mutated(valid, random, request(form(random), random));
      const size = Buffer.alloc(4);
      size.writeInt32BE(frame.length);
      return Buffer.concat([size, frame]);
    });
    const stream = Buffer.concat(frames);
    switch (random.below(8)) {
      case 0:
        return mutated(stream, random, Buffer.alloc(0));
      case 1:
        return stream.subarray(0, random.below(stream.length));
      default:
        return stream;
    }
  }

  async run(input: Buffer): Promise<void> {
    this.#dawdle(input);
    await this.#send(input);
    await this.#assertAnswers();
    this.#assertNothingFailed();
  }

  get residentMb(): number {
    const status = readFileSync(`/proc/${this.#broker.child.pid}/status`, 'utf8');
    return Number(status.match(/VmRSS:\s+(\d+)/)?.[1] ?? 0) / 1024;
  }

  /** Deletes all topics and groups, so that what is left of memory is what leaks. */
  async clear(): Promise<void> {
    if (this.name === 'guarded') return;
    const client = await RawClient.open(this.#port);
    const { topics } = await inTime(client.request(apis.metadata, 9, { topics: null }));
    await inTime(client.request(apis.deleteTopics, 4, { topicNames: topics.map(({ name }) => name!), timeoutMs: 10_000 }));
    const { groups } = await inTime(client.request(apis.listGroups, 4, { statesFilter: [] }));
    await inTime(client.request(apis.deleteGroups, 2, { groupsNames: groups.map(({ groupId }) => groupId) }));
    client.close();
  }

  async close(): Promise<void> {
    this.#letIdlersGo();
    await this.#broker.stop('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #letIdlersGo(): void {
    for (const socket of this.#idle.splice(0)) socket.destroy();
  }

  /** A client that never comes to the end of its request. */
  #dawdle(input: Buffer): void {
    if (this.#idle.length >= idlers) this.#idle.shift()!.destroy();
    const socket = connect(this.#port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(input.subarray(0, Math.min(7, input.length)));
    for (const other of this.#idle) if (other.writable) other.write(input.subarray(0, 1));
    this.#idle.push(socket);
  }

  /** Resolves when the broker has closed the connection, has answered and has nothing more to say, or is made to wait. */
  #send(input: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(this.#port, '127.0.0.1');
      let timer = setTimeout(() => socket.destroy(), 1000);
      socket.on('data', () => {
        clearTimeout(timer);
        timer = setTimeout(() => socket.destroy(), 50);
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
      // In two parts: a request mostly comes in more than one.
      const middle = input.length === 0 ? 0 : input[input.length >> 1]! % input.length;
      socket.write(input.subarray(0, middle));
      socket.end(input.subarray(middle));
    });
  }

  async #assertAnswers(): Promise<void> {
    const client = await inTime(RawClient.open(this.#port));
    const { errorCode } = await inTime(client.request(apis.apiVersions, 0, {}));
    client.close();
    if (errorCode !== 0) throw new Error(`the broker answers another client with the error ${errorCode}`);
  }

  #assertNothingFailed(): void {
    const { child, output } = this.#broker;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the broker has ended:\n${output.slice(-3000)}`);
    const news = output.slice(this.#seen);
    this.#seen = output.length;
    if (/^error .*a request failed/m.test(news)) throw new Error(`a request failed as none may:\n${news.slice(-3000)}`);
    if (this.residentMb > residentLimitMb) throw new Error(`the broker has ${Math.round(this.residentMb)} MB of memory in use`);
  }
}

/** What a client says to prove who it is: a handshake, then tokens, framed as requests (version 1) or bare (version 0). */
function proofs(random: SeededRandom): Buffer[] {
  const version = random.below(2);
  const header = { correlationId: 1, clientId: 'fuzz' };
  const mechanism = (['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'NONE'] as const)[random.below(4)]!;
  const password = random.below(3) === 0 ? 'wrong' : 'secret';
  const tokens =
    mechanism === 'PLAIN' ? [`\0alice\0${password}`] : ['n,,n=alice,r=fyko+d2lbbFgONRv', 'c=biws,r=fyko+d2lbbFgONRv,p=dHzbZapWIk4='];
  const framed = (token: string) =>
    version === 0
      ? Buffer.from(token)
      : encodeRequest(apis.saslAuthenticate, random.below(3), header, { authBytes: Buffer.from(token) }).subarray(4);
  return [encodeRequest(apis.saslHandshake, version, header, { mechanism }).subarray(4), ...tokens.map(framed)];
}

/** @throws if the broker takes too long. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  const limit = new AbortController();
  try {
    const late = delay(answerLimitMs, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`the broker does not answer another client within ${answerLimitMs} ms`);
    });
    return await Promise.race([answer, late]);
  } finally {
    limit.abort();
  }
}
