import type { DefinitionChange, PipeDefinition } from '@millrace/catalog';
import { FakeClock, MillraceError, silentLogger } from '@millrace/core';
import { RunningPipe } from '@millrace/pipes';
import { describe, expect, it } from 'vitest';
import { PipeRegistry } from '../src/pipes/pipe-registry.ts';

function pipe(name: string, changes: Partial<PipeDefinition> = {}): PipeDefinition {
  return {
    name,
    id: '1',
    extractor: { plugin: 'iotdb-extractor', attributes: {} },
    processor: { plugin: 'do-nothing-processor', attributes: {} },
    connector: { plugin: 'do-nothing-connector', attributes: {} },
    boundaries: {},
    isRunning: true,
    exceptionMessage: null,
    createdAtMs: 1,
    ...changes,
  };
}

/** The pipes of a catalog, in memory. */
class FakePipes {
  readonly definitions = new Map<string, PipeDefinition>();
  readonly #listeners: ((change: DefinitionChange<PipeDefinition>) => void)[] = [];
  isAway = false;

  list = () => [...this.definitions.values()];
  get = (name: string) => this.definitions.get(name);
  onChange = (listener: (change: DefinitionChange<PipeDefinition>) => void) => void this.#listeners.push(listener);

  set(definition: PipeDefinition): PipeDefinition {
    const { name } = definition;
    const before = this.definitions.get(name);
    this.definitions.set(name, definition);
    for (const listener of this.#listeners) listener({ name, before, after: definition });
    return definition;
  }

  drop(name: string): void {
    const before = this.definitions.get(name);
    this.definitions.delete(name);
    for (const listener of this.#listeners) listener({ name, before, after: undefined });
  }

  update = async (name: string, change: (definition: PipeDefinition) => PipeDefinition) => {
    if (this.isAway) throw new MillraceError('KAFKA_BROKER_UNAVAILABLE', 'no broker answers');
    return this.set(change(this.definitions.get(name)!));
  };
}

/** What runs: pipes that do nothing until they are told how they end. */
function world() {
  const clock = new FakeClock();
  const pipes = new FakePipes();
  const log: string[] = [];
  const running = new Map<string, RunningPipe>();
  const refused = new Map<string, MillraceError>();
  const registry = new PipeRegistry({
    catalog: { pipes: pipes as never },
    clock,
    logger: silentLogger,
    run: async ({ name, connector }) => {
      const refusal = refused.get(name);
      if (refusal !== undefined) throw refusal;
      const one = new RunningPipe(name);
      one.begin({ stop: () => one.onEnd(null), setStreams: () => {}, statistics: () => Promise.resolve(null as never) });
      one.onReady();
      running.set(name, one);
      log.push(`run ${name} ${connector.plugin}`);
      one.done.then(
        () => log.push(`stopped ${name}`),
        () => log.push(`failed ${name}`),
      );
      return one;
    },
  });
  registry.follow();
  const fail = (name: string, message: string) => running.get(name)!.onEnd(new MillraceError('PIPE_FAILED', message));
  return { clock, pipes, log, refused, registry, fail };
}

/** Lets everything happen that waits for nothing else. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

describe('the pipes of a server', () => {
  it('run where the catalog says so, and those that it stops or drops do not', async () => {
    const { pipes, log } = world();
    pipes.set(pipe('a'));
    pipes.set(pipe('b', { isRunning: false }));
    await settle();
    expect(log).toEqual(['run a do-nothing-connector']);
    pipes.set(pipe('b'));
    await settle();
    pipes.set(pipe('a', { isRunning: false }));
    await settle();
    pipes.drop('b');
    await settle();
    expect(log.slice(1)).toEqual(['run b do-nothing-connector', 'stopped a', 'stopped b']);
  });

  it('go on as they are when they are started twice, and begin anew, behind their end, when they are altered', async () => {
    const { pipes, log } = world();
    pipes.set(pipe('a'));
    await settle();
    pipes.set(pipe('a'));
    await settle();
    expect(log).toEqual(['run a do-nothing-connector']);
    pipes.set(pipe('a', { connector: { plugin: 'tap-connector', attributes: {} } }));
    await settle();
    expect(log.slice(1)).toEqual(['stopped a', 'run a tap-connector']);
  });

  it('that fail are stopped in the catalog, with why', async () => {
    const { pipes, log, registry, fail } = world();
    pipes.set(pipe('a'));
    await settle();
    fail('a', 'tap-connector: transfer has failed: no');
    await settle();
    expect(pipes.get('a')).toMatchObject({ isRunning: false, exceptionMessage: 'tap-connector: transfer has failed: no' });
    const { state, exceptionMessage } = await registry.record(pipes.get('a')!);
    expect([state, exceptionMessage]).toEqual(['STOPPED', 'tap-connector: transfer has failed: no']);
    pipes.set(pipe('a'));
    await settle();
    expect(log).toEqual(['run a do-nothing-connector', 'failed a', 'run a do-nothing-connector']);
  });

  it('whose plugin is not there any more are stopped as well', async () => {
    const { pipes, refused } = world();
    refused.set('a', new MillraceError('PLUGIN_UNKNOWN', 'there is no connector x'));
    pipes.set(pipe('a'));
    await settle();
    expect(pipes.get('a')).toMatchObject({ isRunning: false, exceptionMessage: 'there is no connector x' });
  });

  it('start again by themselves if they are to, each time later, and are never stopped in the catalog', async () => {
    const { pipes, log, registry, fail, clock } = world();
    pipes.set(pipe('a', { processor: { plugin: 'x', attributes: { 'auto.restart': 'true' } } }));
    await settle();
    for (const waitMs of [1000, 2000, 4000]) {
      fail('a', 'no');
      await settle();
      const { state, exceptionMessage } = await registry.record(pipes.get('a')!);
      expect([state, exceptionMessage, pipes.get('a')!.isRunning]).toEqual(['STOPPED', 'no', true]);
      const before = log.length;
      clock.advance(waitMs - 1);
      await settle();
      expect(log).toHaveLength(before);
      clock.advance(1);
      await settle();
      expect(log).toHaveLength(before + 1);
    }
  });

  it('begin with short delays again after they have run for long', async () => {
    const { pipes, log, fail, clock } = world();
    pipes.set(pipe('a', { connector: { plugin: 'x', attributes: { 'connector.auto.restart': 'true' } } }));
    await settle();
    for (const waitMs of [1000, 2000]) {
      fail('a', 'no');
      await settle();
      clock.advance(waitMs);
      await settle();
    }
    clock.advance(60_001);
    fail('a', 'no');
    await settle();
    const before = log.length;
    clock.advance(1000);
    await settle();
    expect(log).toHaveLength(before + 1);
  });

  it('that wait to start again do not once they are stopped', async () => {
    const { pipes, log, fail, clock } = world();
    const restarting = pipe('a', { processor: { plugin: 'x', attributes: { 'auto.restart': 'true' } } });
    pipes.set(restarting);
    await settle();
    fail('a', 'no');
    await settle();
    pipes.set({ ...restarting, isRunning: false });
    clock.advance(100_000);
    await settle();
    expect(log).toEqual(['run a do-nothing-connector', 'failed a']);
  });

  it('that fail while the catalog cannot be changed are stopped in it later', async () => {
    const { pipes, fail, clock } = world();
    pipes.set(pipe('a'));
    await settle();
    pipes.isAway = true;
    fail('a', 'no');
    await settle();
    expect(pipes.get('a')!.isRunning).toBe(true);
    pipes.isAway = false;
    clock.advance(60_000);
    await settle();
    expect(pipes.get('a')).toMatchObject({ isRunning: false, exceptionMessage: 'no' });
  });

  it('all end when it closes, and the catalog says of them that they run', async () => {
    const { pipes, log, registry } = world();
    pipes.set(pipe('a'));
    pipes.set(pipe('b'));
    await settle();
    await registry.close();
    expect(log.slice(2).sort()).toEqual(['stopped a', 'stopped b']);
    expect(pipes.list().map(({ isRunning }) => isRunning)).toEqual([true, true]);
    pipes.set(pipe('c'));
    await settle();
    expect(log).toHaveLength(4);
  });
});
