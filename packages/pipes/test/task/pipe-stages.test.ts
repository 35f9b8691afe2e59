import { MillraceError } from '@millrace/core';
import { columnOf } from '@millrace/data';
import type { Json } from '@millrace/sdk';
import { describe, expect, it } from 'vitest';
import type { EventBatch } from '../../src/stage/event-batch.ts';
import { FakeStages, rowsOf } from '../fake-stages.ts';
import { pipeRequest } from '../pipe-request.ts';
import { PipeWorld } from '../pipe-world.ts';
import { stageError } from '../stage-error.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ key: 'k', value: { v: from + i } }));
const valuesOf = (stages: FakeStages) => stages.delivered.map(({ row }) => row['v']);

function worldWith(count: number): PipeWorld {
  const world = new PipeWorld();
  world.cluster.createTopic('s', 1);
  if (count > 0) world.write('s', 0, numbers(0, count));
  return world;
}

/** Each write is a batch of its own, and a unit. */
function writeApart(world: PipeWorld, from: number, to: number): void {
  for (let i = from; i < to; i++) world.write('s', 0, numbers(i, i + 1));
}

describe('an unordered connector', () => {
  it('gets several events at once, and progress waits for the first of them', async () => {
    const world = worldWith(0);
    const waiting: { readonly offset: number; readonly go: () => void }[] = [];
    const stages = new FakeStages({
      connector: { order: 'unordered', concurrency: 3 },
      transfer: (batch) => new Promise<void>((go) => waiting.push({ offset: batch.records.offsets[0]!, go })),
    });
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.isReady);
    for (let i = 0; i < 5; i++) {
      world.write('s', 0, numbers(i, i + 1));
      await world.timeline.run(100);
    }
    expect(waiting.map(({ offset }) => offset)).toEqual([0, 1, 2]);
    waiting[1]!.go();
    waiting[2]!.go();
    await world.timeline.run(1000);
    expect(world.committed('s')).toBe(0);
    expect(waiting.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4]);
    waiting[0]!.go();
    await world.until(() => world.committed('s') === 3);
    waiting[3]!.go();
    waiting[4]!.go();
    await world.until(() => world.committed('s') === 5);
    await pipe.stop();
  });

  it('stops at the first record that fails, whatever else arrives', async () => {
    const world = worldWith(0);
    const stages = new FakeStages({
      connector: { order: 'unordered', concurrency: 4 },
      transfer: (batch) => {
        if (rowsOf(batch).some(({ offset }) => offset === 2)) throw stageError('error', 'no');
      },
    });
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.isReady);
    writeApart(world, 0, 6);
    await world.until(() => pipe.ended !== undefined);
    expect((pipe.ended!.error as MillraceError).details).toMatchObject({ offset: expect.any(Number), stage: 'connector' });
    expect(world.committed('s')).toBeLessThanOrEqual(2);
    expect(valuesOf(stages)).not.toContain(2);
  });
});

describe('a processor that keeps state', () => {
  /** Adds up what it has seen. */
  const summing = (): ConstructorParameters<typeof FakeStages>[0] & { readonly sums: Map<string, number> } => {
    const sums = new Map<string, number>();
    let before: number | undefined;
    return {
      sums,
      process: (batch) => {
        before = sums.get('sum');
        const sum = rowsOf(batch).reduce((all, { row }) => all + (row['v'] as number), before ?? 0);
        sums.set('sum', sum);
        return { batches: [batch], stateChanges: new Map([['sum', sum]]) };
      },
      restore: (_topic, _partition, state) => {
        sums.set('sum', state.get('sum') as number);
      },
      rollBack: () => {
        if (before === undefined) sums.delete('sum');
        else sums.set('sum', before);
      },
    };
  };

  it('has it again in the next process, as it was at what is committed', async () => {
    const world = worldWith(4);
    const first = new FakeStages(summing());
    const pipe = world.start(pipeRequest(), first);
    await world.until(() => world.committed('s') === 4);
    expect(pipe.task.statistics().keepsState).toBe(true);
    pipe.kill();
    world.write('s', 0, numbers(4, 6));
    const hooks = summing();
    const second = new FakeStages(hooks);
    const again = world.start(pipeRequest(), second);
    await world.until(() => world.committed('s') === 6);
    await again.stop();
    expect(hooks.sums.get('sum')).toBe(0 + 1 + 2 + 3 + 4 + 5);
    expect(valuesOf(second)).toEqual([4, 5]);
    expect(
      world
        .read('millrace.pipe.p.state')
        .map(({ key, value }) => [key!.toString(), value!.toString()])
        .at(-1),
    ).toEqual(['["s",0,"sum"]', '15']);
  });

  it('has it again even if its brokers were away when it was to be stored first', async () => {
    const world = worldWith(4);
    const pipe = world.start(pipeRequest(), new FakeStages(summing()));
    pipe.machine.refuseTransactionsOnce(new MillraceError('KAFKA_BROKER_UNAVAILABLE', 'no broker answers'));
    await world.until(() => world.committed('s') === 4);
    pipe.kill();
    world.write('s', 0, numbers(4, 5));
    const hooks = summing();
    const again = world.start(pipeRequest(), new FakeStages(hooks));
    await world.until(() => world.committed('s') === 5);
    await again.stop();
    expect(hooks.sums.get('sum')).toBe(0 + 1 + 2 + 3 + 4);
  });

  it('keeps nothing of what was not delivered', async () => {
    const world = worldWith(6);
    const hooks = summing();
    const stages = new FakeStages({
      ...hooks,
      transfer: (batch) => {
        const row = rowsOf(batch).findIndex(({ offset }) => offset === 3);
        if (row >= 0) throw stageError('bad-record', 'no', { row });
      },
    });
    const pipe = world.start(pipeRequest({ onError: 'dead-letter' }), stages);
    await world.until(() => world.committed('s') === 6);
    await pipe.stop();
    expect(hooks.sums.get('sum')).toBe(0 + 1 + 2 + 4 + 5);
    expect(world.read('millrace.pipe.p.state').at(-1)!.value!.toString()).toBe('12');
  });

  it('is given it back when its stage is opened again in between', async () => {
    const world = worldWith(3);
    const hooks = summing();
    let isReplaced = false;
    const stages = new FakeStages({
      ...hooks,
      openProcessor: () => hooks.sums.clear(),
      process: (batch, attempt) => {
        if (isReplaced) {
          isReplaced = false;
          throw stageError('replaced', 'newer code is there', { plugin: 'fake-processor', hook: 'process' });
        }
        return hooks.process!(batch, attempt);
      },
    });
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => stages.delivered.length === 3);
    isReplaced = true;
    world.write('s', 0, numbers(3, 5));
    await world.until(() => world.committed('s') === 5);
    await pipe.stop();
    expect(hooks.sums.get('sum')).toBe(10);
  });
});

describe('a transactional connector', () => {
  const intoOut = (failing: (offset: number) => MillraceError | undefined = () => undefined): FakeStages =>
    new FakeStages({
      connector: { isTransactional: true },
      transfer: async (batch, _, transaction) => {
        for (const [row, { offset, row: values }] of rowsOf(batch).entries()) {
          const failure = failing(offset);
          if (failure !== undefined)
            throw failure.details['cause'] === 'bad-record' ? stageError('bad-record', failure.message, { row }) : failure;
          await transaction!.send('out', [{ key: 'a', value: String(values['v']) }]);
        }
      },
    });

  it('has what it writes seen together with the progress', async () => {
    const world = worldWith(4);
    world.cluster.createTopic('out', 1);
    const pipe = world.start(pipeRequest({ commitIntervalMs: 5000 }), intoOut());
    await world.until(() => world.cluster.log('out', 0).endOffset > 0);
    await world.timeline.run(100);
    expect(world.read('out')).toHaveLength(world.committed('s') ?? 0);
    await pipe.stop();
    expect(world.read('out').map(({ value }) => value!.toString())).toEqual(['0', '1', '2', '3']);
    expect(world.committed('s')).toBe(4);
  });

  it('writes nothing twice when it fails half way', async () => {
    const world = worldWith(6);
    world.cluster.createTopic('out', 1);
    let failures = 2;
    const stages = intoOut((offset) => (offset === 4 && failures-- > 0 ? stageError('error', 'not this time') : undefined));
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => world.committed('s') === 6);
    await pipe.stop();
    expect(world.read('out').map(({ value }) => value!.toString())).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('stops when it fails again and again, with what was committed before', async () => {
    const world = worldWith(2);
    world.cluster.createTopic('out', 1);
    const stages = intoOut((offset) => (offset === 3 ? stageError('error', 'never') : undefined));
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => world.committed('s') === 2);
    world.write('s', 0, numbers(2, 5));
    await world.until(() => pipe.ended !== undefined);
    expect((pipe.ended!.error as MillraceError).code).toBe('PIPE_FAILED');
    expect((pipe.ended!.error as MillraceError).message).toContain('never');
    expect(world.read('out').map(({ value }) => value!.toString())).toEqual(['0', '1']);
    expect(world.committed('s')).toBe(2);
  });

  it('passes over a record that it names, in the same transaction as the others', async () => {
    const world = worldWith(5);
    world.cluster.createTopic('out', 1);
    const stages = intoOut((offset) => (offset === 2 ? stageError('bad-record', 'too large') : undefined));
    const pipe = world.start(pipeRequest({ onError: 'dead-letter' }), stages);
    await world.until(() => world.committed('s') === 5);
    await pipe.stop();
    expect(world.read('out').map(({ value }) => value!.toString())).toEqual(['0', '1', '3', '4']);
    expect(world.read('millrace.dlq.pipe.p').map(({ value }) => value!.toString())).toEqual(['{"v":2}']);
  });
});

describe('a transactional connector that fails without saying at what', () => {
  it('is tried record by record, where the pipe may pass over the one to blame', async () => {
    const world = worldWith(9);
    world.cluster.createTopic('out', 1);
    const stages = new FakeStages({
      connector: { isTransactional: true },
      transfer: async (batch, _, transaction) => {
        const rows = rowsOf(batch);
        for (const { row } of rows) await transaction!.send('out', [{ key: 'a', value: String(row['v']) }]);
        if (rows.some(({ offset }) => offset === 3 || offset === 7)) throw stageError('error', 'the batch was refused');
      },
    });
    const pipe = world.start(pipeRequest({ onError: 'dead-letter' }), stages);
    await world.until(() => world.committed('s') === 9);
    await pipe.stop();
    await world.timeline.run(100);
    expect(world.read('out').map(({ value }) => value!.toString())).toEqual(['0', '1', '2', '4', '5', '6', '8']);
    expect(world.read('millrace.dlq.pipe.p').map(({ value }) => value!.toString())).toEqual(['{"v":3}', '{"v":7}']);
  });
});

describe('a source of its own', () => {
  const batchOf = (values: readonly number[]): EventBatch => ({
    stream: 'own',
    topic: '',
    partition: 0,
    isHistorical: false,
    clusters: [],
    schema: [{ name: 'v', type: { kind: 'int32' } }],
    kind: 'rows',
    chunk: { rowCount: values.length, columns: [columnOf({ kind: 'int32' }, values)] },
    records: {
      count: values.length,
      offsets: new Float64Array(values.length),
      times: new Float64Array(values.length),
      keys: { bytes: Buffer.alloc(0), starts: new Int32Array(values.length).fill(-1), ends: new Int32Array(values.length) },
    },
    sourceRows: null,
  });

  /** Gives 0 … 9 in pairs; its position is the next of them. */
  const counting = (given: (Json | undefined)[]) => ({
    openExtractor: (position: Json | undefined) => {
      given.push(position);
      let next = typeof position === 'number' ? position : 0;
      return async () => {
        if (next >= 10) return null;
        next += 2;
        return { batch: batchOf([next - 2, next - 1]), position: next };
      };
    },
  });

  it('is read to its end, and goes on where everything was delivered', async () => {
    const world = new PipeWorld();
    const positions: (Json | undefined)[] = [];
    let isBroken = true;
    const stages = new FakeStages({
      ...counting(positions),
      transfer: (batch) => {
        if (isBroken && rowsOf(batch).some(({ row }) => row['v'] === 6)) throw stageError('error', 'not yet');
      },
    });
    const first = world.start(pipeRequest({ selection: null }), stages);
    await world.until(() => first.ended !== undefined);
    expect(valuesOf(stages)).toEqual([0, 1, 2, 3, 4, 5]);
    isBroken = false;
    const second = world.start(pipeRequest({ selection: null }), stages);
    await world.until(() => stages.delivered.length === 10);
    await world.timeline.run(1000);
    expect(second.ended).toBeUndefined();
    await second.stop();
    expect(positions).toEqual([undefined, 6]);
    expect(valuesOf(stages)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('has dead letters of JSON', async () => {
    const world = new PipeWorld();
    const stages = new FakeStages({
      ...counting([]),
      transfer: (batch) => {
        const row = rowsOf(batch).findIndex(({ row: { v } }) => v === 5);
        if (row >= 0) throw stageError('bad-record', 'no', { row });
      },
    });
    const pipe = world.start(pipeRequest({ selection: null, onError: 'dead-letter' }), stages);
    await world.until(() => pipe.task.statistics().deadLetters === 1);
    await pipe.stop();
    await world.timeline.run(100);
    expect(world.read('millrace.dlq.pipe.p').map(({ value }) => value!.toString())).toEqual(['{"v":5}']);
  });
});

describe('an idle pipe', () => {
  it('asks now and then whether its target is there, and opens again if not', async () => {
    const world = worldWith(1);
    let beats = 0;
    const stages = new FakeStages({
      heartbeat: () => {
        if (++beats === 2) throw stageError('not-connected', 'gone', { hook: 'heartbeat' });
      },
    });
    const pipe = world.start(pipeRequest({ heartbeatMs: 1000 }), stages);
    await world.until(() => stages.delivered.length === 1);
    await world.timeline.run(5500);
    expect(beats).toBeGreaterThanOrEqual(4);
    expect(pipe.ended).toBeUndefined();
    expect([stages.opened, stages.closed]).toEqual([2, 1]);
    await pipe.stop();
  });

  it('needs nothing from its brokers when no stream matches, until one does', async () => {
    const world = worldWith(2);
    const stages = new FakeStages();
    const request = pipeRequest();
    const pipe = world.start({ ...request, streams: [] }, stages);
    await world.until(() => pipe.isReady);
    expect(pipe.task.statistics()).toMatchObject({ state: 'running', remainingEvents: 0 });
    pipe.task.setStreams(request.streams);
    await world.until(() => stages.delivered.length === 2);
    pipe.task.setStreams([]);
    await world.timeline.run(3000);
    world.write('s', 0, numbers(2, 4));
    await world.timeline.run(3000);
    expect(stages.delivered).toHaveLength(2);
    await pipe.stop();
  });
});

describe('stopping', () => {
  it('waits for what is under way, and commits it', async () => {
    const world = worldWith(0);
    let go: () => void = () => {};
    const stages = new FakeStages({
      transfer: () =>
        new Promise<void>((resolve) => {
          go = resolve;
        }),
    });
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.isReady);
    world.write('s', 0, numbers(0, 2));
    await world.timeline.run(500);
    pipe.task.stop();
    await world.timeline.run(500);
    expect(pipe.ended).toBeUndefined();
    go();
    await world.until(() => pipe.ended !== undefined);
    expect([pipe.ended, world.committed('s')]).toEqual([{ error: null }, 2]);
  });

  it('gives up what takes too long: it is sent again', async () => {
    const world = worldWith(2);
    const stages = new FakeStages({ transfer: () => new Promise<void>(() => {}) });
    const pipe = world.start(pipeRequest(), stages);
    await world.timeline.run(500);
    const beforeMs = world.timeline.nowMs;
    await pipe.stop();
    expect(world.timeline.nowMs - beforeMs).toBeLessThan(15_000);
    expect([pipe.ended, world.committed('s'), stages.closed]).toEqual([{ error: null }, 0, 1]);
  });

  it('does not wait for a target that is away', async () => {
    const world = worldWith(2);
    const stages = new FakeStages({
      transfer: () => {
        throw stageError('not-connected', 'gone');
      },
    });
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.task.statistics().state === 'waiting');
    const beforeMs = world.timeline.nowMs;
    await pipe.stop();
    expect(world.timeline.nowMs - beforeMs).toBeLessThan(1000);
  });
});
