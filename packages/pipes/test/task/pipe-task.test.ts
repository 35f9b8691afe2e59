import { MillraceError } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { FakeStages } from '../fake-stages.ts';
import { pipeRequest, wholeSelection } from '../pipe-request.ts';
import { PipeWorld } from '../pipe-world.ts';
import { stageError } from '../stage-error.ts';
import { streamDefinition } from '../stream-definition.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ value: { v: from + i } }));
const valuesOf = (stages: FakeStages) => stages.delivered.map(({ row }) => row['v']);

describe('a pipe', () => {
  it('delivers what was there and what comes, and commits behind it', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 3));
    const stages = new FakeStages();
    const pipe = world.start(pipeRequest({ boundaries: { s: [3] } }), stages);
    await world.until(() => stages.delivered.length === 3);
    world.write('s', 0, numbers(3, 5));
    await world.until(() => stages.delivered.length === 5);
    await pipe.stop();
    expect(pipe.ended).toEqual({ error: null });
    expect(valuesOf(stages)).toEqual([0, 1, 2, 3, 4]);
    expect(stages.delivered.map(({ isHistorical }) => isHistorical)).toEqual([true, true, true, false, false]);
    expect(world.committed('s')).toBe(5);
    expect(stages.closed).toBe(1);
  });

  it('goes on behind what is committed', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 3));
    const first = new FakeStages();
    const before = world.start(pipeRequest(), first);
    await world.until(() => first.delivered.length === 3);
    await before.stop();
    world.write('s', 0, numbers(3, 4));
    const second = new FakeStages();
    const after = world.start(pipeRequest(), second);
    await world.until(() => second.delivered.length === 1);
    await after.stop();
    expect(valuesOf(second)).toEqual([3]);
  });

  it('without history begins where it ended at CREATE, not where it is started', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 5));
    const stages = new FakeStages();
    const pipe = world.start(pipeRequest({ selection: { ...wholeSelection, history: null }, boundaries: { s: [3] } }), stages);
    await world.until(() => stages.delivered.length === 2);
    await pipe.stop();
    expect(valuesOf(stages)).toEqual([3, 4]);
  });

  it('without realtime ends at the boundary, and stays', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 5));
    const stages = new FakeStages();
    const pipe = world.start(pipeRequest({ selection: { ...wholeSelection, realtime: false }, boundaries: { s: [3] } }), stages);
    await world.until(() => world.committed('s') === 3);
    world.write('s', 0, numbers(5, 9));
    await world.timeline.run(5000);
    expect(pipe.ended).toBeUndefined();
    expect(pipe.task.statistics()).toMatchObject({ state: 'running', remainingEvents: 0 });
    await pipe.stop();
    expect(valuesOf(stages)).toEqual([0, 1, 2]);
  });

  it('moves on over records that its pattern does not choose', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 5));
    const stages = new FakeStages();
    const pipe = world.start(pipeRequest({ selection: { ...wholeSelection, pattern: 'root.s.nothing' } }), stages);
    await world.until(() => world.committed('s') === 5);
    await pipe.stop();
    expect(stages.delivered).toEqual([]);
  });

  it('takes in a stream that is created later', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 2));
    const stages = new FakeStages();
    const request = pipeRequest();
    const pipe = world.start(request, stages);
    await world.until(() => stages.delivered.length === 2);
    world.cluster.createTopic('t', 1);
    world.write('t', 0, numbers(7, 9));
    pipe.task.setStreams([...request.streams, streamDefinition('t', { v: 'int32' })]);
    await world.until(() => stages.delivered.length === 4);
    await pipe.stop();
    expect(stages.delivered.slice(2).map(({ topic, isHistorical, row }) => [topic, isHistorical, row['v']])).toEqual([
      ['t', false, 7],
      ['t', false, 8],
    ]);
  });

  it('takes in streams that come while it takes in others', async () => {
    const world = new PipeWorld();
    const names = ['s', 't', 'u'];
    for (const name of names) world.cluster.createTopic(name, 1);
    const streams = names.map((name) => streamDefinition(name, { v: 'int32' }));
    const pipe = world.start(pipeRequest({ streams: streams.slice(0, 1) }), new FakeStages());
    await world.until(() => pipe.isReady);
    pipe.machine.onLeave = () => pipe.task.setStreams(streams);
    pipe.task.setStreams(streams.slice(0, 2));
    for (const name of names) world.write(name, 0, numbers(5, 6));
    await world.until(() => names.every((name) => world.committed(name) === 1));
    await pipe.stop();
  });

  it.each(['while it runs', 'while it is stopped'])('reads a stream from its beginning that was dropped and made anew %s', async (when) => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 5));
    const stages = new FakeStages();
    const request = pipeRequest({ boundaries: { s: [5] }, selection: { ...wholeSelection, history: null } });
    let pipe = world.start(request, stages);
    await world.until(() => pipe.isReady);
    world.write('s', 0, numbers(5, 6));
    await world.until(() => world.committed('s') === 6);
    if (when === 'while it runs') {
      pipe.task.setStreams([]);
      await world.timeline.run(1000);
    } else await pipe.stop();
    world.cluster.deleteTopic('s');
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(10, 22));
    if (when === 'while it runs') pipe.task.setStreams(request.streams);
    else pipe = world.start(request, stages);
    await world.until(() => stages.delivered.length === 13);
    await pipe.stop();
    expect(valuesOf(stages)).toEqual([5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
    expect(new Set(stages.delivered.map(({ isHistorical }) => isHistorical))).toEqual(new Set([false]));
  });

  it('keeps sending deletions, with their keys', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, [
      { key: 'a', value: { v: 1 } },
      { key: 'a', value: null },
      { key: 'b', value: { v: 2 } },
    ]);
    const stages = new FakeStages();
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => stages.delivered.length === 3);
    await pipe.stop();
    expect(stages.delivered.map(({ kind, key, row }) => [kind, key, row['v']])).toEqual([
      ['rows', 'a', 1],
      ['delete', 'a', undefined],
      ['rows', 'b', 2],
    ]);
  });

  it('does not send what came through a pipe, unless it forwards, and then not what was here', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    const through = (clusters: string) => ({ 'millrace.clusters': clusters });
    world.write('s', 0, [
      { value: { v: 1 } },
      { value: { v: 2 }, headers: through('there') },
      { value: { v: 3 }, headers: through('there,here') },
    ]);
    const plain = new FakeStages();
    const first = world.start(pipeRequest(), plain);
    await world.until(() => world.committed('s') === 3);
    expect(first.task.statistics().loops).toBe(2);
    await first.stop();
    const forwarding = new FakeStages();
    const selection = { ...wholeSelection, forwardsPipeRecords: true };
    const second = world.start(pipeRequest({ pipe: 'q', groupId: 'millrace.pipe.q', selection }), forwarding);
    await world.until(() => world.committed('s', 0, 'millrace.pipe.q') === 3);
    await second.stop();
    expect(valuesOf(plain)).toEqual([1]);
    expect(valuesOf(forwarding)).toEqual([1, 2]);
  });

  it('says what was lost when the log has dropped records that it has not sent', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 2));
    const stages = new FakeStages();
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => world.committed('s') === 2);
    await pipe.stop();
    world.write('s', 0, numbers(2, 10));
    world.cluster.log('s', 0).truncate(6);
    const again = world.start(pipeRequest(), stages);
    await world.until(() => again.ended !== undefined);
    const error = again.ended!.error as MillraceError;
    expect(error.code).toBe('KAFKA_OFFSET_OUT_OF_RANGE');
    expect(error.message).toContain('4 records that were not read: those from offset 2 to 5');
    expect(error.hint).toContain('drop the pipe');
  });

  it('waits for brokers that are away, and loses nothing', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    const stages = new FakeStages();
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.isReady);
    world.cluster.isAway = true;
    await world.timeline.run(20_000);
    world.write('s', 0, numbers(0, 4));
    world.cluster.isAway = false;
    await world.until(() => world.committed('s') === 4);
    await pipe.stop();
    expect(new Set(valuesOf(stages))).toEqual(new Set([0, 1, 2, 3]));
  });
});

describe('a pipe whose connector fails', () => {
  it('tries again when the target is away, and says that it waits', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 2));
    let failures = 3;
    const stages = new FakeStages({
      transfer: () => {
        if (failures-- > 0) throw stageError('not-connected', 'connection refused');
      },
    });
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.task.statistics().state === 'waiting');
    expect(pipe.task.statistics().lastError).toBe('connection refused');
    await world.until(() => world.committed('s') === 2);
    // 1 + 2 + 3 s.
    expect(world.timeline.nowMs).toBeGreaterThan(6000);
    expect(pipe.task.statistics()).toMatchObject({ state: 'running', connector: { retries: 3, errors: 3 } });
    await pipe.stop();
    expect(stages.opened).toBe(4);
    expect(valuesOf(stages)).toEqual([0, 1]);
  });

  it('stops after five tries to reach the target, at the first record that is not delivered', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 2));
    const stages = new FakeStages();
    const first = world.start(pipeRequest(), stages);
    await world.until(() => world.committed('s') === 2);
    await first.stop();
    world.write('s', 0, numbers(2, 4));
    const down = new FakeStages({
      transfer: () => {
        throw stageError('not-connected', 'connection refused');
      },
    });
    const second = world.start(pipeRequest(), down);
    await world.until(() => second.ended !== undefined);
    const error = second.ended!.error as MillraceError;
    expect(error.code).toBe('PIPE_FAILED');
    expect(error.message).toBe('connection refused (s, partition 0, offset 2)');
    expect(error.details).toMatchObject({ stage: 'connector', plugin: 'fake-connector', hook: 'transfer', cause: 'not-connected' });
    expect(world.committed('s')).toBe(2);
    expect(down.opened).toBe(6);
  });

  it('stops at once when the watchdog has ended the call', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 2));
    let calls = 0;
    const stages = new FakeStages({
      transfer: () => {
        calls++;
        throw stageError('timeout', 'the plugin fake-connector failed in transfer: it took longer than 30 s');
      },
    });
    const pipe = world.start(pipeRequest({ onError: 'dead-letter' }), stages);
    await world.until(() => pipe.ended !== undefined);
    expect((pipe.ended!.error as MillraceError).message).toContain('longer than 30 s');
    expect(calls).toBe(1);
  });

  it('opens again and counts nothing when a neighbour was to blame', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 2));
    let failures = 20;
    const stages = new FakeStages({
      transfer: () => {
        if (failures-- > 0) throw stageError('neighbour', 'another pipe was to blame');
      },
    });
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => world.committed('s') === 2);
    expect(pipe.task.statistics().connector).toMatchObject({ retries: 0, errors: 0 });
    await pipe.stop();
  });

  it('tries the same event five times when it throws, then stops with all before it delivered', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 5));
    const tries: number[] = [];
    const stages = new FakeStages({
      transfer: (batch, attempt) => {
        const { offsets, count } = batch.records;
        const row = [...offsets.subarray(0, count)].indexOf(3);
        if (row < 0) return;
        tries.push(attempt);
        throw stageError('bad-record', 'no such column', { row });
      },
    });
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.ended !== undefined);
    expect(tries).toEqual([1, 2, 3, 4, 5]);
    expect((pipe.ended!.error as MillraceError).details).toMatchObject({ topic: 's', partition: 0, offset: 3 });
    expect(world.committed('s')).toBe(3);
  });

  it('passes over a record that cannot be delivered, which is kept with its origin', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, [...numbers(0, 3), { key: 'k', value: { v: 3 }, headers: { own: 'yes' } }, ...numbers(4, 8)]);
    const taken: number[] = [];
    const stages = new FakeStages({
      transfer: (batch) => {
        const offsets = [...batch.records.offsets.subarray(0, batch.records.count)];
        const row = offsets.indexOf(3);
        taken.push(...(row < 0 ? offsets : offsets.slice(0, row)));
        if (row >= 0) throw stageError('bad-record', 'value out of range', { row });
      },
    });
    const pipe = world.start(pipeRequest({ onError: 'dead-letter' }), stages);
    await world.until(() => world.committed('s') === 8);
    await pipe.stop();
    expect(taken).toEqual([0, 1, 2, 4, 5, 6, 7]);
    const [letter, ...rest] = world.read('millrace.dlq.pipe.p');
    expect(rest).toEqual([]);
    expect([letter!.key?.toString(), letter!.value?.toString()]).toEqual(['k', '{"v":3}']);
    expect(letter!.headers.map(({ key, value }) => [key, value?.toString()])).toEqual([
      ['own', 'yes'],
      ['millrace.topic', 's'],
      ['millrace.partition', '0'],
      ['millrace.offset', '3'],
      ['millrace.timestamp', '1000'],
      ['millrace.pipe', 'p'],
      ['millrace.stage', 'connector'],
      ['millrace.plugin', 'fake-connector'],
      ['millrace.error', 'value out of range'],
    ]);
    expect(pipe.task.statistics().deadLetters).toBe(1);
  });

  it('stops with a record that its topic of dead letters does not take', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, [{ value: { v: 1 } }]);
    const stages = new FakeStages({
      transfer: () => {
        throw stageError('bad-record', 'no', { row: 0 });
      },
    });
    const pipe = world.start(pipeRequest({ onError: 'dead-letter' }), stages);
    pipe.machine.mostBytes = 1;
    await world.until(() => pipe.ended !== undefined);
    expect((pipe.ended!.error as MillraceError).code).toBe('KAFKA_RECORD_TOO_LARGE');
    expect(world.committed('s')).toBe(0);
  });

  it('looks for the record that a whole batch fails for, if it may be left out', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 100));
    const stages = new FakeStages({
      transfer: (batch) => {
        const offsets = [...batch.records.offsets.subarray(0, batch.records.count)];
        if (offsets.some((offset) => offset === 17 || offset === 80)) throw stageError('error', 'the batch was refused');
      },
    });
    const pipe = world.start(pipeRequest({ onError: 'dead-letter' }), stages);
    await world.until(() => world.committed('s') === 100);
    await pipe.stop();
    expect(stages.delivered.map(({ offset }) => offset)).toEqual(
      Array.from({ length: 100 }, (_, i) => i).filter((i) => i !== 17 && i !== 80),
    );
    expect(world.read('millrace.dlq.pipe.p').map(({ value }) => value!.toString())).toEqual(['{"v":17}', '{"v":80}']);
  });
});

describe('a pipe whose processor fails', () => {
  it('is called five times with the record, then stops there; everything before it is delivered', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 9));
    const tries: number[] = [];
    const stages = new FakeStages({
      process: (batch, attempt) => {
        const row = [...batch.records.offsets.subarray(0, batch.records.count)].indexOf(6);
        if (row < 0) return { batches: [batch], stateChanges: new Map() };
        tries.push(attempt);
        throw stageError('error', 'the plugin fake-processor failed in map: oh', { hook: 'map', plugin: 'fake-processor', row });
      },
    });
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.ended !== undefined);
    expect(tries).toEqual([1, 2, 3, 4, 5]);
    expect(valuesOf(stages)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(world.committed('s')).toBe(6);
    expect((pipe.ended!.error as MillraceError).details).toMatchObject({ stage: 'processor', hook: 'map', offset: 6 });
    const fixed = new FakeStages();
    const again = world.start(pipeRequest(), fixed);
    await world.until(() => fixed.delivered.length === 3);
    await again.stop();
    expect(valuesOf(fixed)).toEqual([6, 7, 8]);
  });

  it('finds the record by itself if the plugin does not name it', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, numbers(0, 50));
    const stages = new FakeStages({
      process: (batch) => {
        if ([...batch.records.offsets.subarray(0, batch.records.count)].includes(31))
          throw stageError('error', 'oh', { plugin: 'fake-processor' });
        return { batches: [batch], stateChanges: new Map() };
      },
    });
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.ended !== undefined);
    expect((pipe.ended!.error as MillraceError).details).toMatchObject({ stage: 'processor', offset: 31 });
    expect(valuesOf(stages)).toEqual(Array.from({ length: 31 }, (_, i) => i));
    expect(world.committed('s')).toBe(31);
  });
});

describe('a record that cannot be decoded', () => {
  it('stops the pipe with what is wrong, after everything before it', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, [...numbers(0, 2), { value: '{"v":' }, ...numbers(3, 5)]);
    const stages = new FakeStages();
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.ended !== undefined);
    const error = pipe.ended!.error as MillraceError;
    expect(error.message).toMatch(/^the record cannot be decoded: .* \(s, partition 0, offset 2\)$/);
    expect(error.details).toMatchObject({ stage: 'extractor', plugin: 'fake-extractor', offset: 2 });
    expect(valuesOf(stages)).toEqual([0, 1]);
    expect(world.committed('s')).toBe(2);
  });

  it('is kept aside if the pipe may pass over it', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    world.write('s', 0, [...numbers(0, 2), { value: '{"v":' }, ...numbers(3, 5)]);
    const stages = new FakeStages();
    const pipe = world.start(pipeRequest({ onError: 'dead-letter' }), stages);
    await world.until(() => world.committed('s') === 5);
    await pipe.stop();
    expect(valuesOf(stages)).toEqual([0, 1, 3, 4]);
    expect(world.read('millrace.dlq.pipe.p').map(({ value }) => value!.toString())).toEqual(['{"v":']);
  });
});

describe('a member that fails', () => {
  it('joins again if the failure passes', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    const stages = new FakeStages();
    const pipe = world.start(pipeRequest(), stages);
    await world.until(() => pipe.isReady);
    pipe.machine.failMember(new MillraceError('KAFKA_FENCED', 'another has the id'));
    world.write('s', 0, numbers(0, 2));
    await world.until(() => world.committed('s') === 2);
    expect(pipe.task.statistics()).toMatchObject({ state: 'running', lastError: 'another has the id' });
    await pipe.stop();
  });

  it('ends the pipe if it does not', async () => {
    const world = new PipeWorld();
    world.cluster.createTopic('s', 1);
    const pipe = world.start(pipeRequest(), new FakeStages());
    await world.until(() => pipe.isReady);
    pipe.machine.failMember(new MillraceError('KAFKA_AUTHENTICATION_FAILED', 'no'));
    await world.until(() => pipe.ended !== undefined);
    expect((pipe.ended!.error as MillraceError).code).toBe('KAFKA_AUTHENTICATION_FAILED');
  });
});
