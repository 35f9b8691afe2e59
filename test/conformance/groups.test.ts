import { apis, decodeSubscription, encodeSubscription } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { describeGroup, Member } from './member.ts';
import { errorName, fresh, Subject, until } from './subject.ts';
import { Topic } from './topic.ts';

const subject = Subject.inThisFile();
const group = () => fresh('group');

/** A leader and a follower that are both given something. */
async function pair(groupId: string, options: ConstructorParameters<typeof Member>[2] = {}): Promise<[leader: Member, follower: Member]> {
  const leader = await Member.alone(subject, groupId, options);
  const follower = await Member.connect(subject, groupId, options);
  const entering = follower.enter();
  await until(
    () => leader.heartbeat(),
    (error) => error === 'REBALANCE_IN_PROGRESS',
  );
  await Promise.all([leader.join(), entering]);
  await Promise.all([follower.sync(), leader.sync({ [leader.memberId]: 'mine', [follower.memberId]: 'yours' })]);
  return [leader, follower];
}

describe('joining a group', () => {
  it('a new member is told its id first, and with it becomes the leader of an empty group', async () => {
    const member = await Member.connect(subject, group());
    const first = await member.join();
    expect(first).toMatchObject({ error: 'MEMBER_ID_REQUIRED', generationId: -1, leader: '', members: [] });
    expect(first.memberId).toMatch(/^raw-[0-9a-f-]{36}$/);
    const joined = await member.join({ memberId: first.memberId });
    expect(joined).toMatchObject({
      error: 'NONE',
      generationId: 1,
      leader: first.memberId,
      protocolType: 'consumer',
      protocolName: 'range',
    });
    expect(joined.members).toEqual([{ memberId: first.memberId, groupInstanceId: null, metadata: Buffer.from('m') }]);
    expect(joined.skipAssignment).toBe(false);
  });

  it('before version 4 a new member joins at once', async () => {
    const member = await Member.connect(subject, group(), { version: 3 });
    expect(await member.join()).toMatchObject({ error: 'NONE', generationId: 1 });
  });

  it('an id that was never given is refused', async () => {
    const member = await Member.connect(subject, group());
    expect(await member.join({ memberId: 'who' })).toMatchObject({ error: 'UNKNOWN_MEMBER_ID', memberId: 'who' });
    const known = await Member.alone(subject, group());
    expect(await known.join({ memberId: 'who' })).toMatchObject({ error: 'UNKNOWN_MEMBER_ID' });
  });

  it('a group without a name, a session that is too short or too long, and no protocols are refused', async () => {
    const member = await Member.connect(subject, group());
    expect(await (await Member.connect(subject, '')).join()).toMatchObject({ error: 'INVALID_GROUP_ID' });
    expect(await member.join({ sessionTimeoutMs: 999 })).toMatchObject({ error: 'INVALID_SESSION_TIMEOUT' });
    expect(await member.join({ sessionTimeoutMs: 1_800_001 })).toMatchObject({ error: 'INVALID_SESSION_TIMEOUT' });
    expect(await member.join({ protocols: [] })).toMatchObject({ error: 'INCONSISTENT_GROUP_PROTOCOL' });
    expect(await member.join({ protocolType: '' })).toMatchObject({ error: 'INCONSISTENT_GROUP_PROTOCOL' });
  });

  it('a member whose protocols nobody shares, or that is of another type, is refused', async () => {
    const { groupId } = await Member.alone(subject, group());
    const other = await Member.connect(subject, groupId);
    expect(await other.join({ protocols: ['sticky'] })).toMatchObject({ error: 'INCONSISTENT_GROUP_PROTOCOL' });
    expect(await other.join({ protocolType: 'connect' })).toMatchObject({ error: 'INCONSISTENT_GROUP_PROTOCOL' });
  });

  it('all wait for each other; only the leader is told the members, and each gets what the leader gives it', async () => {
    const leader = await Member.alone(subject, group());
    const follower = await Member.connect(subject, leader.groupId);
    const entering = follower.enter();
    await until(
      () => leader.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
    const [again, joined] = await Promise.all([leader.join(), entering]);
    expect([again.generationId, joined.generationId]).toEqual([2, 2]);
    expect([again.leader, joined.leader]).toEqual([leader.memberId, leader.memberId]);
    expect([again.members.length, joined.members.length]).toEqual([2, 0]);
    const [yours, mine] = await Promise.all([follower.sync(), leader.sync({ [leader.memberId]: 'mine', [follower.memberId]: 'yours' })]);
    expect([mine.assignment, yours.assignment]).toEqual(['mine', 'yours']);
    expect([await leader.heartbeat(), await follower.heartbeat()]).toEqual(['NONE', 'NONE']);
  });

  it('the protocol is one that all members know, the one that most of them prefer', async () => {
    const first = await Member.connect(subject, group(), { protocols: ['range', 'roundrobin', 'sticky'] });
    await first.enter();
    const second = await Member.connect(subject, first.groupId, { protocols: ['sticky', 'roundrobin'] });
    const entering = second.enter();
    await until(
      () => first.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
    const [again, joined] = await Promise.all([first.join({ protocols: ['roundrobin', 'sticky'] }), entering]);
    expect(again.protocolName).toBe(joined.protocolName);
    expect(['sticky', 'roundrobin']).toContain(joined.protocolName);
  });

  it('a follower that joins again with the same protocols is answered at once, in the same generation', async () => {
    const [leader, follower] = await pair(group());
    expect(await follower.join()).toMatchObject({ error: 'NONE', generationId: leader.generation, members: [] });
    expect(await leader.heartbeat()).toBe('NONE');
  });

  it('a leader that joins again, or a follower with other metadata, begins a rebalance', async () => {
    const [leader, follower] = await pair(group());
    const joining = follower.join({ metadata: Buffer.from('other') });
    await until(
      () => leader.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
    const [again] = await Promise.all([leader.join(), joining]);
    expect(again.generationId).toBe(3);
    expect(again.members.map(({ metadata }) => metadata.toString()).sort()).toEqual(['m', 'other']);
  });
});

/** What a cooperative member says that it holds. */
const owning = (...partitions: number[]) =>
  encodeSubscription(1, { topics: ['t'], userData: null, ownedPartitions: [{ topic: 't', partitions }] });
const ownedBy = (metadata: Buffer) => decodeSubscription(metadata).ownedPartitions[0]!.partitions;

describe('a cooperative rebalance', () => {
  it('takes two generations: what one member gives up in the first, another gets in the second', async () => {
    const protocols = ['cooperative-sticky'];
    const owner = await Member.alone(subject, group(), { protocols, metadata: owning(0, 1) });
    const other = await Member.connect(subject, owner.groupId, { protocols, metadata: owning() });
    const entering = other.enter();
    await until(
      () => owner.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
    await Promise.all([owner.join(), entering]);
    const assigned = { [owner.memberId]: '0', [other.memberId]: 'none' };
    const [first, second] = await Promise.all([owner.sync(assigned), other.sync()]);
    expect([first.assignment, second.assignment]).toEqual(['0', 'none']);

    const revoked = owner.join({ metadata: owning(0) });
    await until(
      () => other.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
    const [again] = await Promise.all([revoked, other.join()]);
    expect(again.generationId).toBe(3);
    expect(again.members.map(({ metadata }) => ownedBy(metadata)).sort()).toEqual([[], [0]]);
    const all = await Promise.all([owner.sync({ [owner.memberId]: '0', [other.memberId]: '1' }), other.sync()]);
    expect(all.map(({ assignment }) => assignment)).toEqual(['0', '1']);
  });
});

describe('syncing a group', () => {
  it('another generation, an unknown member and another protocol are refused', async () => {
    const member = await Member.alone(subject, group());
    expect((await member.sync({}, { generation: 7 })).error).toBe('ILLEGAL_GENERATION');
    expect((await member.sync({}, { memberId: 'who' })).error).toBe('UNKNOWN_MEMBER_ID');
    expect((await member.sync({}, { protocolName: 'sticky' })).error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect((await member.sync({}, { protocolType: 'connect' })).error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(await member.sync()).toMatchObject({ error: 'NONE', assignment: 'all', protocolType: 'consumer', protocolName: 'range' });
  });

  it('one who waits for the leader is told when a rebalance begins instead', async () => {
    const leader = await Member.alone(subject, group());
    const follower = await Member.connect(subject, leader.groupId);
    const entering = follower.enter();
    await until(
      () => leader.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
    await Promise.all([leader.join(), entering]);
    const syncing = follower.sync();
    const third = await Member.connect(subject, leader.groupId);
    const thirdEnters = third.enter();
    expect((await syncing).error).toBe('REBALANCE_IN_PROGRESS');
    await Promise.all([leader.join(), follower.join(), thirdEnters]);
    expect(third.generation).toBe(3);
  });

  it('a member that the leader gives nothing gets nothing', async () => {
    const member = await Member.connect(subject, group());
    await member.enter();
    expect(await member.sync({ somebody: 'x' })).toMatchObject({ error: 'NONE', assignment: '' });
  });
});

describe('heartbeats, leaving and time-outs', () => {
  it('heartbeats of another generation, of an unknown member and in an unknown group are refused', async () => {
    const member = await Member.alone(subject, group());
    expect(await member.heartbeat({ generation: 9 })).toBe('ILLEGAL_GENERATION');
    expect(await member.heartbeat({ memberId: 'who' })).toBe('UNKNOWN_MEMBER_ID');
    expect(await (await Member.connect(subject, group())).heartbeat({ memberId: 'who', generation: 1 })).toBe('UNKNOWN_MEMBER_ID');
    expect(await (await Member.connect(subject, '')).heartbeat({ memberId: 'who', generation: 1 })).toBe('INVALID_GROUP_ID');
  });

  it('when a member leaves the others are told to join again, and the last leaves the group empty', async () => {
    const [leader, follower] = await pair(group());
    expect(await follower.leave()).toBe('NONE');
    expect(await leader.heartbeat()).toBe('REBALANCE_IN_PROGRESS');
    expect(await leader.join()).toMatchObject({ error: 'NONE', generationId: 3 });
    expect(await leader.leave()).toBe('NONE');
    expect(await describeGroup(subject, leader.groupId)).toMatchObject({ error: 'NONE', groupState: 'Empty', protocolType: 'consumer' });
    expect(await leader.leave()).toBe('UNKNOWN_MEMBER_ID');
  });

  it.concurrent('a member whose session ends is put out, and the others go on without it', async () => {
    const [leader, follower] = await pair(group(), { sessionTimeoutMs: 1_000 });
    await until(
      () => leader.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
    expect(await leader.join()).toMatchObject({ error: 'NONE', generationId: 3 });
    expect(await follower.heartbeat()).toBe('UNKNOWN_MEMBER_ID');
  });

  it.concurrent('whoever does not join again within the rebalance time-out is put out', async () => {
    const [leader, follower] = await pair(group(), { rebalanceTimeoutMs: 1_000 });
    const third = await Member.connect(subject, leader.groupId, { rebalanceTimeoutMs: 1_000 });
    const entering = third.enter();
    await until(
      () => leader.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
    const [again, joined] = await Promise.all([leader.join(), entering]);
    expect([again.generationId, joined.generationId, again.members.length]).toEqual([3, 3, 2]);
    expect(await follower.heartbeat()).toBe('UNKNOWN_MEMBER_ID');
  });

  it.concurrent('one that was told its id and does not come back is forgotten', async () => {
    const member = await Member.connect(subject, group(), { sessionTimeoutMs: 1_000 });
    const { memberId } = await member.join();
    expect(await member.leave({ memberId })).toBe('NONE');
    expect(await member.join({ memberId })).toMatchObject({ error: 'UNKNOWN_MEMBER_ID' });
  });
});

describe('static members', () => {
  it('one that comes back takes its place and its assignment, without a rebalance, and its former self is fenced', async () => {
    const topic = await Topic.make(subject);
    const before = await Member.alone(subject, group(), { instanceId: 'one' });
    const after = await Member.connect(subject, before.groupId, { instanceId: 'one' });
    const joined = await after.join();
    expect(joined).toMatchObject({ error: 'NONE', generationId: 1, skipAssignment: true, leader: after.memberId });
    expect(joined.memberId).toMatch(/^one-/);
    expect(await after.sync()).toMatchObject({ error: 'NONE', assignment: 'all' });
    expect(await before.heartbeat()).toBe('FENCED_INSTANCE_ID');
    expect((await before.sync()).error).toBe('FENCED_INSTANCE_ID');
    expect(await before.join()).toMatchObject({ error: 'FENCED_INSTANCE_ID' });
    expect(await before.commit(topic.name, 1)).toBe('FENCED_INSTANCE_ID');
    expect(await before.leave()).toBe('FENCED_INSTANCE_ID');
    expect(await after.heartbeat()).toBe('NONE');
  });

  it('before version 9 a leader that comes back is told that it is none, so that it assigns nothing', async () => {
    const before = await Member.alone(subject, group(), { instanceId: 'one' });
    const after = await Member.connect(subject, before.groupId, { instanceId: 'one', version: 8 });
    expect(await after.join()).toMatchObject({ error: 'NONE', generationId: 1, leader: before.memberId, members: [] });
  });

  it('one that comes back with other protocols begins a rebalance', async () => {
    const before = await Member.alone(subject, group(), { instanceId: 'one' });
    const after = await Member.connect(subject, before.groupId, { instanceId: 'one' });
    expect(await after.join({ protocols: ['sticky', 'range'] })).toMatchObject({ error: 'NONE', generationId: 2, skipAssignment: false });
  });

  it('one that comes back and says other things of itself, as one that owns nothing yet, disturbs nobody', async () => {
    const before = await Member.alone(subject, group(), { instanceId: 'one' });
    const after = await Member.connect(subject, before.groupId, { instanceId: 'one' });
    expect(await after.join({ metadata: Buffer.from('other') })).toMatchObject({ error: 'NONE', generationId: 1, skipAssignment: true });
    expect(await after.sync()).toMatchObject({ error: 'NONE', assignment: 'all' });
  });

  it('an instance that waits to join is fenced by the next of its name', async () => {
    const other = await Member.alone(subject, group(), { instanceId: 'other' });
    const first = await Member.connect(subject, other.groupId, { instanceId: 'one' });
    const second = await Member.connect(subject, other.groupId, { instanceId: 'one' });
    const joining = first.join();
    await until(
      () => other.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
    const again = second.join();
    expect((await joining).error).toBe('FENCED_INSTANCE_ID');
    await Promise.all([other.join(), again]);
    expect(second.generation).toBe(2);
  });

  it('can be put out by its instance alone, which an administrator does', async () => {
    const member = await Member.alone(subject, group(), { instanceId: 'one' });
    expect(await member.leave({ memberId: '' })).toBe('NONE');
    expect(await member.heartbeat()).toBe('UNKNOWN_MEMBER_ID');
    expect((await describeGroup(subject, member.groupId)).groupState).toBe('Empty');
  });

  it('several are put out at once, each with its own answer', async () => {
    const member = await Member.alone(subject, group(), { instanceId: 'one' });
    const members = [
      { memberId: '', groupInstanceId: 'nobody' },
      { memberId: 'who', groupInstanceId: null },
      { memberId: 'who', groupInstanceId: 'one' },
      { memberId: '', groupInstanceId: 'one' },
    ];
    const answer = await subject.request(apis.leaveGroup, 5, { groupId: member.groupId, members });
    expect(answer.members.map(({ errorCode }) => errorName(errorCode))).toEqual([
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
      'FENCED_INSTANCE_ID',
      'NONE',
    ]);
  });
});

describe('telling of groups', () => {
  it('states are told as they follow each other: Stable, PreparingRebalance, CompletingRebalance, Empty, and Dead if there is none', async () => {
    const groupId = group();
    const states = async () => (await describeGroup(subject, groupId)).groupState;
    expect(await states()).toBe('Dead');
    const member = await Member.alone(subject, groupId);
    const stable = await describeGroup(subject, groupId);
    expect(stable).toMatchObject({ groupState: 'Stable', protocolType: 'consumer', protocolData: 'range' });
    expect(stable.members).toEqual([
      {
        memberId: member.memberId,
        groupInstanceId: null,
        clientId: 'raw',
        clientHost: '/127.0.0.1',
        memberMetadata: Buffer.from('m'),
        memberAssignment: Buffer.from('all'),
      },
    ]);
    const other = await Member.connect(subject, groupId);
    const entering = other.enter();
    await until(states, (state) => state === 'PreparingRebalance');
    await Promise.all([member.join(), entering]);
    expect(await states()).toBe('CompletingRebalance');
    await member.leave();
    await other.leave();
    expect(await states()).toBe('Empty');
  });

  it('groups are listed by state and by type', async () => {
    const { groupId } = await Member.alone(subject, group());
    const list = async (statesFilter: string[], typesFilter: string[]) => {
      const answer = await subject.request(apis.listGroups, 5, { statesFilter, typesFilter });
      expect(answer.errorCode).toBe(0);
      return answer.groups.find((listed) => listed.groupId === groupId);
    };
    const listed = { groupId, protocolType: 'consumer', groupState: 'Stable', groupType: 'classic' };
    expect(await list([], [])).toEqual(listed);
    expect(await list(['stable'], ['Classic'])).toEqual(listed);
    expect(await list(['Empty'], [])).toBeUndefined();
    expect(await list([], ['consumer'])).toBeUndefined();
  });

  it('only a group that is empty can be deleted', async () => {
    const member = await Member.alone(subject, group());
    const remove = async (groupId: string) => {
      const { results } = await subject.request(apis.deleteGroups, 2, { groupsNames: [groupId] });
      return errorName(results[0]!.errorCode);
    };
    expect(await remove(member.groupId)).toBe('NON_EMPTY_GROUP');
    await member.leave();
    expect(await remove(member.groupId)).toBe('NONE');
    expect(await remove(member.groupId)).toBe('GROUP_ID_NOT_FOUND');
    expect(await remove(fresh('group'))).toBe('GROUP_ID_NOT_FOUND');
    expect((await describeGroup(subject, member.groupId)).groupState).toBe('Dead');
  });
});
