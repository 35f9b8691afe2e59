import { asMillraceError, type MillraceError, SeededRandom, silentLogger } from '@millrace/core';
import * as formats from '@millrace/formats';
import type { RecordInput } from '@millrace/kafka-protocol';
import { MemoryDisk } from '../../../../broker/test/memory-disk.ts';
import type { ViewRequest } from '../../../src/view/view-request.ts';
import { ViewTask } from '../../../src/view/view-task.ts';
import { checkView, type LostRange } from './check-views.ts';
import { FakeCluster, type Sabotage } from './fake-cluster.ts';
import type { FakeGroup } from './fake-group.ts';
import type { LogBatch } from './fake-log.ts';
import { FakeSharedGroup } from './fake-shared-group.ts';
import { Machine } from './machine.ts';
import { type Scenario, type SimulatedView, scenarioOf, stagesOf } from './scenario.ts';
import { Timeline } from './timeline.ts';

/** States are small here: a snapshot follows upon the other. */
const snapshotPace = { growthBytes: 200, pauseMs: 20 };

/** What a simulation came to. */
export interface Outcome {
  readonly kind: Scenario['kind'];
  readonly violations: readonly string[];
  /** How often each kind of trouble was made, and met. */
  readonly counts: ReadonlyMap<string, number>;
  /** All that was written, batch by batch: the same for the same seed. */
  readonly transcript: () => string;
}

const startMs = Date.UTC(2026, 0, 1);
const roundCount = 30;
/** Event time goes back by at most so much. */
const disorderMs = 12;
const patienceMs = 120_000;

/** @param isShared several tasks share each view, and their number changes */
export async function simulate(seed: number, sabotage: Sabotage | null = null, isShared = false): Promise<Outcome> {
  const world = new World(seed, sabotage, isShared);
  return world.run();
}

/** A server with all views, in one process. */
class Server {
  readonly machine: Machine;
  readonly tasks = new Map<string, { readonly task: ViewTask; readonly done: Promise<void> }>();
  readonly instanceId: string;
  /** Views whose tasks it ends to begin others. */
  readonly restarting = new Set<string>();
  isFrozen = false;
  isStopping = false;

  constructor(machine: Machine, instanceId: string) {
    this.machine = machine;
    this.instanceId = instanceId;
  }
}

class World {
  readonly #random: SeededRandom;
  readonly #timeline = new Timeline();
  readonly #cluster: FakeCluster;
  /** Of all servers. */
  readonly #disk: MemoryDisk;
  readonly #scenario: Scenario;
  readonly #servers: Server[] = [];
  readonly #requests = new Map<string, ViewRequest>();
  readonly #isShared: boolean;
  /** Among how many tasks a shared view is to be shared. */
  readonly #taskCounts = new Map<string, number>();
  readonly #lost: LostRange[] = [];
  readonly #counts = new Map<string, number>();
  readonly #violations: string[] = [];
  /** By partition: where event time has come to. */
  readonly #times: number[] = [];
  #maxTime = 0;
  #nextValue = 1;
  #isTruncating = false;
  #faultsIn = 0;

  constructor(seed: number, sabotage: Sabotage | null, isShared: boolean) {
    this.#isShared = isShared;
    this.#random = new SeededRandom(seed);
    this.#disk = new MemoryDisk(this.#random);
    this.#disk.fault = (operation) => {
      if (operation === 'read') this.#count('snapshots read');
      return undefined;
    };
    this.#cluster = new FakeCluster(this.#timeline, this.#random, sabotage);
    this.#scenario = scenarioOf(seed, this.#random, isShared);
  }

  async run(): Promise<Outcome> {
    const { kind, views, sourcePartitions, targetPartitions } = this.#scenario;
    this.#cluster.createTopic('s', sourcePartitions);
    for (let i = 0; i < sourcePartitions; i++) this.#times.push(100);
    for (const { name, target, request, parts } of views) {
      this.#cluster.createTopic(target, targetPartitions);
      this.#cluster.createTopic(request.changelogTopic, parts ?? 1);
      if (parts !== null) this.#share(name, request, parts);
      this.#cluster.createTopic(`dead-${name}`, 1);
      this.#requests.set(name, request);
    }
    for (let i = 0; i <= this.#random.below(3); i++) this.#write();
    const serverCount = 1 + this.#random.below(2);
    for (let i = 0; i < serverCount; i++) this.#servers.push(this.#start(`server-${i}`));
    this.#faultsIn = [0, 300, 80][this.#random.below(3)]!;
    for (let round = 0; round < roundCount && this.#violations.length === 0; round++) await this.#round();
    await this.#finish();
    const violations = [...this.#violations, ...this.#cluster.violations];
    if (violations.length === 0) for (const view of views) violations.push(...checkView(this.#cluster, view, this.#lost));
    return { kind, violations, counts: this.#counts, transcript: () => this.#transcript() };
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  #chance(oneIn: number): boolean {
    return this.#random.below(oneIn) === 0;
  }

  // ------------------------------------------------------------ servers

  #start(instanceId: string): Server {
    const server = new Server(new Machine(this.#cluster, startMs + this.#random.below(7_200_000) - 3_600_000), instanceId);
    server.machine.faultsIn = this.#faultsIn;
    for (const view of this.#scenario.views) this.#startView(server, view);
    return server;
  }

  #startView(server: Server, view: SimulatedView): void {
    const { name } = view;
    const { instanceId } = server;
    if (view.parts === null) {
      const path = `${instanceId}-${name}`;
      this.#damageSnapshot(path);
      const request = { ...this.#requests.get(name)!, instanceId, snapshots: { path, ...snapshotPace } };
      this.#startTask(server, name, request, (error) => this.#onFailed(server, view, error, () => this.#startView(server, view)));
      return;
    }
    const count = this.#taskCounts.get(name)!;
    for (const stage of stagesOf(view, this.#requests.get(name)!, count).keys())
      for (let index = 0; index < count; index++) this.#startShare(server, view, stage, index, count);
  }

  #startShare(server: Server, view: SimulatedView, stage: number, index: number, count: number): void {
    const request = stagesOf(view, this.#requests.get(view.name)!, count)[stage]!;
    const own = { ...request, instanceId: `${server.instanceId}.${index}` };
    this.#startTask(server, `${view.name}/${stage}/${index}`, own, (error) =>
      this.#onFailed(server, view, error, () => {
        if (!server.restarting.has(view.name)) this.#startShare(server, view, stage, index, count);
      }),
    );
  }

  #startTask({ machine, tasks }: Server, name: string, request: ViewRequest, onFailed: (error: MillraceError) => void): void {
    const { clock } = machine;
    const kernels = { clock, random: new SeededRandom(1), timezone: 'UTC' };
    const task = new ViewTask(request, { kafka: machine, disk: this.#disk, formats, kernels, clock, logger: silentLogger });
    const done = task.run(() => {}).catch((failure: unknown) => onFailed(asMillraceError(failure)));
    tasks.set(name, { task, done });
  }

  /** What a shared view has beside what others have. */
  #share(name: string, { changelogTopic }: ViewRequest, parts: number): void {
    this.#cluster.lanePrefixBytes = 4;
    this.#cluster.createTopic(`${changelogTopic}-groups`, parts);
    this.#cluster.createTopic(`exchange-${name}`, parts);
    this.#taskCounts.set(name, 1 + this.#random.below(3));
  }

  /** The number of a view's tasks changes: each server hears of it in its own time. */
  #rescale(view: SimulatedView): void {
    this.#count('rescalings');
    this.#taskCounts.set(view.name, 1 + this.#random.below(4));
    for (const server of this.#servers) this.#timeline.after(this.#random.below(800), () => void this.#restartShares(server, view));
  }

  async #restartShares(server: Server, view: SimulatedView): Promise<void> {
    if (server.isStopping || server.machine.clock.isDead || server.restarting.has(view.name)) return;
    server.restarting.add(view.name);
    const own = [...server.tasks].filter(([name]) => name.startsWith(`${view.name}/`));
    for (const [, { task }] of own) task.stop();
    await Promise.all(own.map(([, { done }]) => done));
    server.restarting.delete(view.name);
    if (server.isStopping || server.machine.clock.isDead) return;
    for (const [name] of own) server.tasks.delete(name);
    this.#startView(server, view);
  }

  /** Now and then a server finds its snapshot damaged, or no room for a new one. */
  #damageSnapshot(path: string): void {
    this.#disk.capacityBytes = Number.POSITIVE_INFINITY;
    if (this.#disk.exists(path) && this.#chance(8)) this.#damage(path);
    if (this.#chance(8)) this.#disk.capacityBytes = 100;
  }

  #damage(path: string): void {
    this.#count('snapshots damaged');
    const file = this.#disk.open(path, 'read-write');
    const at = this.#random.below(file.size());
    if (this.#chance(2)) file.truncate(at);
    else {
      const byte = Buffer.alloc(1);
      file.read(byte, 0, 1, at);
      file.write([Buffer.of(byte[0]! ^ (1 + this.#random.below(255)))], at);
    }
  }

  /** What ends a view is what it was told to stop at; then its owner says how to go on. */
  #onFailed(server: Server, { name }: SimulatedView, error: MillraceError, goOn: () => void): void {
    const request = this.#requests.get(name)!;
    const isPoison = error.code === 'DATA_UNDECODABLE' || error.code === 'DATA_DIVISION_BY_ZERO';
    if (isPoison && this.#scenario.hasPoison && typeof error.details['offset'] === 'number') {
      this.#count('stopped at a bad record');
      this.#requests.set(name, { ...request, deadLetterTopic: `dead-${name}` });
    } else if (error.code === 'KAFKA_OFFSET_OUT_OF_RANGE' && error.details['isLost'] === true) {
      this.#count('stopped at lost records');
      this.#requests.set(name, { ...request, onLostData: 'continue' });
    } else {
      this.#violations.push(`${name} has ended: ${error.code}: ${error.message}`);
      return;
    }
    if (!server.isStopping) goOn();
  }

  #kill(server: Server): void {
    this.#count('kills');
    server.machine.clock.kill();
    this.#servers.splice(this.#servers.indexOf(server), 1);
    this.#startLater(server.instanceId, this.#random.below(1200));
  }

  #startLater(instanceId: string, delayMs: number): void {
    this.#timeline.after(delayMs, () => {
      if (this.#isTruncating) this.#startLater(instanceId, 50);
      else this.#servers.push(this.#start(instanceId));
    });
  }

  /** As SIGSTOP and SIGCONT, or a machine that sleeps. */
  #freeze(server: Server): void {
    this.#count('freezes');
    server.isFrozen = true;
    server.machine.clock.freeze();
    this.#timeline.after(this.#random.below(3000), () => {
      server.isFrozen = false;
      server.machine.clock.thaw();
    });
  }

  async #stop(server: Server): Promise<void> {
    this.#count('stops');
    server.isStopping = true;
    for (const { task } of server.tasks.values()) {
      task.stop();
      if (this.#chance(3)) task.stop();
    }
    let isDone = false;
    void Promise.all([...server.tasks.values()].map(({ done }) => done)).then(() => {
      isDone = true;
    });
    await this.#timeline.run(patienceMs, () => isDone);
    if (!isDone) this.#violations.push('a server does not stop');
    for (const [name, { task }] of server.tasks) {
      const { state } = task.statistics();
      if (state !== 'stopped' && state !== 'failed') this.#violations.push(`${name} was stopped, and is ${state}`);
    }
    server.machine.clock.kill();
    this.#servers.splice(this.#servers.indexOf(server), 1);
  }

  // ------------------------------------------------------------ sources

  /** One batch of one partition, sometimes in a transaction of its own. */
  #write(): void {
    const { logs } = this.#cluster.topic('s');
    const partition = this.#random.below(logs.length);
    const records = Array.from({ length: 1 + this.#random.below(5) }, () => this.#record(partition));
    const log = logs[partition]!;
    if (!this.#chance(5)) {
      this.#cluster.append('s', partition, records);
      return;
    }
    const batches: LogBatch[] = [log.append(records, 'open')];
    if (this.#chance(2)) batches.push(log.append([this.#record(partition)], 'open'));
    const outcome = this.#chance(2) ? 'aborted' : 'committed';
    this.#count(`foreign transactions ${outcome}`);
    this.#timeline.after(this.#random.below(300), () => {
      log.end(batches, outcome);
      this.#cluster.changed();
    });
    this.#cluster.changed();
  }

  #record(partition: number): RecordInput {
    const isPoison = this.#scenario.hasPoison && this.#chance(12);
    if (isPoison && this.#chance(2)) return { timestampMs: 0, value: Buffer.from('{"k":') };
    return this.#row(partition, isPoison ? 0 : this.#nextValue++);
  }

  #row(partition: number, v = this.#nextValue++): RecordInput {
    this.#times[partition]! += this.#random.below(28) - disorderMs;
    this.#maxTime = Math.max(this.#maxTime, this.#times[partition]!);
    const k = 'abc'[this.#random.below(3)];
    const t = this.#times[partition]!;
    return { timestampMs: t, value: Buffer.from(JSON.stringify({ k, v, t })) };
  }

  /** A new partition takes part once it was seen: what is written before all know of it may come too late. */
  async #addPartition(): Promise<void> {
    this.#count('partitions added');
    this.#cluster.addPartition('s');
    const partition = this.#times.length;
    const key = `${partition}@s`;
    this.#times.push(this.#maxTime + disorderMs);
    this.#faultsIn = 0;
    for (const { machine } of this.#servers) machine.faultsIn = 0;
    const group = this.#sourceGroup;
    if (group instanceof FakeSharedGroup) this.#timeline.after(this.#random.below(500), () => group.topicGrew());
    await this.#timeline.run(patienceMs, () => group.offsets.has(key));
    if (!group.offsets.has(key)) this.#violations.push('a new partition is not read');
    // While it is empty it holds all windows open.
    this.#cluster.append('s', partition, [this.#row(partition)]);
  }

  /** Drops the beginning of a partition while nobody reads it. */
  async #truncate(): Promise<void> {
    this.#count('truncations');
    this.#isTruncating = true;
    for (const server of [...this.#servers]) this.#kill(server);
    // What was on its way when they were killed has come by then, or has been dropped.
    await this.#timeline.run(30);
    const { logs } = this.#cluster.topic('s');
    const log = logs[this.#random.below(logs.length)]!;
    const { stableOffset, topic, partition } = log;
    const { offsets } = this.#sourceGroup;
    const read = offsets.get(`${partition}@${topic}`) ?? log.startOffset;
    log.truncate(this.#random.below(stableOffset + 1));
    if (read < log.startOffset) this.#lost.push({ topic, partition, from: read, to: log.startOffset });
    this.#isTruncating = false;
  }

  // ------------------------------------------------------------ trouble

  async #round(): Promise<void> {
    await this.#timeline.run(this.#random.below(this.#chance(4) ? 300 : 40));
    for (let i = this.#random.below(4); i > 0; i--) this.#write();
    const server = this.#servers[this.#random.below(this.#servers.length)];
    if (server !== undefined && !server.isFrozen) {
      if (this.#chance(12)) this.#kill(server);
      else if (this.#chance(20)) this.#freeze(server);
      else if (this.#chance(40)) {
        await this.#stop(server);
        this.#servers.push(this.#start(server.instanceId));
      }
    }
    if (this.#chance(15)) this.#move();
    if (this.#isShared && this.#chance(12)) this.#rescale(this.#scenario.views[this.#random.below(this.#scenario.views.length)]!);
    if (this.#chance(40)) this.#cutOff();
    if (this.#scenario.kind !== 'chain' && this.#chance(150)) await this.#truncate();
    if (this.#chance(100)) await this.#addPartition();
  }

  #move(): void {
    this.#count('moves');
    for (const { groupId } of this.#scenario.views.flatMap((view) => this.#stages(view))) this.#cluster.group(groupId).move();
  }

  #cutOff(): void {
    if (this.#cluster.isAway) return;
    this.#count('brokers away');
    this.#cluster.isAway = true;
    this.#timeline.after(this.#random.below(3000), () => {
      this.#cluster.isAway = false;
      this.#cluster.changed();
    });
  }

  // ------------------------------------------------------------ the end

  /** All goes well from now on, until everything is consumed. */
  async #finish(): Promise<void> {
    this.#faultsIn = 0;
    for (const { machine } of this.#servers) machine.faultsIn = 0;
    await this.#timeline.run(3100);
    if (!(await this.#consumed())) this.#violations.push(`it does not get to the end: ${this.#positions()}`);
    // The last snapshot is written when its time has come.
    await this.#timeline.run(300);
    await this.#consumed();
    for (const server of [...this.#servers]) await this.#stop(server);
    await this.#timeline.run(50);
  }

  async #consumed(): Promise<boolean> {
    const isDone = () => this.#violations.length > 0 || this.#scenario.views.every((view) => this.#hasConsumed(view));
    await this.#timeline.run(patienceMs, isDone);
    return isDone();
  }

  #stages(view: SimulatedView): ViewRequest[] {
    return stagesOf(view, view.request, 1);
  }

  get #sourceGroup(): FakeGroup {
    return this.#cluster.group(this.#stages(this.#scenario.views[0]!)[0]!.groupId);
  }

  #hasConsumed(view: SimulatedView): boolean {
    return this.#stages(view).every(({ groupId }, stage) => {
      const { offsets } = this.#cluster.group(groupId);
      const topic = stage === 0 ? view.source : `exchange-${view.name}`;
      return this.#cluster.topic(topic).logs.every(({ partition, endOffset, stableOffset }) => {
        return stableOffset === endOffset && (offsets.get(`${partition}@${topic}`) ?? 0) >= endOffset;
      });
    });
  }

  #positions(): string {
    return this.#scenario.views
      .flatMap((view) =>
        this.#stages(view).flatMap(({ groupId }, stage) => {
          const { offsets } = this.#cluster.group(groupId);
          const topic = stage === 0 ? view.source : `exchange-${view.name}`;
          return this.#cluster.topic(topic).logs.map(({ partition, endOffset, stableOffset }) => {
            return `${topic}[${partition}] ${offsets.get(`${partition}@${topic}`)} of ${stableOffset}/${endOffset}`;
          });
        }),
      )
      .join(', ');
  }

  #transcript(): string {
    const topics = [
      's',
      ...this.#scenario.views.flatMap((view) => [view.target, ...this.#stages(view).map((stage) => stage.changelogTopic)]),
    ];
    const logs = topics.flatMap((topic) => this.#cluster.topic(topic).logs);
    return logs.map((log) => log.batches.map(({ bytes, outcome }) => `${outcome} ${bytes.toString('base64')}`).join('\n')).join('\n\n');
  }
}
