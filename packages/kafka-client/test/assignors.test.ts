import { decodeStickyUserData, decodeSubscription, encodeStickyUserData } from '@millrace/kafka-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignRanges } from '../src/assign-ranges.ts';
import { assignRoundRobin } from '../src/assign-round-robin.ts';
import { assignCooperatively, assignSticky } from '../src/assign-sticky.ts';
import { assignToOne } from '../src/assign-to-one.ts';
import { assignToTasks } from '../src/assign-to-tasks.ts';
import type { Subscriber } from '../src/assignor.ts';
import { assignors } from '../src/assignors.ts';
import type { TopicPartition } from '../src/index.ts';

const parse = (text: string): TopicPartition[] =>
  text.split(' ').flatMap((part) => (part === '' ? [] : [{ topic: part[0]!, partition: Number(part.slice(1)) }]));
const show = (partitions: readonly TopicPartition[]) => partitions.map(({ topic, partition }) => `${topic}${partition}`).join(' ');
const shown = (assigned: Map<string, TopicPartition[]>) => Object.fromEntries([...assigned].map(([id, of]) => [id, show(of)]));

function subscriber(memberId: string, topics: string, { instanceId = null as string | null, owned = '', generation = 1 } = {}): Subscriber {
  return { memberId, instanceId, topics: [...topics], owned: parse(owned), generation };
}

const counts = (of: Record<string, number>) => new Map(Object.entries(of));

describe('the assignor that shares all among some members', () => {
  const member = (id: string, owned = '', generation = 1) => subscriber(id, 't', { instanceId: id, owned, generation });
  const share = (tasks: number, members: readonly Subscriber[], partitions: number) =>
    shown(assignToTasks(tasks, members, counts({ t: partitions }), 'g'));

  it('gives every process a share before one gets a second, and lets the others stand by', () => {
    const members = ['a.0', 'a.1', 'b.0', 'b.1'].map((id) => member(id));
    expect(new Set(Object.values(share(2, members, 4)))).toEqual(new Set(['t0 t2', 't1 t3', '']));
    const two = share(2, members, 4);
    expect([two['a.1'], two['b.1']]).toEqual(['', '']);
    const three = share(3, members, 4);
    expect([three['a.0'], three['b.0']].sort()).toEqual([two['a.0'], two['b.0']].map((of) => (of === 't0 t2' ? 't0 t3' : 't1')).sort());
    expect([three['a.1'], three['b.1']].sort()).toEqual(['', 't2']);
    expect(Object.values(share(9, members, 2)).filter((of) => of !== '')).toHaveLength(2);
  });

  it('gives nobody what another member has not given up yet', () => {
    expect(share(2, [member('a.0', 't0 t1 t2'), member('a.1')], 3)).toEqual({ 'a.0': 't0 t2', 'a.1': '' });
    expect(share(2, [member('a.0', 't0 t2', 2), member('a.1')], 3)).toEqual({ 'a.0': 't0 t2', 'a.1': 't1' });
    // Of two who say that they have it, the later one has it.
    expect(share(1, [member('a.0', 't0', 1), member('a.1', 't0', 2)], 1)).toEqual({ 'a.0': '', 'a.1': '' });
    expect(share(1, [member('a.0', 't0', 3), member('a.1', 't0', 2)], 1)).toEqual({ 'a.0': 't0', 'a.1': '' });
  });

  it('comes to give each partition to one of so many members, whoever comes and goes', () => {
    const steps = fc.array(fc.tuple(fc.subarray(['a.0', 'a.1', 'b.0', 'b.1', 'c.0'], { minLength: 1 }), fc.integer({ min: 1, max: 4 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 6 }), (memberships, partitions) => {
        let held = new Map<string, TopicPartition[]>();
        for (const [generation, [ids, tasks]] of memberships.entries()) {
          for (let round = 0; round < 3; round++) {
            const members = ids.map((id) => ({ ...member(id, '', generation * 3 + round), owned: held.get(id) ?? [] }));
            const assigned = assignToTasks(tasks, members, counts({ t: partitions }), 'g');
            const holders = [...assigned].flatMap(([id, of]) => of.map(({ partition }) => [partition, id] as const));
            expect(new Set(holders.map(([partition]) => partition)).size).toBe(holders.length);
            for (const [partition, id] of holders)
              for (const other of members)
                if (other.memberId !== id) expect(other.owned.some((of) => of.partition === partition)).toBe(false);
            held = new Map(assigned);
          }
          const shares = [...held.values()].filter((of) => of.length > 0);
          expect(shares.flat()).toHaveLength(partitions);
          expect(shares).toHaveLength(Math.min(tasks, ids.length, partitions));
        }
      }),
    );
  });
});

describe('the assignor that gives all to one member', () => {
  const all = (members: readonly Subscriber[], partitions: number, group: string) =>
    shown(assignToOne(members, counts({ t: partitions }), group));
  const chosenOf = (memberIds: string, group: string) => {
    const assigned = all(
      [...memberIds].map((id) => subscriber(id, 't')),
      1,
      group,
    );
    return Object.keys(assigned).find((id) => assigned[id] !== '')!;
  };

  it('leaves everything with who has it if that is who comes first, new partitions too', () => {
    const [first] = 'abc'.split('').filter((id) => chosenOf('abc', 'g') === id);
    const members = [...'abc'].map((id) => subscriber(id, 't', { owned: id === first ? 't0' : '' }));
    expect(all(members, 2, 'g')).toEqual({ a: '', b: '', c: '', [first!]: 't0 t1' });
  });

  it('gives it to nobody before who has it has given it up', () => {
    const first = chosenOf('ab', 'g');
    const second = first === 'a' ? 'b' : 'a';
    const holding = [subscriber(first, 't'), subscriber(second, 't', { owned: 't0' })];
    expect(all(holding, 1, 'g')).toEqual({ a: '', b: '' });
    expect(all([subscriber(first, 't'), subscriber(second, 't')], 1, 'g')).toEqual({ [first]: 't0', [second]: '' });
  });

  it('believes the later of two that say they have it', () => {
    const first = chosenOf('ab', 'g');
    const second = first === 'a' ? 'b' : 'a';
    const claims = (firstGeneration: number) => [
      subscriber(first, 't', { owned: 't0', generation: firstGeneration }),
      subscriber(second, 't', { owned: 't0', generation: 3 }),
    ];
    expect(all(claims(4), 1, 'g')).toEqual({ [first]: 't0', [second]: '' });
    expect(all(claims(2), 1, 'g')).toEqual({ a: '', b: '' });
  });

  it('spreads many groups over the same members, however these are listed, and gives those of one that has gone to the others', () => {
    const groups = Array.from({ length: 100 }, (_, i) => `millrace.view.v${i}`);
    for (const group of groups) expect(chosenOf('cba', group)).toBe(chosenOf('abc', group));
    const owners = groups.map((group) => chosenOf('abc', group));
    for (const member of 'abc') expect(owners.filter((owner) => owner === member).length).toBeGreaterThan(15);
    const without = groups.map((group) => chosenOf('ab', group));
    for (const [i, owner] of owners.entries()) if (owner !== 'c') expect(without[i]).toBe(owner);
    for (const member of 'ab') expect(without.filter((owner) => owner === member).length).toBeGreaterThan(30);
  });
});

describe('the range assignor', () => {
  it('gives ranges topic by topic, the first members one more', () => {
    const members = [subscriber('b', 'tu'), subscriber('a', 'tu'), subscriber('c', 't')];
    expect(shown(assignRanges(members, counts({ t: 7, u: 3 })))).toEqual({ a: 't0 t1 t2 u0 u1', b: 't3 t4 u2', c: 't5 t6' });
  });

  it('puts static members first, by their instance id', () => {
    const members = [subscriber('a', 't'), subscriber('z', 't', { instanceId: 'i1' }), subscriber('y', 't', { instanceId: 'i2' })];
    expect(shown(assignRanges(members, counts({ t: 3 })))).toEqual({ z: 't0', y: 't1', a: 't2' });
  });

  it('gives nothing of topics that do not exist, and empty lists to members without', () => {
    expect(shown(assignRanges([subscriber('a', 'tx'), subscriber('b', 't')], counts({ t: 1 })))).toEqual({ a: 't0', b: '' });
  });
});

describe('the round-robin assignor', () => {
  it('deals partitions out in turn over all topics', () => {
    const members = [subscriber('b', 'tu'), subscriber('a', 'tu')];
    expect(shown(assignRoundRobin(members, counts({ u: 3, t: 3 })))).toEqual({ a: 't0 t2 u1', b: 't1 u0 u2' });
  });

  it('passes members over that do not read the topic', () => {
    // The example of Java's RoundRobinAssignor.
    const members = [subscriber('C0', 'a'), subscriber('C1', 'ab'), subscriber('C2', 'abc')];
    expect(shown(assignRoundRobin(members, counts({ a: 1, b: 2, c: 3 })))).toEqual({ C0: 'a0', C1: 'b0', C2: 'b1 c0 c1 c2' });
    expect(shown(assignRoundRobin([subscriber('a', 't')], counts({ t: 1, u: 1 })))).toEqual({ a: 't0' });
  });
});

describe('the sticky assignor', () => {
  it('moves the least that makes it even', () => {
    const members = [subscriber('a', 't', { owned: 't0 t1 t2 t3' }), subscriber('b', 't', { owned: 't4' }), subscriber('c', 't')];
    expect(shown(assignSticky(members, counts({ t: 6 })))).toEqual({ a: 't0 t1', b: 't4 t3', c: 't5 t2' });
  });

  it('hands out what a member that has left held', () => {
    const members = [subscriber('a', 't', { owned: 't0 t1' }), subscriber('b', 't', { owned: 't4 t5' })];
    expect(shown(assignSticky(members, counts({ t: 6 })))).toEqual({ a: 't0 t1 t2', b: 't4 t5 t3' });
  });

  it('believes the later generation, and nobody if two of one say that they hold the same', () => {
    const stale = subscriber('a', 't', { owned: 't0 t1', generation: 3 });
    expect(shown(assignSticky([stale, subscriber('b', 't', { owned: 't0 t1', generation: 4 })], counts({ t: 2 })))).toEqual({
      a: 't1',
      b: 't0',
    });
    const members = [
      subscriber('a', 't', { owned: 't0 t1' }),
      subscriber('b', 't', { owned: 't1 t2' }),
      subscriber('c', 't', { owned: 't1', generation: 0 }),
    ];
    expect(shown(assignSticky(members, counts({ t: 3 })))).toEqual({ a: 't0', b: 't2', c: 't1' });
  });

  it('takes away what does not exist or is not read any more', () => {
    const members = [subscriber('a', 't', { owned: 't0 t9 u0' }), subscriber('b', 'u')];
    expect(shown(assignSticky(members, counts({ t: 2, u: 1 })))).toEqual({ a: 't0 t1', b: 'u0' });
  });

  const groups = fc.record({
    counts: fc.record({ t: fc.nat(8), u: fc.nat(8), v: fc.nat(8) }),
    members: fc.array(
      fc.record({
        topics: fc.subarray(['t', 'u', 'v'], { minLength: 1 }),
        owned: fc.uniqueArray(fc.tuple(fc.constantFrom('t', 'u', 'v'), fc.nat(9)), { selector: String }),
        generation: fc.integer({ min: -1, max: 3 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  });
  const subscribersOf = (members: readonly { topics: string[]; owned: [string, number][]; generation: number }[]): Subscriber[] =>
    members.map(({ topics, owned, generation }, index) => ({
      memberId: `m${index}`,
      instanceId: null,
      topics,
      owned: owned.map(([topic, partition]) => ({ topic, partition })),
      generation,
    }));

  it('gives each partition that is read to one reader, evenly, and stays where it is', () => {
    fc.assert(
      fc.property(groups, ({ counts: of, members }) => {
        const subscribers = subscribersOf(members);
        const partitionCounts = counts(of);
        const assigned = assignSticky(subscribers, partitionCounts);
        const all = [...assigned.values()].flat().map((one) => show([one]));
        const isRead = (topic: string) => subscribers.some(({ topics }) => topics.includes(topic));
        const expected = Object.entries(of).flatMap(([topic, count]) =>
          isRead(topic) ? Array.from({ length: count }, (_, partition) => `${topic}${partition}`) : [],
        );
        expect(all.toSorted()).toEqual(expected.toSorted());
        for (const { memberId, topics } of subscribers) {
          for (const { topic } of assigned.get(memberId)!) {
            expect(topics).toContain(topic);
            for (const other of subscribers)
              if (other.topics.includes(topic))
                expect(assigned.get(memberId)!.length - assigned.get(other.memberId)!.length).toBeLessThan(2);
          }
        }
        const settled = subscribers.map((one) => ({ ...one, owned: assigned.get(one.memberId)!, generation: 9 }));
        const sorted = (of: Map<string, TopicPartition[]>) =>
          Object.fromEntries([...of].map(([id, has]) => [id, has.map((one) => show([one])).sort()]));
        expect(sorted(assignSticky(settled, partitionCounts))).toEqual(sorted(assigned));
      }),
      { numRuns: 40 },
    );
  });

  it('of the cooperative kind gives nothing that another still holds, and all of it in the end', () => {
    fc.assert(
      fc.property(groups, ({ counts: of, members }) => {
        let subscribers = subscribersOf(members);
        const partitionCounts = counts(of);
        for (let generation = 10; generation < 15; generation++) {
          const assigned = assignCooperatively(subscribers, partitionCounts);
          for (const { memberId } of subscribers)
            for (const given of assigned.get(memberId)!)
              for (const other of subscribers) if (other.memberId !== memberId) expect(other.owned).not.toContainEqual(given);
          subscribers = subscribers.map((one) => ({ ...one, owned: assigned.get(one.memberId)!, generation }));
        }
        const final = assignCooperatively(subscribers, partitionCounts);
        expect([...final.values()].flat()).toHaveLength([...assignSticky(subscribers, partitionCounts).values()].flat().length);
        for (const { memberId, owned } of subscribers) expect(final.get(memberId)!.length).toBe(owned.length);
      }),
      { numRuns: 40 },
    );
  });
});

describe('what members tell', () => {
  const state = { topics: ['t'], owned: parse('t0 t2 u1'), generation: 7 };

  it('with the sticky assignor has the form of Java', () => {
    const { userData, topics } = decodeSubscription(assignors.sticky.encode(state));
    expect(topics).toEqual(['t']);
    expect(userData!.toString('hex')).toBe(
      ['00000002', '000174', '00000002', '00000000', '00000002', '000175', '00000001', '00000001', '00000007'].join(''),
    );
    expect(assignors.sticky.decode(decodeSubscription(assignors.sticky.encode(state)))).toEqual({ owned: state.owned, generation: 7 });
  });

  it('with the sticky assignor may lack the generation, or be nonsense', () => {
    const older = encodeStickyUserData({ previousAssignment: [{ topic: 't', partitions: [1] }], generation: 5 }).subarray(0, -4);
    expect(decodeStickyUserData(older)).toEqual({ previousAssignment: [{ topic: 't', partitions: [1] }], generation: -1 });
    expect(decodeStickyUserData(null).previousAssignment).toEqual([]);
    expect(decodeStickyUserData(Buffer.from('7fffffff', 'hex')).previousAssignment).toEqual([]);
  });

  it('with the cooperative assignor has the form of Java, of before and after the generation had a field', () => {
    const subscription = decodeSubscription(assignors['cooperative-sticky'].encode(state));
    expect(subscription).toMatchObject({ topics: ['t'], generationId: 7, ownedPartitions: [{ partitions: [0, 2] }, { partitions: [1] }] });
    expect(assignors['cooperative-sticky'].decode({ ...subscription, generationId: -1 })).toEqual({ owned: state.owned, generation: 7 });
    expect(assignors['cooperative-sticky'].decode({ ...subscription, generationId: -1, userData: null }).generation).toBe(-1);
  });
});
