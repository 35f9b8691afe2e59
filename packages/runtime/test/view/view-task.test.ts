import { MillraceError } from '@millrace/core';
import type { GroupMember, GroupOptions } from '@millrace/kafka-client';
import { describe, expect, it } from 'vitest';
import { LoneView } from './lone-view.ts';
import { Machine } from './simulation/machine.ts';

/** How many transactions have written to the changelog. */
const commitsOf = ({ cluster, request }: LoneView) =>
  cluster.log(request.changelogTopic, 0).batches.filter(({ isMarker }) => isMarker).length;

describe('a view commits', () => {
  it('where it begins, and nothing more while nothing comes', async () => {
    const lone = new LoneView(1);
    const started = lone.start();
    await lone.timeline.run(200);
    expect([started.isReady, started.state, commitsOf(lone)]).toEqual([true, 'running', 1]);
    await lone.timeline.run(60_000);
    expect(commitsOf(lone)).toBe(1);
    expect(await lone.stop(started)).toBeLessThan(100);
    expect([started.error, started.state, commitsOf(lone)]).toEqual([undefined, 'stopped', 1]);
  });

  it('not more often than its interval says, and all at its end', async () => {
    const lone = new LoneView(0, { commitIntervalMs: 100 });
    const started = lone.start();
    await lone.timeline.run(200);
    for (let i = 0; i < 100; i++) {
      lone.write(1);
      await lone.timeline.run(10);
    }
    expect(commitsOf(lone)).toBeGreaterThan(5);
    expect(commitsOf(lone)).toBeLessThan(12);
    await lone.timeline.run(20);
    await lone.stop(started);
    await lone.timeline.run(20);
    expect(lone.written).toBe(100);
  });

  it('again where it was, with the same figures', async () => {
    const lone = new LoneView(2);
    lone.write();
    expect(await lone.runThrough()).toBeUndefined();
    const before = lone.written;
    const started = lone.start();
    await lone.timeline.run(500);
    const committed = [
      { topic: 's', partition: 0, offset: 30 },
      { topic: 's', partition: 1, offset: 30 },
    ];
    expect(started.task.statistics().view?.committed).toEqual(committed);
    await lone.stop(started);
    expect(started.task.statistics().view?.committed).toEqual(committed);
    expect(lone.written).toBe(before);
  });
});

describe('a view whose brokers are away', () => {
  it('waits, tries less and less often, and goes on', async () => {
    const lone = new LoneView(0);
    const started = lone.start();
    await lone.timeline.run(200);
    lone.cluster.isAway = true;
    lone.write();
    await lone.timeline.run(5000);
    expect(started.state).toBe('waiting');
    await lone.timeline.run(300_000);
    const { view } = started.task.statistics();
    expect(view!.restarts).toBeLessThan(40);
    lone.cluster.isAway = false;
    lone.cluster.changed();
    await lone.timeline.run(15_000);
    expect(started.state).toBe('running');
    await lone.stop(started);
    expect(lone.written).toBe(60);
  });

  it('stops at once, though it may be told so twice', async () => {
    for (const afterMs of [0, 1, 5, 900, 1700]) {
      const lone = new LoneView(1);
      const started = lone.start();
      lone.cluster.isAway = true;
      await lone.timeline.run(afterMs);
      started.task.stop();
      // Its group is told that it leaves, as long as a request is tried.
      expect(await lone.stop(started)).toBeLessThan(4000);
      expect([started.error, started.state]).toEqual([undefined, 'stopped']);
    }
  });

  it('stops at once while it reads its state back', async () => {
    const lone = new LoneView(1);
    lone.write();
    await lone.runThrough();
    for (const afterMs of [2, 4, 6, 8, 10, 12, 14]) {
      const started = lone.start();
      await lone.timeline.run(afterMs);
      lone.cluster.isAway = true;
      expect(await lone.stop(started)).toBeLessThan(4000);
      expect([started.error, started.state]).toEqual([undefined, 'stopped']);
      lone.cluster.isAway = false;
      await lone.timeline.run(2000);
    }
  });
});

describe('a view whose source drops records while it sleeps', () => {
  /** The first twenty records of a partition are gone when it wakes up. */
  async function cutWhileAsleep(onLostData: 'stop' | 'continue') {
    const lone = new LoneView(0, { onLostData });
    const started = lone.start();
    await lone.timeline.run(200);
    started.machine.clock.freeze();
    lone.write();
    lone.cluster.log('s', 0).truncate(20);
    started.machine.clock.thaw();
    await lone.timeline.run(5000, () => started.isDone);
    return { lone, started };
  }

  it('ends and says what was lost', async () => {
    const { started } = await cutWhileAsleep('stop');
    const details = { topic: 's', partition: 0, offset: 0, earliest: 20, isLost: true };
    expect(started.error).toMatchObject({ code: 'KAFKA_OFFSET_OUT_OF_RANGE', details });
    expect(started.error!.message).toContain('has lost 20 records that were not read');
    expect(started.state).toBe('failed');
  });

  it('goes on behind them where that is wanted', async () => {
    const { lone, started } = await cutWhileAsleep('continue');
    expect([started.error, started.state]).toEqual([undefined, 'running']);
    await lone.stop(started);
    expect(lone.written).toBe(40);
  });

  it('ends where the log is not the one that it has read', async () => {
    const lone = new LoneView(0, { onLostData: 'continue' });
    lone.write();
    await lone.runThrough();
    lone.cluster.createTopic('s', 2);
    lone.write(4);
    expect((await lone.runThrough())?.message).toContain('it is not the same log any more');
    expect(lone.written).toBe(60);
  });
});

describe('a view', () => {
  it('ends with what its group has ended with, though nothing is to be committed', async () => {
    class Excluded extends Machine {
      options: GroupOptions | undefined;

      override joinGroup(options: GroupOptions): GroupMember {
        this.options = options;
        return super.joinGroup(options);
      }
    }
    const lone = new LoneView(0);
    const machine = new Excluded(lone.cluster, 0);
    const started = lone.start(machine);
    await lone.timeline.run(500);
    expect(started.state).toBe('running');
    machine.options!.onFailed!(new MillraceError('KAFKA_FENCED', 'another has its place', { retryable: false }));
    await lone.timeline.run(5000, () => started.isDone);
    expect([started.error?.message, started.state]).toEqual(['another has its place', 'failed']);
  });

  it('waits for the topic that it writes to, and names it', async () => {
    const lone = new LoneView(0);
    const started = lone.start();
    await lone.timeline.run(500);
    lone.cluster.deleteTopic(lone.view.target);
    lone.write();
    await lone.timeline.run(2000);
    expect(started.state).toBe('waiting');
    expect(started.task.statistics().view?.lastError).toContain(lone.view.target);
    lone.cluster.createTopic(lone.view.target, 1);
    await lone.timeline.run(20_000);
    await lone.stop(started);
    expect(lone.written).toBe(60);
  });

  it('stands by while another server runs it, and goes on when that one stops', async () => {
    const lone = new LoneView(0);
    const first = lone.start();
    await lone.timeline.run(100);
    Object.assign(lone.request, { instanceId: 'other' });
    const second = lone.start();
    lone.write();
    await lone.timeline.run(500);
    expect([first.state, second.state, second.isReady]).toEqual(['running', 'standby', true]);
    await lone.stop(first);
    lone.write();
    await lone.timeline.run(500);
    expect(second.state).toBe('running');
    await lone.stop(second);
    expect(lone.written).toBe(120);
  });

  it('that fails for good says so, whatever its group does', async () => {
    const lone = new LoneView(0, { deadLetterTopic: null });
    const started = lone.start();
    await lone.timeline.run(100);
    lone.cluster.append('s', 1, [{ timestampMs: 0, value: Buffer.from('nonsense') }]);
    await lone.timeline.run(5000, () => started.isDone);
    expect(started.error).toMatchObject({ code: 'DATA_UNDECODABLE', details: { topic: 's', partition: 1, offset: 0 } });
    expect([started.state, started.task.statistics().view?.lastError]).toEqual(['failed', started.error!.message]);
  });
});
