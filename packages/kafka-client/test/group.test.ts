import { describe, expect, it, onTestFinished } from 'vitest';
import {
  Coordinator,
  commitOffsets,
  fetchOffsets,
  type GroupMember,
  type GroupOptions,
  joinGroup,
  type KafkaClient,
} from '../src/index.ts';
import { assignRanges } from '../src/range-assignor.ts';
import { startCluster } from './start-cluster.ts';

/** A member whose events can be awaited. */
function member(client: KafkaClient, options: Partial<GroupOptions> = {}) {
  const events: string[] = [];
  let wake = () => {};
  const note = (event: string) => {
    events.push(event);
    wake();
  };
  const partitions = (of: readonly { partition: number }[]) => of.map(({ partition }) => partition).join(',');
  const joined: GroupMember = joinGroup(client, {
    groupId: 'g',
    topics: ['t'],
    heartbeatIntervalMs: 10,
    onAssigned: (of) => note(`+${partitions(of)}`),
    onRevoked: (of, lost) => note(`-${partitions(of)}${lost ? ' lost' : ''}`),
    onFailed: (error) => note(`failed: ${error.message}`),
    ...options,
  });
  onTestFinished(() => joined.leave());
  const until = async (event: string) => {
    while (!events.includes(event)) await new Promise<void>((resolve) => (wake = resolve));
    return events;
  };
  return { joined, events, until };
}

describe('a group member', () => {
  it('alone gets all partitions, commits, and leaves', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 3);
    const { joined, until, events } = member(client);
    await until('+0,1,2');
    expect([joined.memberId, joined.generation]).toEqual(['member-1', 1]);
    await joined.commit([{ topic: 't', partition: 1, offset: 42 }]);
    expect(await joined.committed([0, 1].map((partition) => ({ topic: 't', partition })))).toEqual([
      { topic: 't', partition: 1, offset: 42 },
    ]);
    await joined.leave();
    expect(events).toEqual(['+0,1,2', '-0,1,2']);
    expect(cluster.group('g').members.size).toBe(0);
    await expect(joined.commit([{ topic: 't', partition: 1, offset: 43 }])).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
  });

  it('shares with others, and may commit before it gives its partitions up', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 3);
    const first = member(client, {
      onRevoked: async () => {
        await first.joined.commit([{ topic: 't', partition: 2, offset: 7 }]);
        first.events.push('committed');
      },
    });
    await first.until('+0,1,2');
    const second = member(client);
    await second.until('+2');
    await first.until('+0,1');
    expect(first.events).toEqual(['+0,1,2', 'committed', '+0,1']);
    expect(cluster.group('g').offsets.get('2@t')).toBe(7);
    await first.joined.leave();
    await second.until('+0,1,2');
    expect(second.events).toEqual(['+2', '-2', '+0,1,2']);
  });

  it('that the group has dropped is told that its partitions are lost, and joins anew', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 2);
    const { joined, until, events } = member(client);
    await until('+0,1');
    cluster.group('g').expel('member-1');
    await until('-0,1 lost');
    while (events.length < 3) await until('+0,1').then(() => client.metadata(['t']));
    expect(events).toEqual(['+0,1', '-0,1 lost', '+0,1']);
    expect(joined.memberId).toBe('member-2');
  });

  it('stays when its connection breaks', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    const { joined, until, events } = member(client);
    await until('+0');
    let cuts = 0;
    const mended = Promise.withResolvers<void>();
    cluster.intercept = ({ api }) => {
      if (api !== 'Heartbeat') return undefined;
      if (cuts++ < 2) return 'cut';
      mended.resolve();
      return undefined;
    };
    await mended.promise;
    await joined.commit([{ topic: 't', partition: 0, offset: 1 }]);
    expect(events).toEqual(['+0']);
  });

  it('ends when a callback fails, and says why', async () => {
    const { cluster, client, logger } = await startCluster();
    cluster.createTopic('t');
    const { until } = member(client, {
      onAssigned() {
        throw new Error('no room');
      },
    });
    await until('failed: no room');
    expect(logger.messages).toEqual(['the group member has ended: no room']);
  });

  it('does not wait for an answer to its joining when it leaves', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    const asked = Promise.withResolvers<void>();
    cluster.intercept = ({ api }) => {
      if (api !== 'JoinGroup') return undefined;
      asked.resolve();
      return 'silence';
    };
    const { joined, events } = member(client);
    await asked.promise;
    await joined.leave();
    expect(events).toEqual([]);
  });

  it('ends when another takes its static id', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    const { until, events } = member(client, { instanceId: 'one' });
    await until('+0');
    cluster.intercept = ({ api }) => (api === 'Heartbeat' ? { answer: { errorCode: 82 } } : undefined);
    while (events.length < 2) await client.metadata(['t']);
    expect(events[1]).toMatch(/^failed: Heartbeat of group "g" was refused: another member with this static id has taken over/);
  });

  it('speaks the oldest versions too', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    Object.assign(cluster.maxVersions, {
      JoinGroup: 4,
      SyncGroup: 0,
      Heartbeat: 0,
      LeaveGroup: 0,
      OffsetCommit: 2,
      OffsetFetch: 1,
      FindCoordinator: 0,
    });
    const { joined, until } = member(client);
    await until('+0');
    await joined.commit([{ topic: 't', partition: 0, offset: 5 }]);
    expect(await joined.committed([{ topic: 't', partition: 0 }])).toEqual([{ topic: 't', partition: 0, offset: 5 }]);
    await joined.leave();
    expect(cluster.group('g').members.size).toBe(0);
  });
});

describe('offsets of a group without members', () => {
  it('can be written and read', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    const coordinator = new Coordinator(client, 'alone');
    await commitOffsets(coordinator, [{ topic: 't', partition: 0, offset: 9 }]);
    expect(await fetchOffsets(coordinator, [{ topic: 't', partition: 0 }])).toEqual([{ topic: 't', partition: 0, offset: 9 }]);
  });

  it('are asked for again while the coordinator loads', async () => {
    const { cluster, client } = await startCluster();
    let loading = 2;
    cluster.intercept = ({ api, request }) =>
      api === 'OffsetFetch' && loading-- > 0
        ? { answer: { groups: [{ groupId: request.groups[0].groupId, topics: [], errorCode: 14 }] } }
        : undefined;
    expect(await fetchOffsets(new Coordinator(client, 'g'), [{ topic: 't', partition: 0 }])).toEqual([]);
    expect(cluster.callsOf('OffsetFetch')).toHaveLength(3);
  });
});

describe('the range assignor', () => {
  const subscriber = (memberId: string, topics: string[], instanceId: string | null = null) => ({ memberId, instanceId, topics });
  const shown = (assigned: Map<string, { topic: string; partition: number }[]>) =>
    Object.fromEntries([...assigned].map(([id, of]) => [id, of.map(({ topic, partition }) => `${topic}${partition}`).join(' ')]));

  it('gives ranges topic by topic, the first members one more', () => {
    const members = [subscriber('b', ['t', 'u']), subscriber('a', ['t', 'u']), subscriber('c', ['t'])];
    const counts = new Map([
      ['t', 7],
      ['u', 3],
    ]);
    expect(shown(assignRanges(members, counts))).toEqual({ a: 't0 t1 t2 u0 u1', b: 't3 t4 u2', c: 't5 t6' });
  });

  it('puts static members first, by their instance id', () => {
    const members = [subscriber('a', ['t']), subscriber('z', ['t'], 'i1'), subscriber('y', ['t'], 'i2')];
    expect(shown(assignRanges(members, new Map([['t', 3]])))).toEqual({ z: 't0', y: 't1', a: 't2' });
  });

  it('gives nothing of topics that do not exist, and empty lists to members without', () => {
    expect(shown(assignRanges([subscriber('a', ['t', 'gone']), subscriber('b', ['t'])], new Map([['t', 1]])))).toEqual({ a: 't0', b: '' });
  });
});
