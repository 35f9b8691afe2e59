import { FakeClock, SeededRandom, silentLogger } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { GroupCoordinator, type GroupCoordinatorOptions } from '../src/group/group-coordinator.ts';
import type { JoinResult } from '../src/group/member.ts';
import { MemoryDisk } from './memory-disk.ts';

const dayMs = 24 * 60 * 60 * 1000;

class Coordinator {
  readonly clock = new FakeClock(1000);
  readonly random = new SeededRandom(1);
  readonly disk = new MemoryDisk(this.random);
  groups: GroupCoordinator;

  constructor(options: Partial<GroupCoordinatorOptions> = {}) {
    this.groups = this.#open(options);
  }

  #open(options: Partial<GroupCoordinatorOptions>): GroupCoordinator {
    const never = Number.POSITIVE_INFINITY;
    const groups = new GroupCoordinator(
      { disk: this.disk, clock: this.clock, random: this.random, logger: silentLogger },
      {
        directory: 'groups',
        logSettings: { segmentBytes: 1e6, segmentMs: never, flushMessages: never, flushMs: never },
        sessionTimeoutMinMs: 1000,
        sessionTimeoutMaxMs: 60_000,
        initialRebalanceDelayMs: 0,
        offsetsRetentionMs: 7 * dayMs,
        ...options,
      },
    );
    groups.open();
    return groups;
  }

  restart(): void {
    this.groups.abandon();
    this.groups = this.#open({});
  }

  join(
    memberId: string,
    options: { instanceId?: string; version?: number; protocols?: string[]; metadata?: string } = {},
  ): Promise<JoinResult> {
    const { instanceId = null, version = 9, protocols = ['range'], metadata = '' } = options;
    return this.groups.join('g', {
      memberId,
      protocolType: 'consumer',
      requiresKnownMemberId: version >= 4,
      canSkipAssignment: version >= 9,
      traits: {
        instanceId,
        clientId: 'c',
        clientHost: '/127.0.0.1',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 30_000,
        protocols: protocols.map((name) => ({ name, metadata: Buffer.from(metadata) })),
      },
    });
  }

  /** Joins twice, as a client that is first told its id. */
  async joinNew(options: Parameters<Coordinator['join']>[1] = {}): Promise<{ id: string; joined: Promise<JoinResult> }> {
    const { memberId: id } = await this.join('', options);
    return { id, joined: this.join(id, options) };
  }

  sync(memberId: string, generation: number, assignments: Record<string, string> = {}, instanceId: string | null = null) {
    return this.groups.sync('g', {
      memberId,
      instanceId,
      generation,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
    });
  }

  /** A stable group of one member. */
  async stable(options: Parameters<Coordinator['join']>[1] = {}) {
    let id: string;
    let joined: Promise<JoinResult>;
    if (options.instanceId === undefined) ({ id, joined } = await this.joinNew(options));
    else {
      joined = this.join('', options);
      id = (await joined).memberId;
    }
    const { generation } = await joined;
    await this.sync(id, generation, { [id]: 'mine' }, options.instanceId ?? null);
    return { id, generation };
  }

  heartbeat(memberId: string, generation: number, instanceId: string | null = null) {
    return this.groups.heartbeat('g', memberId, instanceId, generation);
  }

  commit(partition: number, offset: number) {
    return this.groups.commit('g', [{ topic: 't', partition, offset, leaderEpoch: 0, metadata: 'm' }]);
  }

  get state() {
    return this.groups.get('g')?.state;
  }
}

describe('joining', () => {
  it('a new member is first told its id, and joins with it', async () => {
    const coordinator = new Coordinator();
    const first = await coordinator.join('');
    expect(first).toMatchObject({ error: 'MEMBER_ID_REQUIRED' });
    const joined = await coordinator.join(first.memberId);
    expect(joined).toMatchObject({ error: 'NONE', generation: 1, leader: first.memberId, protocolName: 'range' });
    expect(joined.members).toHaveLength(1);
  });

  it('a member of an old version joins at once', async () => {
    expect(await new Coordinator().join('', { version: 3 })).toMatchObject({ error: 'NONE', generation: 1 });
  });

  it('is told to look for its coordinator again where the disk does not take the assignment, and goes on when it does', async () => {
    const coordinator = new Coordinator();
    const { id, joined } = await coordinator.joinNew();
    const { generation } = await joined;
    coordinator.disk.capacityBytes = coordinator.disk.usedBytes();
    expect((await coordinator.sync(id, generation, { [id]: 'all' })).error).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(coordinator.state).toBe('PreparingRebalance');
    coordinator.disk.capacityBytes = Number.POSITIVE_INFINITY;
    const again = await coordinator.join(id);
    expect((await coordinator.sync(id, again.generation, { [id]: 'all' })).assignment.toString()).toBe('all');
  });

  it('only the leader is told the members, and each gets what the leader assigns', async () => {
    const coordinator = new Coordinator();
    const a = await coordinator.stable();
    const b = await coordinator.joinNew();
    expect(coordinator.heartbeat(a.id, a.generation)).toBe('REBALANCE_IN_PROGRESS');
    const again = await coordinator.join(a.id);
    const joined = await b.joined;
    expect([again.leader, joined.leader]).toEqual([a.id, a.id]);
    expect([again.members.length, joined.members.length]).toEqual([2, 0]);
    const follower = coordinator.sync(b.id, 2);
    const leader = coordinator.sync(a.id, 2, { [a.id]: 'left', [b.id]: 'right' });
    expect((await leader).assignment.toString()).toBe('left');
    expect((await follower).assignment.toString()).toBe('right');
    expect(coordinator.state).toBe('Stable');
  });

  it('members that have no protocol in common are refused', async () => {
    const coordinator = new Coordinator();
    await coordinator.stable();
    expect((await coordinator.join('', { protocols: ['other'] })).error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect((await coordinator.join('', { protocols: [] })).error).toBe('INCONSISTENT_GROUP_PROTOCOL');
  });

  it('the protocol that all support and most prefer is chosen', async () => {
    const coordinator = new Coordinator();
    const a = await coordinator.joinNew({ protocols: ['sticky', 'range'] });
    await a.joined;
    const b = await coordinator.joinNew({ protocols: ['range'] });
    const again = coordinator.join(a.id, { protocols: ['sticky', 'range'] });
    expect((await again).protocolName).toBe('range');
    expect((await b.joined).protocolName).toBe('range');
  });

  it('a member that does not come back is left out once its rebalance time-out is over', async () => {
    const coordinator = new Coordinator();
    const a = await coordinator.stable();
    const b = await coordinator.joinNew();
    for (let i = 0; i < 4; i++) {
      coordinator.clock.advance(7_500);
      coordinator.heartbeat(a.id, a.generation);
    }
    expect(await b.joined).toMatchObject({ generation: 2, leader: b.id });
    expect(coordinator.heartbeat(a.id, 1)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('the first rebalance waits for further members if it is told to', async () => {
    const coordinator = new Coordinator({ initialRebalanceDelayMs: 3000 });
    const a = await coordinator.joinNew();
    coordinator.clock.advance(2900);
    const b = await coordinator.joinNew();
    coordinator.clock.advance(2900);
    let isJoined = false;
    void a.joined.then(() => (isJoined = true));
    await Promise.resolve();
    expect(isJoined).toBe(false);
    coordinator.clock.advance(200);
    expect((await a.joined).members).toHaveLength(2);
    expect((await b.joined).generation).toBe(1);
  });

  it('a session outside of the limits is refused', async () => {
    const coordinator = new Coordinator({ sessionTimeoutMinMs: 20_000 });
    expect((await coordinator.join('')).error).toBe('INVALID_SESSION_TIMEOUT');
  });
});

describe('membership', () => {
  it('ends with a session without heartbeats, and the group is empty then', async () => {
    const coordinator = new Coordinator();
    const { id, generation } = await coordinator.stable();
    coordinator.clock.advance(9_000);
    expect(coordinator.heartbeat(id, generation)).toBe('NONE');
    coordinator.clock.advance(9_999);
    expect(coordinator.state).toBe('Stable');
    coordinator.clock.advance(1);
    expect(coordinator.state).toBe('Empty');
    expect(coordinator.heartbeat(id, generation)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('ends at once when the member leaves', async () => {
    const coordinator = new Coordinator();
    const { id } = await coordinator.stable();
    expect(coordinator.groups.leave('g', id, null)).toBe('NONE');
    expect(coordinator.state).toBe('Empty');
    expect(coordinator.groups.leave('g', id, null)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('is bound to a generation', async () => {
    const coordinator = new Coordinator();
    const { id } = await coordinator.stable();
    expect(coordinator.heartbeat(id, 7)).toBe('ILLEGAL_GENERATION');
    expect((await coordinator.sync(id, 7)).error).toBe('ILLEGAL_GENERATION');
    expect(coordinator.groups.refuseCommit({ group: 'g', memberId: id, instanceId: null, generation: 0 })).toBe('ILLEGAL_GENERATION');
    expect(coordinator.groups.refuseCommit({ group: 'g', memberId: id, instanceId: null, generation: 1 })).toBeUndefined();
  });

  it('goes on after a restart of the broker, and then ends with its session', async () => {
    const coordinator = new Coordinator();
    const { id, generation } = await coordinator.stable();
    coordinator.restart();
    expect(coordinator.heartbeat(id, generation)).toBe('NONE');
    expect((await coordinator.sync(id, generation)).assignment.toString()).toBe('mine');
    coordinator.clock.advance(10_000);
    expect(coordinator.state).toBe('Empty');
  });
});

describe('a static member', () => {
  it('takes its former place without a rebalance, and fences its former self', async () => {
    const coordinator = new Coordinator();
    const first = await coordinator.stable({ instanceId: 'i' });
    const second = await coordinator.join('', { instanceId: 'i' });
    expect(second).toMatchObject({ error: 'NONE', generation: 1, skipAssignment: true, leader: second.memberId });
    expect(second.memberId).not.toBe(first.id);
    expect(coordinator.state).toBe('Stable');
    expect((await coordinator.sync(second.memberId, 1, {}, 'i')).assignment.toString()).toBe('mine');
    expect(coordinator.heartbeat(first.id, 1, 'i')).toBe('FENCED_INSTANCE_ID');
    expect(coordinator.groups.leave('g', first.id, 'i')).toBe('FENCED_INSTANCE_ID');
    expect(coordinator.groups.leave('g', '', 'i')).toBe('NONE');
  });

  it('that cannot skip the assignment is told its former id as the leader', async () => {
    const coordinator = new Coordinator();
    const first = await coordinator.stable({ instanceId: 'i' });
    expect(await coordinator.join('', { instanceId: 'i', version: 8 })).toMatchObject({
      leader: first.id,
      members: [],
      skipAssignment: false,
    });
  });

  it('that comes back and says other things of itself disturbs nobody, unless that changes the protocol', async () => {
    const coordinator = new Coordinator();
    await coordinator.stable({ instanceId: 'i' });
    expect(await coordinator.join('', { instanceId: 'i', metadata: 'more' })).toMatchObject({ generation: 1 });
    expect(await coordinator.join('', { instanceId: 'i', protocols: ['sticky', 'range'] })).toMatchObject({ generation: 2 });
  });
});

describe('offsets', () => {
  it('are kept over restarts with their metadata, and forgotten with their topic', async () => {
    const coordinator = new Coordinator();
    await coordinator.commit(0, 5);
    await coordinator.commit(1, 6);
    await coordinator.commit(0, 7);
    coordinator.restart();
    expect(coordinator.groups.committed('g', 't', 0)).toMatchObject({ offset: 7, metadata: 'm' });
    expect(coordinator.groups.committed('g', 't', 1)).toMatchObject({ offset: 6 });
    coordinator.groups.forgetTopic('t');
    coordinator.restart();
    expect(coordinator.groups.committed('g', 't', 0)).toBeUndefined();
  });

  it('may be committed from outside only while the group has no member', async () => {
    const coordinator = new Coordinator();
    const outside = { group: 'g', memberId: '', instanceId: null, generation: -1 };
    expect(coordinator.groups.refuseCommit(outside)).toBeUndefined();
    await coordinator.stable();
    expect(coordinator.groups.refuseCommit(outside)).toBe('UNKNOWN_MEMBER_ID');
  });

  it('expire with the group a while after its last member left, not before', async () => {
    const coordinator = new Coordinator();
    const { id } = await coordinator.stable();
    await coordinator.commit(0, 5);
    for (let day = 0; day < 0.1; day += 5000 / dayMs) {
      coordinator.clock.advance(5000);
      coordinator.heartbeat(id, 1);
    }
    coordinator.groups.leave('g', id, null);
    coordinator.clock.advance(7 * dayMs - 1);
    expect(coordinator.groups.committed('g', 't', 0)?.offset).toBe(5);
    coordinator.clock.advance(dayMs);
    expect(coordinator.groups.get('g')).toBeUndefined();
    coordinator.restart();
    expect(coordinator.groups.get('g')).toBeUndefined();
  });

  it('stay readable when the log of the groups was compacted', async () => {
    const coordinator = new Coordinator({ compactionBytesMin: 50_000 });
    const metadata = 'x'.repeat(100);
    for (let i = 0; i < 1000; i++)
      await coordinator.groups.commit('g', [{ topic: 't', partition: i % 3, offset: i, leaderEpoch: 0, metadata }]);
    await Promise.resolve();
    expect(coordinator.disk.usedBytes()).toBeLessThan(60_000);
    coordinator.restart();
    expect([0, 1, 2].map((partition) => coordinator.groups.committed('g', 't', partition)?.offset)).toEqual([999, 997, 998]);
  });
});

describe('deleting', () => {
  it('takes a group without members, and no other', async () => {
    const coordinator = new Coordinator();
    expect(coordinator.groups.delete('g')).toBe('GROUP_ID_NOT_FOUND');
    const { id } = await coordinator.stable();
    expect(coordinator.groups.delete('g')).toBe('NON_EMPTY_GROUP');
    coordinator.groups.leave('g', id, null);
    expect(coordinator.groups.delete('g')).toBe('NONE');
    coordinator.restart();
    expect(coordinator.groups.get('g')).toBeUndefined();
  });
});
