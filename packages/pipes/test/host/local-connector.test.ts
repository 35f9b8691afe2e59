import { BadRecord, NotConnected, Retryable } from '@millrace/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { deleteBatch, rowsBatch } from './event-batches.ts';
import { failureOf } from './failure-of.ts';
import { localStages, never, stageRequest } from './open-stages.ts';
import { target, targets } from './plugins/connectors.ts';

afterEach(() => targets.clear());

const batch = rowsBatch({ v: ['int32', [1, 2]] }, { clusters: ['there'] });

const request = (name: string, pipe = 'p', exportName = 'ordered', more: Record<string, string> = {}) =>
  stageRequest('connector', exportName, { target: name, ...more }, { pipe });

describe('a connector', () => {
  it('gets the rows, and the clusters that they have passed, this one last', async () => {
    const stage = await localStages().openConnector(request('a'), never);
    await stage.transfer(batch, 2, undefined);
    const { events, contexts } = target('a');
    expect(events[0]!.rows).toEqual([{ v: 1 }, { v: 2 }]);
    expect(events[0]!.json(1)).toBe('{"v":2}');
    expect(contexts[0]).toMatchObject({ pipe: 'p', attempt: 2, clusters: ['there', 'here'], transaction: undefined });
  });

  it('is opened once for pipes with equal attributes, whatever their order, and closed by the last', async () => {
    const stages = localStages();
    const [one, two] = await Promise.all([
      stages.openConnector(stageRequest('connector', 'ordered', { target: 'a', other: 'x' }, { pipe: 'p1' }), never),
      stages.openConnector(stageRequest('connector', 'ordered', { other: 'x', target: 'a' }, { pipe: 'p2' }), never),
    ]);
    await one.transfer(batch, 1, undefined);
    await one.close();
    await one.close();
    await two.transfer(batch, 1, undefined);
    expect(target('a').calls).toEqual(['open', 'transfer', 'transfer']);
    await two.close();
    expect(target('a').calls).toEqual(['open', 'transfer', 'transfer', 'close']);
  });

  it('is another one for other attributes', async () => {
    const stages = localStages();
    await stages.openConnector(request('a'), never);
    await stages.openConnector(request('a', 'p', 'ordered', { other: 'x' }), never);
    expect(target('a').calls).toEqual(['open', 'open']);
  });

  it('is opened anew once for all that share it when its connection is lost', async () => {
    const stages = localStages();
    const pipes = ['p1', 'p2', 'p3'];
    const old = await Promise.all(pipes.map((pipe) => stages.openConnector(request('a', pipe), never)));
    target('a').next = new NotConnected('gone');
    expect((await failureOf(old[0]!.transfer(batch, 1, undefined))).details).toMatchObject({ cause: 'not-connected', hook: 'transfer' });
    target('a').next = undefined;
    const neighbours = await Promise.all([1, 2].map((i) => failureOf(old[i]!.transfer(batch, 1, undefined))));
    expect(neighbours.map(({ details }) => details['cause'])).toEqual(['not-connected', 'not-connected']);
    const renewed = await Promise.all(
      pipes.map(async (pipe, i) => {
        await old[i]!.close();
        return stages.openConnector(request('a', pipe), never);
      }),
    );
    await Promise.all(renewed.map((stage) => stage.transfer(batch, 1, undefined)));
    expect(target('a').calls).toEqual(['open', 'transfer', 'close', 'open', 'transfer', 'transfer', 'transfer']);
  });

  it('keeps the failure of one pipe from its neighbours', async () => {
    const stages = localStages();
    const [one, two] = await Promise.all(['p1', 'p2'].map((pipe) => stages.openConnector(request('a', pipe), never)));
    target('a').next = new Error('poison');
    expect((await failureOf(one!.transfer(batch, 1, undefined))).details).toEqual({ cause: 'error', plugin: 'ordered', hook: 'transfer' });
    target('a').next = undefined;
    await two!.transfer(batch, 1, undefined);
    expect(target('a').calls).toEqual(['open', 'transfer', 'transfer']);
  });

  it('tells everybody who waits for the handshake that it has failed, and tries again for the next', async () => {
    const stages = localStages();
    target('a').opening = new NotConnected('refused');
    const failures = await Promise.all(['p1', 'p2'].map((pipe) => failureOf(stages.openConnector(request('a', pipe), never))));
    expect(failures.map(({ message }) => message)).toEqual(Array(2).fill('the plugin ordered failed in open: refused'));
    expect(failures[0]!.retryable).toBe(true);
    target('a').opening = undefined;
    await stages.openConnector(request('a'), never);
    expect(target('a').calls).toEqual(['open', 'open']);
  });

  it('is not waited for longer than the signal says, and closed if it opens later', async () => {
    const opening = Promise.withResolvers<void>();
    target('a').opening = opening.promise;
    const stop = new AbortController();
    const opened = failureOf(localStages().openConnector(request('a'), stop.signal));
    stop.abort(new Error('stopped'));
    expect((await opened).message).toBe('the plugin ordered failed in open: stopped');
    opening.resolve();
    await expect.poll(() => target('a').calls).toEqual(['open', 'close']);
  });

  it('gets one event at a time if it is ordered, also of several pipes, and some if it is not', async () => {
    const stages = localStages();
    for (const [exportName, most] of [
      ['ordered', 1],
      ['unordered', 3],
    ] as const) {
      const pipes = await Promise.all([1, 2].map((pipe) => stages.openConnector(request(exportName, `p${pipe}`, exportName), never)));
      const gate = Promise.withResolvers<void>();
      target(exportName).wait = gate.promise;
      const sent = [1, 2, 3].flatMap(() => pipes.map((stage) => stage.transfer(batch, 1, undefined)));
      gate.resolve();
      await Promise.all(sent);
      expect(target(exportName).mostAtOnce).toBe(most);
      expect(pipes.map(({ order, concurrency }) => [order, concurrency])).toEqual(Array(2).fill([exportName, most]));
    }
  });

  it('says by its error what is to be done', async () => {
    const stage = await localStages().openConnector(request('a'), never);
    target('a').next = new BadRecord(1, 'too long');
    expect((await failureOf(stage.transfer(batch, 1, undefined))).details).toMatchObject({ cause: 'bad-record', row: 1 });
    target('a').next = new BadRecord(2, 'too long');
    const beyond = await failureOf(stage.transfer(batch, 1, undefined));
    expect(beyond.details).toEqual({ cause: 'error', plugin: 'ordered', hook: 'transfer' });
    expect(beyond.message).toBe('the plugin ordered failed in transfer: too long (BadRecord names the row 2, which is not there)');
    target('a').next = new Retryable('busy', { afterMs: 70 });
    expect((await failureOf(stage.transfer(batch, 1, undefined))).details).toMatchObject({ cause: 'retryable', afterMs: 70 });
    target('a').next = 'text' as unknown as Error;
    expect((await failureOf(stage.transfer(batch, 1, undefined))).message).toBe("the plugin ordered failed in transfer: 'text'");
  });

  it('gets deletions if it takes them, and names the one that failed', async () => {
    await (await localStages().openConnector(request('a'), never)).transfer(deleteBatch(1), 1, undefined);
    expect(target('a').calls).toEqual(['open']);
    const stage = await localStages().openConnector(request('b', 'p', 'deleting'), never);
    const failed = await failureOf(stage.transfer(deleteBatch(3), 1, undefined));
    expect(failed.details).toEqual({ cause: 'error', plugin: 'deleting', hook: 'delete', row: 1 });
    expect(target('b').calls).toEqual(['open', 'delete k0']);
  });

  it('is asked whether its target is there', async () => {
    const stage = await localStages().openConnector(request('a'), never);
    await stage.heartbeat();
    expect(target('a').calls).toEqual(['open', 'heartbeat']);
  });

  it('is refused with every attribute that is wrong', async () => {
    const failed = await failureOf(localStages().openConnector(stageRequest('connector', 'ordered', { wrong: '1' }), never));
    expect(failed.code).toBe('PIPE_ATTRIBUTES_INVALID');
    expect(failed.details['problems']).toHaveLength(2);
  });
});
