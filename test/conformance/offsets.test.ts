import { apis, encodeSubscription } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { committedOffset } from './committed-offsets.ts';
import { describeGroup, Member } from './member.ts';
import { errorName, fresh, Subject, until } from './subject.ts';
import { Topic } from './topic.ts';
import { Transactor } from './transactor.ts';

const subject = Subject.inThisFile();
const group = () => fresh('group');

interface Commit {
  readonly offset: number;
  readonly metadata?: string | null;
  readonly leaderEpoch?: number;
  readonly partition?: number;
}

/** Commits from outside the group. */
async function commit(groupId: string, topic: string, { offset, metadata = null, leaderEpoch = -1, partition = 0 }: Commit) {
  const partitions = [
    { partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: leaderEpoch, committedMetadata: metadata },
  ];
  const body = { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: topic, partitions }] };
  const answer = await subject.request(apis.offsetCommit, 8, body);
  return errorName(answer.topics[0]!.partitions[0]!.errorCode);
}

describe('committing offsets', () => {
  it('what was committed is fetched, with its epoch and metadata; the later replaces the earlier', async () => {
    const topic = await Topic.make(subject);
    const groupId = group();
    expect(await commit(groupId, topic.name, { offset: 3, metadata: 'note', leaderEpoch: 0 })).toBe('NONE');
    expect(await committedOffset(subject, groupId, topic.name)).toEqual({ error: 'NONE', offset: 3, leaderEpoch: 0, metadata: 'note' });
    expect(await commit(groupId, topic.name, { offset: 2 })).toBe('NONE');
    expect(await committedOffset(subject, groupId, topic.name)).toEqual({ error: 'NONE', offset: 2, leaderEpoch: -1, metadata: '' });
  });

  it('a commit from outside makes a group that is Empty and has no type', async () => {
    const topic = await Topic.make(subject);
    const groupId = group();
    await commit(groupId, topic.name, { offset: 1 });
    expect(await describeGroup(subject, groupId)).toMatchObject({ error: 'NONE', groupState: 'Empty', protocolType: '', members: [] });
  });

  it('a topic or partition that does not exist cannot be committed, the others of the request are', async () => {
    const topic = await Topic.make(subject);
    const groupId = group();
    const partition = (partitionIndex: number) => ({ partitionIndex, committedOffset: 5, committedMetadata: null });
    const topics = [
      { name: topic.name, partitions: [partition(0), partition(9)] },
      { name: fresh('none'), partitions: [partition(0)] },
    ];
    const answer = await subject.request(apis.offsetCommit, 8, { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics });
    const errors = new Map(answer.topics.map(({ name, partitions }) => [name, partitions]));
    const of = (name: string, index: number) => errorName(errors.get(name)!.find((p) => p.partitionIndex === index)!.errorCode);
    expect(of(topic.name, 0)).toBe('NONE');
    expect(of(topic.name, 9)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(of(topics[1]!.name, 0)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect((await committedOffset(subject, groupId, topic.name)).offset).toBe(5);
  });

  it('metadata of 4096 characters is taken, one more is not', async () => {
    const topic = await Topic.make(subject);
    const groupId = group();
    expect(await commit(groupId, topic.name, { offset: 1, metadata: 'x'.repeat(4096) })).toBe('NONE');
    expect(await commit(groupId, topic.name, { offset: 2, metadata: 'x'.repeat(4097) })).toBe('OFFSET_METADATA_TOO_LARGE');
    expect((await committedOffset(subject, groupId, topic.name)).offset).toBe(1);
  });

  it('while a group has members only they commit, in their generation', async () => {
    const topic = await Topic.make(subject);
    const member = await Member.alone(subject, group());
    expect(await commit(member.groupId, topic.name, { offset: 1 })).toBe('UNKNOWN_MEMBER_ID');
    expect(await member.commit(topic.name, 2, { generation: 7 })).toBe('ILLEGAL_GENERATION');
    expect(await member.commit(topic.name, 2, { memberId: 'who' })).toBe('UNKNOWN_MEMBER_ID');
    expect(await member.commit(topic.name, 4)).toBe('NONE');
    await member.leave();
    expect(await member.commit(topic.name, 5)).toBe('UNKNOWN_MEMBER_ID');
    expect(await commit(member.groupId, topic.name, { offset: 6 })).toBe('NONE');
  });

  it('in a group that does not exist a generation is illegal', async () => {
    const topic = await Topic.make(subject);
    const nobody = await Member.connect(subject, group());
    expect(await nobody.commit(topic.name, 1, { generation: 3, memberId: 'who' })).toBe('ILLEGAL_GENERATION');
  });

  it('a member may commit while its group prepares a rebalance, but not until it knows what it is assigned', async () => {
    const topic = await Topic.make(subject);
    const member = await Member.alone(subject, group());
    const other = await Member.connect(subject, member.groupId);
    const entering = other.enter();
    await until(
      () => member.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
    expect(await member.commit(topic.name, 1)).toBe('NONE');
    await Promise.all([member.join(), entering]);
    expect(await member.commit(topic.name, 2)).toBe('REBALANCE_IN_PROGRESS');
    expect((await committedOffset(subject, member.groupId, topic.name)).offset).toBe(1);
  });
});

describe('fetching offsets', () => {
  it('what was never committed is -1, whether its group and topic exist or not', async () => {
    const topic = await Topic.make(subject);
    const nothing = { error: 'NONE', offset: -1, leaderEpoch: -1, metadata: '' };
    expect(await committedOffset(subject, group(), topic.name)).toEqual(nothing);
    expect(await committedOffset(subject, group(), fresh('none'))).toEqual(nothing);
  });

  it('all offsets of several groups are fetched at once', async () => {
    const topic = await Topic.make(subject, {}, 2);
    const [one, other] = [group(), group()];
    await commit(one, topic.name, { offset: 1 });
    await commit(one, topic.name, { offset: 2, partition: 1 });
    const answer = await subject.request(apis.offsetFetch, 8, {
      groups: [
        { groupId: one, topics: null },
        { groupId: other, topics: null },
      ],
      requireStable: false,
    });
    const byGroup = new Map(answer.groups.map((found) => [found.groupId, found]));
    expect(byGroup.get(other)).toMatchObject({ errorCode: 0, topics: [] });
    const [found] = byGroup.get(one)!.topics;
    expect(found!.partitions.map(({ partitionIndex, committedOffset: at }) => [partitionIndex, at]).sort()).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it('an offset that a transaction may still change is not stable, and becomes visible with the commit', async () => {
    const topic = await Topic.make(subject);
    const groupId = group();
    await commit(groupId, topic.name, { offset: 1 });
    const producer = await Transactor.open(subject);
    expect(await producer.addGroup(groupId)).toBe('NONE');
    expect(await producer.commitOffset(groupId, topic, 5)).toBe('NONE');
    expect(await committedOffset(subject, groupId, topic.name)).toMatchObject({ error: 'NONE', offset: 1 });
    expect(await committedOffset(subject, groupId, topic.name, { requireStable: true })).toMatchObject({
      error: 'UNSTABLE_OFFSET_COMMIT',
      offset: -1,
    });
    expect(await producer.end('commit')).toBe('NONE');
    const settled = await until(
      () => committedOffset(subject, groupId, topic.name, { requireStable: true }),
      ({ error }) => error === 'NONE',
    );
    expect(settled.offset).toBe(5);
  });

  it('an aborted transaction leaves the offset as it was', async () => {
    const topic = await Topic.make(subject);
    const groupId = group();
    await commit(groupId, topic.name, { offset: 1 });
    const producer = await Transactor.open(subject);
    await producer.addGroup(groupId);
    await producer.commitOffset(groupId, topic, 5);
    expect(await producer.end('abort')).toBe('NONE');
    const settled = await until(
      () => committedOffset(subject, groupId, topic.name, { requireStable: true }),
      ({ error }) => error === 'NONE',
    );
    expect(settled.offset).toBe(1);
  });
});

describe('deleting offsets', () => {
  const remove = async (groupId: string, topic: string) => {
    const body = { groupId, topics: [{ name: topic, partitions: [{ partitionIndex: 0 }] }] };
    const { errorCode, topics } = await subject.request(apis.offsetDelete, 0, body);
    return errorName(errorCode || topics[0]!.partitions[0]!.errorCode);
  };

  it('an offset is forgotten on request, once and again', async () => {
    const [topic, kept] = [await Topic.make(subject), await Topic.make(subject)];
    const groupId = group();
    await commit(groupId, topic.name, { offset: 4 });
    await commit(groupId, kept.name, { offset: 5 });
    expect(await remove(groupId, topic.name)).toBe('NONE');
    expect(await remove(groupId, topic.name)).toBe('NONE');
    expect((await committedOffset(subject, groupId, topic.name)).offset).toBe(-1);
    expect((await committedOffset(subject, groupId, kept.name)).offset).toBe(5);
  });

  it('a group or a topic that does not exist is told apart', async () => {
    const topic = await Topic.make(subject);
    const groupId = group();
    expect(await remove(groupId, topic.name)).toBe('GROUP_ID_NOT_FOUND');
    await commit(groupId, topic.name, { offset: 4 });
    expect(await remove(groupId, fresh('none'))).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('not of a topic that a member is subscribed to', async () => {
    const [topic, other] = [await Topic.make(subject), await Topic.make(subject)];
    const member = await Member.alone(subject, group(), { metadata: encodeSubscription(0, { topics: [topic.name], userData: null }) });
    await member.commit(topic.name, 1);
    await member.commit(other.name, 1);
    expect(await remove(member.groupId, topic.name)).toBe('GROUP_SUBSCRIBED_TO_TOPIC');
    expect(await remove(member.groupId, other.name)).toBe('NONE');
  });

  it('the offsets of a topic go with the topic', async () => {
    const topic = await Topic.make(subject);
    const groupId = group();
    await commit(groupId, topic.name, { offset: 4 });
    await subject.request(apis.deleteTopics, 5, { topicNames: [topic.name], timeoutMs: 10_000 });
    const gone = await until(
      () => committedOffset(subject, groupId, topic.name),
      ({ offset }) => offset === -1,
    );
    expect(gone.error).toBe('NONE');
  });

  it('the offsets of a group go with the group', async () => {
    const topic = await Topic.make(subject);
    const groupId = group();
    await commit(groupId, topic.name, { offset: 4 });
    const { results } = await subject.request(apis.deleteGroups, 2, { groupsNames: [groupId] });
    expect(errorName(results[0]!.errorCode)).toBe('NONE');
    expect((await committedOffset(subject, groupId, topic.name)).offset).toBe(-1);
  });
});
