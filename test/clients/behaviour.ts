import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openTestBroker } from '../harness/broker.ts';
import type { Codec, ForeignClient, NewRecord, Polled, ReadRecord } from './foreign-client.ts';
import { storedBatches } from './stored-batches.ts';

/** What not every client can do. */
export type Ability =
  | Exclude<Codec, 'none'>
  | 'adds partitions'
  | 'alters configs'
  | 'alters single configs'
  | 'deletes groups'
  | 'deletes records'
  | 'reads its isolation of offsets'
  | 'finds offsets by time'
  | 'transactions'
  | 'offsets in transactions';

export interface ClientUnderTest<Client extends ForeignClient = ForeignClient> {
  /** With its version. */
  readonly name: string;
  /** Opens one that shares nothing with others: its own process, where it is a process. */
  open(brokers: string): Promise<Client> | Client;
  readonly cannot?: readonly Ability[];
}

/** What the tests of one client have at hand; opened before the first of them. */
export interface Bench<Client extends ForeignClient = ForeignClient> {
  readonly brokers: string;
  readonly client: Client;
  /** A second client that works at the same time. */
  readonly other: Client;
}

const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const start = Date.UTC(2026, 0, 1);

/** A name that no other run uses: Apache Kafka's topics stay while all clients are tested. */
export function uniqueName(what: string): string {
  return `${what}-${randomUUID().slice(0, 8)}`;
}

export function record(partition: number, value: string | null, more: Partial<NewRecord> = {}): NewRecord {
  return { partition, value, key: null, headers: [], timestamp: start, ...more };
}

export function values(records: readonly ReadRecord[]): (string | null)[] {
  return records.map(({ value }) => value);
}

function numbered(count: number, partition = 0, first = 0): NewRecord[] {
  return Array.from({ length: count }, (_, index) => record(partition, `${partition}/${first + index}`, { timestamp: start + index }));
}

/** Lets members work side by side until they are where they should be. */
export async function pollUntil(
  members: readonly { client: ForeignClient; member: string }[],
  isThere: (polled: readonly { assignment: readonly number[]; records: readonly ReadRecord[] }[]) => boolean,
): Promise<{ assignment: readonly number[]; records: ReadRecord[] }[]> {
  const gathered = members.map(() => ({ assignment: [] as readonly number[], records: [] as ReadRecord[] }));
  const deadline = performance.now() + 40_000;
  do {
    if (performance.now() > deadline) throw new Error(`not there in time: ${JSON.stringify(gathered)}`);
    const polled = await Promise.all(members.map(({ client, member }): Promise<Polled> => client.poll({ member })));
    for (const [index, { assignment, records }] of polled.entries()) {
      gathered[index]!.assignment = assignment;
      gathered[index]!.records.push(...records);
    }
  } while (!isThere(gathered));
  return gathered;
}

/** Tests a client's whole way with a broker: the one that `KAFKA_BROKERS` names, or an embedded one. */
export function describeClient<Client extends ForeignClient>(
  { name, open, cannot = [] }: ClientUnderTest<Client>,
  further: (bench: () => Bench<Client>) => void = () => {},
): void {
  const can = (ability: Ability) => !cannot.includes(ability);
  describe(name, () => {
    let bench: Bench<Client>;
    let closeBroker: () => Promise<void>;
    beforeAll(async () => {
      const { brokers, close } = await openTestBroker();
      closeBroker = close;
      bench = { brokers, client: await open(brokers), other: await open(brokers) };
    });
    afterAll(async () => {
      await Promise.all([bench?.client.close(), bench?.other.close()]);
      await closeBroker?.();
    });
    const newTopic = async (partitions = 1): Promise<string> => {
      const topic = uniqueName('client');
      await bench.client.createTopic({ topic, partitions, configs: {} });
      await vi.waitFor(async () => expect(await bench.client.partitions({ topic })).toBe(partitions), { timeout: 10_000 });
      return topic;
    };
    const here = { bench: () => bench, newTopic, can };
    describeAdministration(here);
    describeRecords(here);
    describeGroups(here);
    if (can('transactions')) describeTransactions(here);
    further(() => bench);
  });
}

interface Here {
  bench(): Bench;
  newTopic(partitions?: number): Promise<string>;
  can(ability: Ability): boolean;
}

function describeAdministration({ bench, newTopic, can }: Here): void {
  it('makes a topic with partitions and configuration, once, and deletes it', async () => {
    const { client } = bench();
    const topic = uniqueName('made');
    const configs = { 'retention.ms': '7200000', 'cleanup.policy': 'compact' };
    await client.createTopic({ topic, partitions: 2, configs });
    await vi.waitFor(async () => expect(await client.partitions({ topic })).toBe(2), { timeout: 10_000 });
    expect(await client.topics({})).toContain(topic);
    expect(await client.configs({ topic })).toMatchObject(configs);
    await expect(client.createTopic({ topic, partitions: 2, configs })).rejects.toThrow(/exist/i);
    await client.deleteTopic({ topic });
    await vi.waitFor(async () => expect(await client.topics({})).not.toContain(topic), { timeout: 10_000 });
  });

  if (can('adds partitions'))
    it('adds partitions to a topic', async () => {
      const { client } = bench();
      const topic = await newTopic(1);
      await client.createPartitions({ topic, count: 3 });
      await vi.waitFor(async () => expect(await client.partitions({ topic })).toBe(3), { timeout: 10_000 });
      await client.produce({ topic, codec: 'none', records: [record(2, 'last')] });
      expect(values(await client.read({ topic, partition: 2, isolation: 'read_uncommitted', until: 'last' }))).toEqual(['last']);
    });

  if (can('alters configs'))
    it('alters configuration', async () => {
      const { client } = bench();
      const topic = await newTopic();
      const configs = { 'retention.ms': '3600000', 'max.message.bytes': '50000' };
      await client.alterConfigs({ topic, configs });
      await vi.waitFor(async () => expect(await client.configs({ topic })).toMatchObject(configs), { timeout: 10_000 });
      if (!can('alters single configs')) return;
      await client.alterConfigs({ topic, configs: { 'retention.ms': '1800000' } });
      const altered = { 'retention.ms': '1800000', 'max.message.bytes': '50000' };
      await vi.waitFor(async () => expect(await client.configs({ topic })).toMatchObject(altered), { timeout: 10_000 });
    });

  if (can('deletes records'))
    it('deletes records', async () => {
      const { client } = bench();
      const topic = await newTopic();
      await client.produce({ topic, codec: 'none', records: numbered(10) });
      await client.deleteRecords({ topic, partition: 0, offset: 6 });
      expect(await client.offsets({ topic, partition: 0, isolation: 'read_uncommitted' })).toEqual({ earliest: 6, latest: 10 });
      const left = await client.read({ topic, partition: 0, isolation: 'read_uncommitted', until: '0/9' });
      expect(values(left)).toEqual(['0/6', '0/7', '0/8', '0/9']);
    });
}

function describeRecords({ bench, newTopic, can }: Here): void {
  for (const codec of codecs.filter((each) => each === 'none' || can(each))) {
    it(`writes ${codec} batches as an idempotent producer, and reads them`, async () => {
      const { client, brokers } = bench();
      const topic = await newTopic(2);
      const records = [0, 1].map((partition) =>
        numbered(300, partition).map((each) => ({ ...each, key: `key of ${each.value}`.repeat(5), value: each.value })),
      );
      const offsets = await client.produce({ topic, codec, records: records.flat() });
      expect(offsets).toEqual([...Array(300).keys(), ...Array(300).keys()]);
      for (const partition of [0, 1]) {
        const read = await client.read({ topic, partition, isolation: 'read_uncommitted', until: `${partition}/299` });
        expect(read).toEqual(records[partition]!.map((each, offset) => ({ ...each, offset })));
        const stored = await storedBatches(brokers, topic, partition);
        expect(stored.reduce((sum, batch) => sum + batch.recordCount, 0)).toBe(300);
        // A batch of one record may not be worth it to some clients: nearly all records are to be in compressed ones.
        const asWished = stored.filter((batch) => batch.codec === codec && batch.isIdempotent);
        expect(asWished.reduce((sum, batch) => sum + batch.recordCount, 0)).toBeGreaterThan(290);
      }
    });
  }

  it('keeps null keys, empty keys, tombstones, headers and timestamps as they were', async () => {
    const { client } = bench();
    const topic = await newTopic();
    const headers = [
      ['trace', 'ä–1'],
      ['trace', '2'],
      ['empty', ''],
    ] as const;
    const records = [
      record(0, 'without a key', { timestamp: start - 5 }),
      record(0, 'with an empty key', { key: '', timestamp: start + 123 }),
      record(0, null, { key: 'deleted', timestamp: start + 7 }),
      record(0, '', { key: 'empty', timestamp: start + 8 }),
      record(0, 'with headers', { key: 'schlüssel', headers, timestamp: start + 99_999 }),
      record(0, 'end'),
    ];
    await client.produce({ topic, codec: 'none', records });
    const read = await client.read({ topic, partition: 0, isolation: 'read_uncommitted', until: 'end' });
    expect(read).toEqual(records.map((each, offset) => ({ ...each, offset })));
  });

  if (can('finds offsets by time'))
    it('finds offsets by time, and the ends of the log', async () => {
      const { client } = bench();
      const topic = await newTopic();
      const records = [0, 1, 2, 3].map((n) => record(0, String(n), { timestamp: start + n * 1000 }));
      for (const each of records) await client.produce({ topic, codec: 'none', records: [each] });
      const at = (timestamp: number) => client.offsetAt({ topic, partition: 0, timestamp });
      expect([await at(start), await at(start + 1), await at(start + 3000), await at(start + 3001)]).toEqual([0, 1, 3, null]);
      expect(await client.offsets({ topic, partition: 0, isolation: 'read_uncommitted' })).toEqual({ earliest: 0, latest: 4 });
    });
}

function describeGroups({ bench, newTopic, can }: Here): void {
  it('goes on where the group has committed', async () => {
    const { client } = bench();
    const topic = await newTopic();
    const group = uniqueName('group');
    await client.produce({ topic, codec: 'none', records: numbered(10) });
    await client.join({ member: 'first', group, topic });
    const [first] = await pollUntil([{ client, member: 'first' }], ([polled]) => polled!.records.length >= 10);
    expect(values(first!.records)).toEqual(values(numbered(10) as ReadRecord[]));
    expect(await client.committed({ group, topic, partition: 0 })).toBe(null);
    await client.commit({ member: 'first' });
    await client.leave({ member: 'first' });
    expect(await client.committed({ group, topic, partition: 0 })).toBe(10);
    await client.produce({ topic, codec: 'none', records: numbered(5, 0, 10) });
    await client.join({ member: 'second', group, topic });
    const [second] = await pollUntil([{ client, member: 'second' }], ([polled]) => polled!.records.length >= 5);
    expect(second!.records.map(({ offset }) => offset)).toEqual([10, 11, 12, 13, 14]);
    await client.leave({ member: 'second' });
  });

  it('shares partitions between two members, and gives all to the one that stays', async () => {
    const { client, other } = bench();
    const topic = await newTopic(4);
    const group = uniqueName('group');
    const produce = async (first: number) => {
      const records = [0, 1, 2, 3].flatMap((partition) => numbered(5, partition, first));
      await client.produce({ topic, codec: 'none', records });
      return values(records as ReadRecord[]).sort();
    };
    const [stays, goes] = [
      { client, member: 'stays' },
      { client: other, member: 'goes' },
    ];
    const early = await produce(0);
    await client.join({ member: 'stays', group, topic });
    const [alone] = await pollUntil([stays], ([polled]) => polled!.records.length >= 20);
    expect([alone!.assignment, values(alone!.records).sort()]).toEqual([[0, 1, 2, 3], early]);
    await client.commit({ member: 'stays' });

    await other.join({ member: 'goes', group, topic });
    const shared = await pollUntil([stays, goes], ([a, b]) => a!.assignment.length === 2 && b!.assignment.length === 2);
    expect(shared.flatMap(({ assignment }) => assignment).sort()).toEqual([0, 1, 2, 3]);
    expect(await client.group({ group })).toEqual({ state: 'Stable', members: 2 });
    const late = await produce(5);
    const both = await pollUntil([stays, goes], ([a, b]) => a!.records.length + b!.records.length >= 20);
    expect(values(both.flatMap(({ records }) => records)).sort()).toEqual(late);
    for (const { assignment, records } of both) expect([...new Set(records.map(({ partition }) => partition))].sort()).toEqual(assignment);
    await client.commit({ member: 'stays' });
    await other.commit({ member: 'goes' });

    await other.leave({ member: 'goes' });
    await pollUntil([stays], ([polled]) => polled!.assignment.length === 4);
    const last = await produce(10);
    const [again] = await pollUntil([stays], ([polled]) => polled!.records.length >= 20);
    expect(values(again!.records).sort()).toEqual(last);
    if (can('deletes groups')) await expect(client.deleteGroup({ group })).rejects.toThrow(/non.?empty|not.?empty/i);
    await client.leave({ member: 'stays' });
    expect(await client.groups({})).toContain(group);
    if (!can('deletes groups')) return;
    await client.deleteGroup({ group });
    expect(await client.groups({})).not.toContain(group);
  });
}

function describeTransactions({ bench, newTopic, can }: Here): void {
  it('shows what is committed, and what is aborted only to those who ask for it', async () => {
    const { client } = bench();
    const topic = await newTopic();
    const producer = uniqueName('producer');
    await client.openProducer({ producer, transactionalId: producer });
    const transactions = [
      { written: ['a1', 'a2'], commit: false },
      { written: ['c1', 'c2'], commit: true },
      { written: ['a3'], commit: false },
      { written: ['c3'], commit: true },
    ];
    for (const { written, commit } of transactions) {
      await client.begin({ producer });
      await client.send({ producer, topic, records: written.map((value) => record(0, value)) });
      await client.end({ producer, commit });
    }
    await client.closeProducer({ producer });
    await client.produce({ topic, codec: 'none', records: [record(0, 'end')] });
    const read = async (isolation: 'read_committed' | 'read_uncommitted') =>
      values(await client.read({ topic, partition: 0, isolation, until: 'end' }));
    expect(await read('read_committed')).toEqual(['c1', 'c2', 'c3', 'end']);
    expect(await read('read_uncommitted')).toEqual(['a1', 'a2', 'c1', 'c2', 'a3', 'c3', 'end']);
  });

  it('holds back what lies behind an open transaction', async () => {
    const { client, other } = bench();
    const topic = await newTopic();
    const producer = uniqueName('producer');
    await client.produce({ topic, codec: 'none', records: [record(0, 'before')] });
    await client.openProducer({ producer, transactionalId: producer });
    await client.begin({ producer });
    await client.send({ producer, topic, records: [record(0, 'in doubt')] });
    await client.produce({ topic, codec: 'none', records: [record(0, 'end')] });
    if (can('reads its isolation of offsets')) {
      expect((await client.offsets({ topic, partition: 0, isolation: 'read_committed' })).latest).toBe(1);
      expect((await client.offsets({ topic, partition: 0, isolation: 'read_uncommitted' })).latest).toBe(3);
    }
    const member = 'waits';
    await other.join({ member, group: uniqueName('group'), topic });
    const [early] = await pollUntil([{ client: other, member }], ([polled]) => polled!.records.length > 0);
    for (let times = 0; times < 3; times++) early!.records.push(...(await other.poll({ member })).records);
    expect(values(early!.records)).toEqual(['before']);
    await client.end({ producer, commit: false });
    const [late] = await pollUntil([{ client: other, member }], ([polled]) => polled!.records.length > 0);
    expect(values(late!.records)).toEqual(['end']);
    await other.leave({ member });
    await client.closeProducer({ producer });
  });

  it('fences the producer whose transactional id another one takes', async () => {
    const { client } = bench();
    const topic = await newTopic();
    const transactionalId = uniqueName('taken');
    await client.openProducer({ producer: 'zombie', transactionalId });
    await client.begin({ producer: 'zombie' });
    await client.send({ producer: 'zombie', topic, records: [record(0, 'of the zombie')] });
    await client.openProducer({ producer: 'heir', transactionalId });
    await expect(client.end({ producer: 'zombie', commit: true })).rejects.toThrow(/fence|epoch/i);
    await client.begin({ producer: 'heir' });
    await client.send({ producer: 'heir', topic, records: [record(0, 'end')] });
    await client.end({ producer: 'heir', commit: true });
    expect(values(await client.read({ topic, partition: 0, isolation: 'read_committed', until: 'end' }))).toEqual(['end']);
    await client.closeProducer({ producer: 'heir' });
    await client.closeProducer({ producer: 'zombie' }).catch(() => {});
  });

  if (can('offsets in transactions'))
    it('commits offsets with the transaction, or not at all', async () => {
      const { client } = bench();
      const [input, output] = [await newTopic(), await newTopic()];
      const group = uniqueName('group');
      const producer = uniqueName('producer');
      await client.produce({ topic: input, codec: 'none', records: numbered(5) });
      await client.join({ member: 'copier', group, topic: input });
      await pollUntil([{ client, member: 'copier' }], ([polled]) => polled!.records.length >= 5);
      await client.openProducer({ producer, transactionalId: producer });
      const copy = async (value: string, offset: number | null, commit: boolean) => {
        await client.begin({ producer });
        await client.send({ producer, topic: output, records: [record(0, value)] });
        if (offset !== null) await client.sendOffset({ producer, member: 'copier', group, topic: input, offset });
        await client.end({ producer, commit });
      };
      const committed = () => client.committed({ group, topic: input, partition: 0 });
      await copy('copied', 2, true);
      // Apache Kafka answers when the outcome is decided, and applies the offsets a moment later.
      await vi.waitFor(async () => expect(await committed()).toBe(2), { timeout: 10_000 });
      await copy('lost', 5, false);
      // It begins when the one before has come to its end.
      await copy('end', null, true);
      expect(await committed()).toBe(2);
      expect(values(await client.read({ topic: output, partition: 0, isolation: 'read_committed', until: 'end' }))).toEqual([
        'copied',
        'end',
      ]);
      await client.closeProducer({ producer });
      await client.leave({ member: 'copier' });
    });
}
