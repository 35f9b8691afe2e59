import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '@millrace/core';
import { Coordinator, createAdmin, KafkaClient, openReader, openTransactionalProducer } from '@millrace/kafka-client';
import { apis, decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../architecture/workspace.ts';
import { freePort, hasCommand, Started } from '../harness/process.ts';

/**
 * A process copies a topic in transactions that carry its offsets, and is killed at random moments: mostly within a transaction,
 * sometimes while it commits, sometimes while it starts, and sometimes it is only stopped and wakes up beside its successor.
 * What is then read with read_committed must be the source, each record once and in order.
 * On the broker that `KAFKA_BROKERS` names, else on an embedded one in a process of its own.
 */
const isLong = process.env['MILLRACE_TEST_LONG'] !== undefined;
const recordCount = isLong ? 1_000_000 : 60_000;
const killCount = isLong ? 50 : 8;
const seed = Number(process.env['MILLRACE_TEST_SEED'] ?? 20_260_301);
const partitionCount = 4;
const random = new SeededRandom(seed);
const run = createHash('sha256').update(`${seed} ${Date.now()} ${process.pid}`).digest('hex').slice(0, 8);
const [source, target, group] = [`source-${run}`, `target-${run}`, `copy-${run}`];

const folder = mkdtempSync(join(tmpdir(), 'millrace-copy-'));
/** Every process that was started: also a stopped one must not outlive the test. */
const processes: Started[] = [];
let brokers: string;
let client: KafkaClient;

beforeAll(async () => {
  const port = await freePort();
  brokers = process.env['KAFKA_BROKERS'] ?? `127.0.0.1:${port}`;
  if (process.env['KAFKA_BROKERS'] === undefined) {
    await started('packages/broker/src/main.ts', ['--data-dir', folder, '--port', String(port)]).waitFor(/listening on/);
  }
  client = new KafkaClient({ brokers: brokers.split(','), clientId: 'test' });
  const admin = createAdmin({ brokers: brokers.split(','), clientId: 'test' });
  for (const topic of [source, target]) await admin.createTopic({ topic, partitions: partitionCount, replicationFactor: 1 });
  await admin.close();
});
afterAll(async () => {
  await client?.close();
  await Promise.all(processes.map((one) => one.stop('SIGKILL')));
  rmSync(folder, { recursive: true, force: true });
});

function started(main: string, args: readonly string[]): Started {
  const one = new Started(process.execPath, ['--conditions=source', join(root, main), ...args]);
  processes.push(one);
  return one;
}

/** The number of a record; -1 of one that is never committed. */
const numberOf = (value: string): number => (/^rec-/i.test(value) ? Number(value.slice(4)) : -1);

/** Writes numbered records, with aborted transactions among them. @returns the numbers of each partition, in order. */
async function fill(): Promise<number[][]> {
  const producer = await openTransactionalProducer(client, { transactionalId: `fill-${run}`, lingerMs: 5 });
  const written: number[][] = Array.from({ length: partitionCount }, () => []);
  for (let next = 0; next < recordCount; ) {
    producer.begin();
    for (let i = 0; i < 100; i++) await producer.append(source, random.below(partitionCount), 1, null, Buffer.from('aborted'));
    await producer.abort();
    producer.begin();
    for (const end = Math.min(recordCount, next + 20_000); next < end; next++) {
      const partition = random.below(partitionCount);
      written[partition]!.push(next);
      await producer.append(source, partition, 1_700_000_000_000 + next, Buffer.from(`k${next % 100}`), Buffer.from(`rec-${next}`));
    }
    await producer.commit();
  }
  await producer.close();
  return written;
}

/** The numbers of the target's records by partition, as our own reader sees them. */
async function readTarget(): Promise<number[][]> {
  const reader = openReader(client, { isolation: 'read_committed' });
  const read: number[][] = Array.from({ length: partitionCount }, () => []);
  reader.assign(read.map((_, partition) => ({ topic: target, partition, offset: 0 })));
  const open = new Set(read.keys());
  const spans = new RecordSpans();
  while (open.size > 0) {
    for (const fetched of await reader.next()) {
      const { partition, bytes, batches, fromOffset, nextOffset, highWatermark } = fetched;
      for (let at = 0; at < batches.length; at += 2) {
        spans.clear();
        decodeRecords(bytes, batches[at]!, batches[at + 1]!, spans, { fromOffset });
        for (let row = 0; row < spans.count; row++) read[partition]!.push(numberOf(spans.value(row)!.toString()));
      }
      if (nextOffset >= highWatermark) open.delete(partition);
      reader.release(fetched);
    }
  }
  await reader.close();
  return read;
}

/** The same as librdkafka sees it, which shares nothing with ours. */
function readTargetByKcat(): number[][] {
  return Array.from({ length: partitionCount }, (_, partition) => {
    const args = ['-C', '-b', brokers, '-t', target, '-p', String(partition), '-o', 'beginning', '-e', '-q'];
    const { stdout } = spawnSync('kcat', [...args, '-X', 'isolation.level=read_committed'], { encoding: 'utf8', maxBuffer: 1 << 28 });
    return stdout.split('\n').slice(0, -1).map(numberOf);
  });
}

/** Where the group stands, and whether its copier has a transaction open, as the coordinators tell. */
async function stateOf(): Promise<string> {
  const { transactionStates } = await new Coordinator(client, group, { kind: 'transaction' }).call((connection) =>
    connection.request(apis.describeTransactions, { transactionalIds: [group] }),
  );
  return transactionStates[0]!.transactionState;
}

/** Exit codes of the copier. */
const finished = 0;
const takenOver = 3;

type Moment = 'open' | 'committing' | 'starting' | 'stopped';

/** One life of the copier after the other. */
class Lives {
  kills = 0;
  killsWhileOpen = 0;
  #stopped: Started | undefined;
  /** Stopped ones that woke up beside their successor. */
  readonly #zombies: Started[] = [];
  readonly #end: number;

  constructor(end: number) {
    this.#end = end;
  }

  get zombies(): number {
    return this.#zombies.length;
  }

  async live(): Promise<void> {
    while (this.kills < killCount) await this.#one();
    const last = this.#start();
    await last.waitFor(/^from/m);
    this.#wakeZombie();
    await expectExit(last, finished);
    for (const zombie of this.#zombies) await expectExit(zombie, takenOver);
  }

  #start(): Started {
    // A static member is back at once; a dynamic one has to wait until its predecessor's session is over.
    const instanceId = random.below(6) === 0 ? '' : 'copier';
    const args = [brokers, source, target, group, instanceId, String(random.uint32())];
    return started('test/recovery/exactly-once-copier.ts', args);
  }

  async #one(): Promise<void> {
    const moment = this.#moment();
    const copier = this.#start();
    if (moment === 'starting') {
      await delay(random.below(700));
    } else {
      const [, from] = await copier.waitFor(/^from (\d+)$/m);
      this.#wakeZombie();
      const share = (this.#end - Number(from)) / (killCount - this.kills + 1);
      const word = moment === 'committing' ? 'committing' : 'at';
      await untilAt(copier, word, Number(from) + Math.floor(share * random.float()));
      // Up to the time of a few requests later, in which it goes on.
      if (random.below(2) === 0) await delay(random.below(8));
    }
    if (moment === 'stopped') {
      copier.child.kill('SIGSTOP');
      this.#stopped = copier;
    } else await copier.stop('SIGKILL');
    this.kills++;
    // One that was only starting may not have ended what its predecessor left open: that is not its own.
    if (moment !== 'starting' && (await stateOf()) === 'Ongoing') this.killsWhileOpen++;
  }

  #moment(): Moment {
    const dice = random.below(20);
    if (dice < 13) return 'open';
    if (dice < 16) return 'committing';
    return dice < 18 ? 'starting' : 'stopped';
  }

  /** Wakes the stopped one, now that its successor is at work: it must see that it was replaced. */
  #wakeZombie(): void {
    this.#stopped?.child.kill('SIGCONT');
    if (this.#stopped !== undefined) this.#zombies.push(this.#stopped);
    this.#stopped = undefined;
  }
}

async function expectExit(copier: Started, expected: number): Promise<void> {
  const { code, signal } = await copier.exited;
  expect(code ?? signal, copier.output.slice(-1_000)).toBe(expected);
}

/** Resolves once the copier says this word with at least this sum of offsets. @throws if it ends before. */
async function untilAt(copier: Started, word: string, least: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<true>();
  let rest = '';
  const onData = (data: Buffer) => {
    const lines = `${rest}${data}`.split('\n');
    rest = lines.pop()!;
    const said = lines.map((line) => line.split(' ')).some(([what, sum]) => what === word && Number(sum) >= least);
    if (said) resolve(true);
  };
  copier.child.stdout!.on('data', onData);
  const isReached = await Promise.race([promise, copier.exited]);
  copier.child.stdout!.off('data', onData);
  if (isReached !== true) throw new Error(`the copier ended before it was at ${least}:\n${copier.output.slice(-1_000)}`);
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a copy in transactions whose process is killed', () => {
  it(
    'is the source, each record once and in order',
    async () => {
      const written = await fill();
      const end = written.reduce((sum, { length }) => sum + length, 0);
      const startMs = performance.now();
      const lives = new Lives(end);
      await lives.live();
      const seconds = (performance.now() - startMs) / 1000;
      const read = await readTarget();
      const all = read.flat();
      const distinct = new Set(all);
      const { kills, killsWhileOpen, zombies } = lives;
      const figures = {
        records: recordCount,
        kills,
        killsWhileOpen,
        zombies,
        duplicates: all.length - distinct.size,
        missing: recordCount - distinct.size,
      };
      console.log(`exactly-once copy: ${JSON.stringify({ ...figures, seconds: Number(seconds.toFixed(1)), seed })}`);
      expect(figures).toMatchObject({ kills: killCount, duplicates: 0, missing: 0 });
      const expected = written.map((_, partition) => written[(partition + partitionCount - 1) % partitionCount]!);
      expect(read.map(digest)).toEqual(expected.map(digest));
      expect(killsWhileOpen).toBeGreaterThanOrEqual(isLong ? killCount / 2 : 1);
      if (hasCommand('kcat')) expect(readTargetByKcat().map(digest)).toEqual(expected.map(digest));
    },
    isLong ? 1_800_000 : 120_000,
  );
});

const digest = (numbers: readonly number[]) => createHash('sha256').update(numbers.join()).digest('hex');
