import { type MillraceError, SeededRandom, silentLogger } from '@millrace/core';
import { columnOf } from '@millrace/data';
import { takeRows } from '@millrace/runtime';
import type { Json } from '@millrace/sdk';
import { FakeCluster } from '../../../runtime/test/view/simulation/fake-cluster.ts';
import { FakeSharedGroup } from '../../../runtime/test/view/simulation/fake-shared-group.ts';
import { Timeline } from '../../../runtime/test/view/simulation/timeline.ts';
import type { EventBatch } from '../../src/stage/event-batch.ts';
import type { ConnectorStage, ExtractorStage, Processed, ProcessorStage, StageOpener, TransactionWriter } from '../../src/stage/stage.ts';
import type { PipeRequest } from '../../src/task/pipe-request.ts';
import { PipeTask } from '../../src/task/pipe-task.ts';
import { rowsOf } from '../fake-stages.ts';
import { pipeRequest } from '../pipe-request.ts';
import { stageError } from '../stage-error.ts';
import { PipeMachine } from './pipe-machine.ts';

/** Kinds of pipes, each with something of its own to lose. */
export const kinds = ['ordered', 'unordered', 'stateful', 'transactional', 'letters', 'own'] as const;
export type Kind = (typeof kinds)[number];

/** What a simulation came to. */
export interface Outcome {
  readonly kind: Kind;
  readonly violations: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
}

const startMs = Date.UTC(2026, 0, 1);
const roundCount = 25;
const patienceMs = 400_000;
/** Of so many values the connector refuses one, where it refuses any. */
const poisonous = 13;

/** Plays a pipe through random trouble: processes die or stand still, brokers and targets go away, calls fail before or after they worked. */
export async function simulatePipe(seed: number): Promise<Outcome> {
  return new World(seed).run();
}

interface Server {
  readonly machine: PipeMachine;
  readonly task: PipeTask;
  readonly instanceId: string;
  isFrozen: boolean;
  ended: { readonly error: MillraceError | null } | undefined;
}

interface Taken {
  readonly partition: number;
  readonly offset: number;
  readonly value: number;
}

class World {
  readonly #random: SeededRandom;
  readonly #timeline = new Timeline();
  readonly #cluster: FakeCluster;
  readonly #kind: Kind;
  readonly #request: PipeRequest;
  #partitions: number;
  readonly #servers: Server[] = [];
  readonly #counts = new Map<string, number>();
  readonly #violations: string[] = [];
  /** What has arrived at the target, in its order. */
  readonly taken: Taken[] = [];
  /** What the source of its own has. */
  readonly #items: number[] = [];
  isTargetAway = false;
  /** Of so many calls one fails; 0 = none. */
  callsFailIn: number;
  #nextValue = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#cluster = new FakeCluster(this.#timeline, this.#random);
    this.#kind = kinds[seed % kinds.length]!;
    this.#partitions = 1 + this.#random.below(3);
    this.callsFailIn = [0, 12, 5][this.#random.below(3)]!;
    this.#request = pipeRequest({
      groupId: this.#kind === 'own' ? 'millrace.pipe.p' : 'millrace.pipe.p.shared',
      onError: this.#kind === 'letters' ? 'dead-letter' : 'stop',
      boundaries: { s: Array.from({ length: this.#partitions }, () => this.#random.below(20)) },
      ...(this.#kind === 'own' && { selection: null }),
      commitIntervalMs: 20 + this.#random.below(200),
    });
  }

  async run(): Promise<Outcome> {
    this.#cluster.createTopic('s', this.#partitions);
    this.#cluster.createTopic('out', 2);
    this.#write();
    const servers = 1 + this.#random.below(2);
    for (let i = 0; i < servers; i++) this.#servers.push(this.#start(`server-${i}`));
    const faultsIn = [0, 200, 60][this.#random.below(3)]!;
    for (const { machine } of this.#servers) machine.faultsIn = faultsIn;
    for (let round = 0; round < roundCount; round++) await this.#round(faultsIn);
    await this.#finish();
    this.#check();
    // A commit that was given up may still arrive, behind a later one: then some is sent again.
    const cluster = this.#cluster.violations.filter((violation) => !violation.includes('went back') || this.#isTransactional);
    return { kind: this.#kind, violations: [...this.#violations, ...cluster], counts: this.#counts };
  }

  get #isTransactional(): boolean {
    return this.#kind === 'transactional' || this.#kind === 'own';
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  #start(instanceId: string): Server {
    const machine = new PipeMachine(this.#cluster, startMs);
    const context = {
      kafka: machine,
      stages: new SimulatedStages(this, this.#kind, machine, this.#random, this.#items),
      clock: machine.clock,
      random: this.#random,
      logger: silentLogger,
    };
    const task = new PipeTask({ ...this.#request, instanceId }, context);
    const server: Server = { machine, task, instanceId, isFrozen: false, ended: undefined };
    task
      .run(() => {})
      .then(
        () => {
          server.ended = { error: null };
        },
        (error: MillraceError) => {
          server.ended = { error };
        },
      );
    return server;
  }

  #write(): void {
    const count = 1 + this.#random.below(12);
    if (this.#kind === 'own') {
      for (let i = 0; i < count; i++) this.#items.push(this.#nextValue++);
      return;
    }
    const records = Array.from({ length: count }, () => {
      // Few values, so that the same one often comes again.
      const v = this.#kind === 'stateful' ? this.#random.below(3) : this.#nextValue++;
      const key = `k${this.#random.below(3)}`;
      return { timestampMs: startMs, key: Buffer.from(key), value: Buffer.from(JSON.stringify({ v, k: key })), headers: [] };
    });
    this.#cluster.append('s', this.#random.below(this.#partitions), records);
  }

  async #round(faultsIn: number): Promise<void> {
    const i = this.#random.below(this.#servers.length);
    const server = this.#servers[i]!;
    const restart = () => {
      this.#servers[i] = this.#start(server.instanceId);
      this.#servers[i]!.machine.faultsIn = faultsIn;
    };
    for (let writes = this.#random.below(4); writes > 0; writes--) this.#write();
    switch (this.#random.below(9)) {
      case 0:
        this.#count('kills');
        server.machine.clock.kill();
        await this.#timeline.run(this.#random.below(1500));
        restart();
        break;
      case 1:
        this.#count('stops');
        if (server.isFrozen) this.#thaw(server);
        server.task.stop();
        await this.#timeline.run(patienceMs, () => server.ended !== undefined);
        if (server.ended === undefined) this.#violations.push('a pipe did not stop');
        restart();
        break;
      case 2:
        this.#count('freezes');
        if (server.isFrozen) this.#thaw(server);
        else {
          server.machine.clock.freeze();
          server.isFrozen = true;
        }
        break;
      case 3:
        this.#count('outages');
        this.#cluster.isAway = true;
        await this.#timeline.run(this.#random.below(4000));
        this.#cluster.isAway = false;
        this.#cluster.changed();
        break;
      case 4:
        this.isTargetAway = !this.isTargetAway;
        this.#count('targets away');
        break;
      case 5:
        this.#count('moves');
        this.#cluster.group(this.#request.groupId).move();
        break;
      case 6:
        if (this.#partitions < 5) this.#addPartition();
        break;
      default:
        break;
    }
    await this.#timeline.run(this.#random.below(3000));
    // Who has stopped because of too many failures is started again.
    if (this.#servers[i]!.ended !== undefined) {
      const { error } = this.#servers[i]!.ended!;
      this.#count('failures');
      if (error !== null && error.code !== 'PIPE_FAILED') this.#violations.push(`ended with ${error.code}: ${error.message}`);
      restart();
    }
  }

  /** What comes in it is realtime. */
  #addPartition(): void {
    this.#count('partitions added');
    this.#cluster.addPartition('s');
    this.#partitions++;
    const group = this.#cluster.group(this.#request.groupId);
    if (group instanceof FakeSharedGroup) group.topicGrew();
  }

  #thaw(server: Server): void {
    server.machine.clock.thaw();
    server.isFrozen = false;
  }

  async #finish(): Promise<void> {
    this.isTargetAway = false;
    this.callsFailIn = 0;
    for (const server of this.#servers) if (server.isFrozen) this.#thaw(server);
    for (const { machine } of this.#servers) machine.faultsIn = 0;
    this.#write();
    const deadlineMs = this.#timeline.nowMs + patienceMs;
    while (!this.#isDone() && this.#timeline.nowMs < deadlineMs) {
      for (const [i, { ended, instanceId }] of this.#servers.entries()) if (ended !== undefined) this.#servers[i] = this.#start(instanceId);
      await this.#timeline.run(1000, () => this.#isDone());
    }
    if (!this.#isDone()) this.#violations.push('the pipe did not come to the end');
    for (const { task } of this.#servers) task.stop();
    await this.#timeline.run(patienceMs, () => this.#servers.every(({ ended }) => ended !== undefined));
    if (this.#servers.some(({ ended }) => ended === undefined)) this.#violations.push('a pipe did not stop in the end');
  }

  #isDone(): boolean {
    if (this.#kind === 'own') return this.#items.every((item) => this.taken.some(({ value }) => value === item));
    const { offsets } = this.#cluster.group(this.#request.groupId);
    return this.#cluster.topic('s').logs.every(({ partition, endOffset }) => (offsets.get(`${partition}@s`) ?? 0) >= endOffset);
  }

  #check(): void {
    const logs = this.#cluster
      .topic('s')
      .logs.map((log) =>
        log.committed().map(({ offset, value }) => ({ offset, ...(JSON.parse(String(value)) as { v: number; k: string }) })),
      );
    const found = this.#kind === 'transactional' ? this.#transacted() : this.taken;
    if (this.#kind === 'own') {
      this.#checkOwn();
      return;
    }
    for (const [partition, log] of logs.entries()) {
      const expected = this.#expected(log);
      const of = found.filter((taken) => taken.partition === partition);
      const seen = new Set(of.map(({ offset }) => offset));
      const missing = expected.filter((offset) => !seen.has(offset));
      const foreign = [...seen].filter((offset) => !expected.includes(offset));
      if (missing.length > 0) this.#violations.push(`${this.#kind}: partition ${partition} has lost ${missing.join()}`);
      if (foreign.length > 0)
        this.#violations.push(`${this.#kind}: partition ${partition} has sent ${foreign.join()}, which it should not`);
      if (this.#kind !== 'unordered') this.#checkOrder(partition, of, expected);
      if (this.#kind === 'transactional' && of.length !== expected.length)
        this.#violations.push(
          `partition ${partition} has sent ${of.length} for ${expected.length}: ${of.map(({ offset }) => offset).join()}`,
        );
    }
    if (this.#kind === 'letters') this.#checkLetters(logs);
  }

  /** Offsets that are to arrive. */
  #expected(log: readonly { readonly offset: number; readonly v: number; readonly k: string }[]): number[] {
    if (this.#kind === 'letters') return log.filter(({ v }) => v % poisonous !== 0).map(({ offset }) => offset);
    if (this.#kind !== 'stateful') return log.map(({ offset }) => offset);
    const last = new Map<string, number>();
    return log.flatMap(({ offset, v, k }) => {
      const isSame = last.get(k) === v;
      last.set(k, v);
      return isSame ? [] : [offset];
    });
  }

  /** The first arrivals are in order, whatever came again. */
  #checkOrder(partition: number, of: readonly Taken[], expected: readonly number[]): void {
    const first = [...new Set(of.map(({ offset }) => offset))];
    const known = first.filter((offset) => expected.includes(offset));
    if (known.some((offset, i) => i > 0 && known[i - 1]! > offset))
      this.#violations.push(`${this.#kind}: partition ${partition} is out of order: ${first.join()}`);
  }

  #transacted(): Taken[] {
    return this.#cluster.topic('out').logs.flatMap((log) => log.committed().map(({ value }) => JSON.parse(String(value)) as Taken));
  }

  #checkLetters(logs: readonly (readonly { readonly offset: number; readonly v: number }[])[]): void {
    const letters = new Set<string>();
    for (const { headers } of this.#lettersLog()) {
      const text = (name: string) => headers.find(({ key }) => key === `millrace.${name}`)!.value!.toString();
      letters.add(`${text('partition')}/${text('offset')}`);
    }
    for (const [partition, log] of logs.entries())
      for (const { offset, v } of log)
        if ((v % poisonous === 0) !== letters.has(`${partition}/${offset}`))
          this.#violations.push(`letters: ${partition}/${offset} is ${letters.has(`${partition}/${offset}`) ? 'too much' : 'missing'}`);
  }

  #lettersLog() {
    try {
      return this.#cluster.log(this.#request.deadLetterTopic, 0).committed();
    } catch {
      return [];
    }
  }

  #checkOwn(): void {
    const first = [...new Set(this.taken.map(({ value }) => value))];
    if (first.some((value, i) => value !== i)) this.#violations.push(`own: ${first.join()}`);
  }
}

/** Stages of one process; the target outlives it. */
class SimulatedStages implements StageOpener {
  readonly #world: World;
  readonly #kind: Kind;
  readonly #machine: PipeMachine;
  readonly #random: SeededRandom;
  readonly #items: readonly number[];

  constructor(world: World, kind: Kind, machine: PipeMachine, random: SeededRandom, items: readonly number[]) {
    this.#world = world;
    this.#kind = kind;
    this.#machine = machine;
    this.#random = random;
    this.#items = items;
  }

  async openProcessor(): Promise<ProcessorStage> {
    const states = new Map<string, Map<string, Json>>();
    let before: () => void = () => {};
    const stateOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }) => {
      const key = `${partition}@${topic}`;
      const state = states.get(key) ?? new Map<string, Json>();
      states.set(key, state);
      return state;
    };
    return {
      process: async (batch) => {
        await this.#wait(3);
        this.#failSometimes('processor');
        if (this.#kind !== 'stateful') return { batches: [batch], stateChanges: new Map() };
        const state = stateOf(batch);
        const kept = new Map(state);
        before = () => {
          state.clear();
          for (const [key, value] of kept) state.set(key, value);
        };
        return changing(batch, state);
      },
      restore: async (topic, partition, state) => {
        states.set(`${partition}@${topic}`, new Map(state));
      },
      rollBack: async () => {
        before();
        before = () => {};
      },
      close: async () => {},
    };
  }

  async openConnector(): Promise<ConnectorStage> {
    await this.#wait(10);
    if (this.#world.isTargetAway) throw stageError('not-connected', 'connection refused', { hook: 'open' });
    const isUnordered = this.#kind === 'unordered';
    return {
      order: isUnordered ? 'unordered' : 'ordered',
      concurrency: isUnordered ? 4 : 1,
      isTransactional: this.#kind === 'transactional',
      heartbeat: async () => {},
      transfer: (batch, _, transaction) => this.#transfer(batch, transaction),
      close: async () => {},
    };
  }

  async openExtractor(_: unknown, position: Json | undefined): Promise<ExtractorStage> {
    let next = typeof position === 'number' ? position : 0;
    return {
      next: async () => {
        while (next >= this.#items.length) await this.#wait(50);
        this.#failSometimes('extractor', 'next');
        const values = this.#items.slice(next, next + 1 + this.#random.below(4));
        next += values.length;
        return { batch: ownBatch(values), position: next };
      },
      close: async () => {},
    };
  }

  async select(): Promise<null> {
    return null;
  }

  async #transfer(batch: EventBatch, transaction: TransactionWriter | undefined): Promise<void> {
    await this.#wait(20);
    if (this.#world.isTargetAway) throw stageError('not-connected', 'connection refused');
    const rows = rowsOf(batch).map(({ partition, offset, row }) => ({ partition, offset, value: row['v'] as number }));
    const poison = this.#kind === 'letters' ? rows.findIndex(({ value }) => value % poisonous === 0) : -1;
    const count = poison >= 0 ? poison : rows.length;
    // Some calls fail with nothing done, some with a part of it, some with all.
    const isFailing = this.#world.callsFailIn > 0 && this.#random.below(this.#world.callsFailIn) === 0;
    const done = rows.slice(0, isFailing ? this.#random.below(count + 1) : count);
    if (transaction === undefined) this.#world.taken.push(...done);
    else
      await transaction.send(
        'out',
        done.map((row) => ({ key: `p${row.partition}`, value: JSON.stringify(row) })),
      );
    await this.#wait(20);
    if (isFailing) throw stageError(this.#random.below(2) === 0 ? 'error' : 'retryable', 'it failed', { afterMs: 100 });
    if (poison >= 0) throw stageError('bad-record', 'it cannot be taken', { row: poison });
  }

  #failSometimes(stage: string, hook = 'process'): void {
    const { callsFailIn } = this.#world;
    if (callsFailIn > 0 && this.#random.below(callsFailIn * 4) === 0)
      throw stageError('retryable', 'not now', { plugin: `fake-${stage}`, hook });
  }

  /** A process that is gone does not come back from here. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#machine.clock.setTimer(this.#random.below(ms + 1), resolve));
  }
}

/** Lets rows pass whose value is not that of the key's last one. */
function changing(batch: EventBatch, state: Map<string, Json>): Processed {
  const changes = new Map<string, Json | null>();
  const kept: number[] = [];
  for (const [row, { key, row: values }] of rowsOf(batch).entries()) {
    if (state.get(key!) === values['v']) continue;
    state.set(key!, values['v'] as number);
    changes.set(key!, values['v'] as number);
    kept.push(row);
  }
  const rows = Int32Array.from(kept);
  const sourceRows = batch.sourceRows === null ? rows : rows.map((row) => batch.sourceRows![row]!);
  const made: EventBatch = { ...batch, chunk: takeRows(batch.chunk, rows, rows.length), sourceRows };
  return { batches: kept.length === 0 ? [] : [made], stateChanges: changes };
}

function ownBatch(values: readonly number[]): EventBatch {
  const { length } = values;
  return {
    stream: 'own',
    topic: '',
    partition: 0,
    isHistorical: false,
    clusters: [],
    schema: [{ name: 'v', type: { kind: 'int32' } }],
    kind: 'rows',
    chunk: { rowCount: length, columns: [columnOf({ kind: 'int32' }, values)] },
    records: {
      count: length,
      offsets: new Float64Array(length),
      times: new Float64Array(length),
      keys: { bytes: Buffer.alloc(0), starts: new Int32Array(length).fill(-1), ends: new Int32Array(length) },
    },
    sourceRows: null,
  };
}
