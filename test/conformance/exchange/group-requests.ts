import { apis, encodeSubscription } from '@millrace/kafka-protocol';
import { Member } from '../member.ts';
import { Topic } from '../topic.ts';
import type { Exchange } from './exchange.ts';

const metadata = Buffer.from('m');

/** What members, and those who look after groups, ask in every version. */
export async function askGroups(x: Exchange): Promise<void> {
  await coordinators(x);
  await members(x);
  await leaving(x);
  const topic = await Topic.make(x.subject, {}, 2, x.name('consumed'));
  await commits(x, topic);
  await fetches(x, topic);
  await descriptions(x);
  await deletions(x, topic);
}

async function coordinators(x: Exchange): Promise<void> {
  for (const version of x.versionsOf(apis.findCoordinator)) {
    const body = (keyType: number) => (version < 4 ? { key: 'k', keyType } : { keyType, coordinatorKeys: ['k', 'l'] });
    const own = <T extends { host: string; port: number; coordinators: { host: string; port: number }[] }>(told: T) => ({
      ...told,
      host: told.host === x.subject.host,
      port: told.port === x.subject.port,
      coordinators: told.coordinators.map((node) => ({ ...node, host: node.host === x.subject.host, port: node.port === x.subject.port })),
    });
    await x.ask('of a group', apis.findCoordinator, version, body(0), own);
    if (version >= 1) await x.ask('of a transactional id', apis.findCoordinator, version, body(1), own);
    if (version >= 1) await x.ask('of an unknown kind', apis.findCoordinator, version, body(9), own);
  }
}

async function members(x: Exchange): Promise<void> {
  for (const version of x.versionsOf(apis.joinGroup)) {
    const groupId = x.name('joined', version);
    const body = (changes: { groupId?: string; memberId?: string; sessionTimeoutMs?: number; protocolType?: string }) => ({
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata }],
      ...changes,
    });
    const first = await x.ask('a new member', apis.joinGroup, version, body({}));
    if (version >= 4) await x.ask('a new member with its id', apis.joinGroup, version, body({ memberId: first.memberId }));
    await x.ask('an unknown member', apis.joinGroup, version, body({ memberId: 'who' }));
    await x.ask('a short session', apis.joinGroup, version, body({ sessionTimeoutMs: 1 }));
    await x.ask('no group', apis.joinGroup, version, body({ groupId: '' }));
    await x.ask('another type', apis.joinGroup, version, body({ protocolType: 'other' }));
    if (version >= 5) {
      const instance = { ...body({ groupId: x.name('static', version) }), groupInstanceId: 'one' };
      const { memberId, generationId } = await x.ask('a static member', apis.joinGroup, version, instance);
      const assignments = [{ memberId, assignment: Buffer.from('all') }];
      const sync = { groupId: instance.groupId, memberId, generationId, groupInstanceId: 'one', assignments };
      await x.subject.request(apis.syncGroup, 5, { ...sync, protocolType: 'consumer', protocolName: 'range' });
      await x.ask('a static member that is back', apis.joinGroup, version, instance);
      await x.ask('its former self', apis.joinGroup, version, { ...instance, memberId });
    }
  }
  for (const version of x.versionsOf(apis.syncGroup)) {
    const member = await Member.connect(x.subject, x.name('synced', version));
    await member.enter();
    const { groupId, memberId, generation: generationId } = member;
    const body = { groupId, memberId, generationId, assignments: [] };
    const named = version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {};
    await x.ask('another generation', apis.syncGroup, version, { ...body, ...named, generationId: 7 });
    await x.ask('an unknown member', apis.syncGroup, version, { ...body, ...named, memberId: 'who' });
    await x.ask('no group', apis.syncGroup, version, { ...body, ...named, groupId: '' });
    if (version >= 5) await x.ask('another protocol', apis.syncGroup, version, { ...body, ...named, protocolName: 'other' });
    if (version >= 3) await x.ask('an unknown instance', apis.syncGroup, version, { ...body, ...named, groupInstanceId: 'who' });
    const assignments = [{ memberId, assignment: Buffer.from('all') }];
    await x.ask('the leader', apis.syncGroup, version, { ...body, ...named, assignments });
    await x.ask('a member, again', apis.syncGroup, version, { ...body, ...named });
  }
  for (const version of x.versionsOf(apis.heartbeat)) {
    const { groupId, memberId, generation: generationId } = await Member.alone(x.subject, x.name('beating', version));
    const body = { groupId, memberId, generationId };
    await x.ask('a member', apis.heartbeat, version, body);
    await x.ask('another generation', apis.heartbeat, version, { ...body, generationId: 7 });
    await x.ask('an unknown member', apis.heartbeat, version, { ...body, memberId: 'who' });
    await x.ask('an unknown group', apis.heartbeat, version, { ...body, groupId: x.name('nowhere') });
    await x.ask('no group', apis.heartbeat, version, { ...body, groupId: '' });
    if (version >= 3) await x.ask('an unknown instance', apis.heartbeat, version, { ...body, groupInstanceId: 'who' });
  }
}

async function leaving(x: Exchange): Promise<void> {
  for (const version of x.versionsOf(apis.leaveGroup)) {
    const { groupId, memberId } = await Member.alone(x.subject, x.name('left', version));
    const body = (id: string, group = groupId) =>
      version < 3 ? { groupId: group, memberId: id } : { groupId: group, members: [{ memberId: id, groupInstanceId: null }] };
    await x.ask('an unknown member', apis.leaveGroup, version, body('who'));
    await x.ask('a member', apis.leaveGroup, version, body(memberId));
    await x.ask('a member, again', apis.leaveGroup, version, body(memberId));
    await x.ask('of an unknown group', apis.leaveGroup, version, body('who', x.name('nowhere')));
    await x.ask('of no group', apis.leaveGroup, version, body('who', ''));
    if (version >= 3) {
      const members = [
        { memberId: '', groupInstanceId: 'who' },
        { memberId: 'who', groupInstanceId: null },
      ];
      await x.ask('several', apis.leaveGroup, version, { groupId, members });
    }
  }
}

async function commits(x: Exchange, { name }: Topic): Promise<void> {
  for (const version of x.versionsOf(apis.offsetCommit)) {
    const groupId = x.name('committing', version);
    const outside = { generationIdOrMemberEpoch: -1, memberId: '', retentionTimeMs: -1 };
    const body = (topic: string, committedMetadata: string | null = null, by = outside) => ({
      groupId,
      ...by,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: 5, committedLeaderEpoch: 0, committedMetadata }] }],
    });
    await x.ask('from outside', apis.offsetCommit, version, body(name, 'note'));
    await x.ask('of an unknown topic', apis.offsetCommit, version, body(x.name('unknown')));
    await x.ask('with much to say', apis.offsetCommit, version, body(name, 'x'.repeat(5000)));
    await x.ask('of nothing', apis.offsetCommit, version, { ...body(name), topics: [] });
    await x.ask(
      'by an unknown member',
      apis.offsetCommit,
      version,
      body(name, null, { ...outside, generationIdOrMemberEpoch: 3, memberId: 'who' }),
    );
    const member = await Member.alone(x.subject, x.name('committed', version));
    const by = { groupId: member.groupId, memberId: member.memberId, generationIdOrMemberEpoch: member.generation };
    await x.ask('by a member', apis.offsetCommit, version, { ...body(name), ...by });
    await x.ask('of another generation', apis.offsetCommit, version, { ...body(name), ...by, generationIdOrMemberEpoch: 9 });
    await x.ask('from outside of a group at work', apis.offsetCommit, version, { ...body(name), groupId: member.groupId });
  }
}

async function fetches(x: Exchange, { name }: Topic): Promise<void> {
  const groupId = x.name('fetched');
  const partitions = [{ partitionIndex: 0, committedOffset: 7, committedLeaderEpoch: 2, committedMetadata: 'note' }];
  await x.subject.request(apis.offsetCommit, 8, { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name, partitions }] });
  for (const version of x.versionsOf(apis.offsetFetch)) {
    const body = (group: string, topics: { name: string; partitionIndexes: number[] }[] | null, requireStable = false) =>
      version < 8 ? { groupId: group, topics, requireStable } : { groups: [{ groupId: group, topics }], requireStable };
    const asked = [{ name, partitionIndexes: [0, 1, 9] }];
    await x.ask('some', apis.offsetFetch, version, body(groupId, asked));
    await x.ask('of an unknown group', apis.offsetFetch, version, body(x.name('nowhere'), asked));
    await x.ask('of an unknown topic', apis.offsetFetch, version, body(groupId, [{ name: x.name('unknown'), partitionIndexes: [0] }]));
    await x.ask('of nothing', apis.offsetFetch, version, body(groupId, []));
    if (version >= 2) await x.ask('all', apis.offsetFetch, version, body(groupId, null));
    if (version >= 2) await x.ask('all of an unknown group', apis.offsetFetch, version, body(x.name('nowhere'), null));
    if (version >= 7) await x.ask('stable ones', apis.offsetFetch, version, body(groupId, asked, true));
  }
}

async function descriptions(x: Exchange): Promise<void> {
  const stable = await Member.alone(x.subject, x.name('described'));
  const empty = await Member.alone(x.subject, x.name('empty'));
  await empty.leave();
  const outside = { groupId: x.name('outside'), generationIdOrMemberEpoch: -1, memberId: '' };
  const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: null }];
  await x.subject.request(apis.offsetCommit, 8, { ...outside, topics: [{ name: x.name('consumed'), partitions }] });
  const groups = [stable.groupId, empty.groupId, outside.groupId];
  for (const version of x.versionsOf(apis.describeGroups)) {
    for (const [i, what] of ['with a member', 'without members', 'with offsets only'].entries()) {
      await x.ask(what, apis.describeGroups, version, { groups: [groups[i]!] });
    }
    if (version < 6) await x.ask('that is not there', apis.describeGroups, version, { groups: [x.name('nowhere')] });
  }
  for (const version of x.versionsOf(apis.listGroups)) {
    const own = ({ groups: listed, ...told }: { groups: { groupId: string }[] }) => ({
      ...told,
      groups: listed.filter(({ groupId }) => groups.includes(groupId)),
    });
    await x.ask('all', apis.listGroups, version, {}, own);
    if (version >= 4) await x.ask('empty ones', apis.listGroups, version, { statesFilter: ['Empty'] }, own);
    if (version >= 5) await x.ask('of a type', apis.listGroups, version, { typesFilter: ['classic'] }, own);
  }
}

async function deletions(x: Exchange, { name }: Topic): Promise<void> {
  const commit = (groupId: string) => {
    const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: null }];
    return x.subject.request(apis.offsetCommit, 8, {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name, partitions }],
    });
  };
  for (const version of x.versionsOf(apis.offsetDelete)) {
    const groupId = x.name('forgotten', version);
    await commit(groupId);
    const body = (group: string, topic: string, partitionIndex = 0) => ({
      groupId: group,
      topics: [{ name: topic, partitions: [{ partitionIndex }] }],
    });
    await x.ask('one', apis.offsetDelete, version, body(groupId, name));
    await x.ask('one that is not there', apis.offsetDelete, version, body(groupId, name));
    await x.ask('of an unknown topic', apis.offsetDelete, version, body(groupId, x.name('unknown')));
    await x.ask('of an unknown partition', apis.offsetDelete, version, body(groupId, name, 9));
    await x.ask('of an unknown group', apis.offsetDelete, version, body(x.name('nowhere'), name));
    const subscribed = await Member.alone(x.subject, x.name('subscribed'), {
      metadata: encodeSubscription(0, { topics: [name], userData: null }),
    });
    await x.ask('of a topic that is read', apis.offsetDelete, version, body(subscribed.groupId, name));
  }
  for (const version of x.versionsOf(apis.deleteGroups)) {
    const groupId = x.name('deleted');
    await commit(groupId);
    const { groupId: busy } = await Member.alone(x.subject, x.name('busy', version));
    await x.ask('one', apis.deleteGroups, version, { groupsNames: [groupId] });
    await x.ask('one that is not there', apis.deleteGroups, version, { groupsNames: [groupId] });
    await x.ask('one at work', apis.deleteGroups, version, { groupsNames: [busy] }, ({ results }) =>
      results.map(({ errorCode }) => errorCode),
    );
  }
}
