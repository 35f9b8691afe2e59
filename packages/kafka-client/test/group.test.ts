import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type ActiveGroupMember,
  Coordinator,
  commitOffsets,
  fetchOffsets,
  type GroupOptions,
  joinGroup,
  type KafkaClient,
} from '../src/index.ts';
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
  const joined: ActiveGroupMember = joinGroup(client, {
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

describe('a member with the cooperative assignor', () => {
  const cooperative = { assignors: ['cooperative-sticky'] as const };

  it('keeps what does not move while the group rebalances, and gives up only what does', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 4);
    const first = member(client, cooperative);
    await first.until('+0,1,2,3');
    const second = member(client, cooperative);
    await second.until('+2,3');
    await first.until('+0,1');
    expect(first.events[1]).toBe('-2,3');
    expect(new Set(first.events.slice(2))).toEqual(new Set(['+0,1']));
    expect(second.events).toEqual(['+', '+2,3']);
    await second.joined.leave();
    while (first.events.at(-1) !== '+0,1,2,3') await client.metadata(['t']);
    expect(first.events.filter((event) => event.startsWith('-'))).toEqual(['-2,3']);
    expect(second.events.at(-1)).toBe('-2,3');
  });

  it('may commit while the group rebalances', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 2);
    const first = member(client, cooperative);
    await first.until('+0,1');
    let isRefused = true;
    const refused = { name: 't', partitions: [{ partitionIndex: 0, errorCode: 27 }] };
    cluster.intercept = ({ api }) => {
      if (api !== 'OffsetCommit' || !isRefused) return undefined;
      isRefused = false;
      return { answer: { topics: [refused] } };
    };
    await first.joined.commit([{ topic: 't', partition: 0, offset: 5 }]);
    expect(cluster.group('g').offsets.get('0@t')).toBe(5);
  });

  it('is told that all is lost when the group has dropped it', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 2);
    const { until, events } = member(client, cooperative);
    await until('+0,1');
    cluster.group('g').expel('member-1');
    while (events.length < 3) await client.metadata(['t']);
    expect(events).toEqual(['+0,1', '-0,1 lost', '+0,1']);
  });
});

describe('the assignor of a group', () => {
  it('is one that all members offer', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t', 4);
    const first = member(client, { assignors: ['sticky', 'roundrobin'] });
    await first.until('+0,1,2,3');
    const second = member(client, { assignors: ['roundrobin', 'range'] });
    await second.until('+1,3');
    await first.until('+0,2');
    expect(first.events).toEqual(['+0,1,2,3', '-0,1,2,3', '+0,2']);
  });

  it('that is not known is refused', async () => {
    const { client } = await startCluster();
    expect(() =>
      joinGroup(client, { groupId: 'g', topics: ['t'], assignors: ['best' as 'range'], onAssigned() {}, onRevoked() {} }),
    ).toThrow('there is no assignor "best"; known are range, roundrobin, sticky, cooperative-sticky');
  });
});

describe('a member that is guarded', () => {
  it('gives its partitions up when the work stalls, and joins again when it goes on', async () => {
    const { cluster, client, logger } = await startCluster();
    cluster.createTopic('t', 2);
    const { joined, until, events } = member(client, { maxPollIntervalMs: 60 });
    await until('+0,1');
    await until('-0,1 lost');
    expect(cluster.group('g').members.size).toBe(0);
    expect(logger.messages).toEqual(['the group member has not called poll for 60 ms: it gives its partitions up until it does']);
    joined.poll();
    while (events.length < 3) await client.metadata(['t']);
    expect(events).toEqual(['+0,1', '-0,1 lost', '+0,1']);
  });

  it('leaves even while it is stalled', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    const { joined, until, events } = member(client, { maxPollIntervalMs: 20 });
    await until('-0 lost');
    await joined.leave();
    expect(events).toEqual(['+0', '-0 lost']);
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
