import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, it, vi } from 'vitest';
import { type Bench, describeClient, pollUntil, record, uniqueName } from '../behaviour.ts';
import { startDriver } from '../driver-process.ts';
import { isHere } from '../runtimes.ts';
import { javaArguments, javaDriver, whatJavaLacks } from './java-driver.ts';

type JavaClient = ReturnType<typeof startDriver>;

/** Tests the clients of a version of Apache Kafka, and with them what only they can ask. */
export function describeJavaClients(version: string): void {
  if (!isHere(whatJavaLacks(version))) return;
  const driver = javaDriver(version);
  const open = (brokers: string) => startDriver(driver, brokers);
  describeClient<JavaClient>({ name: `Apache Kafka's Java clients ${version}`, open }, (bench) => {
    describeInsight(bench);
    describeMembership(bench);
    describeVerifiable(bench, version);
  });
}

function describeInsight(bench: () => Bench<JavaClient>): void {
  it('describes transactions and producers while they are at work', async () => {
    const { client } = bench();
    const topic = uniqueName('topic');
    await client.createTopic({ topic, partitions: 1, configs: {} });
    const transactionalId = uniqueName('described');
    await client.openProducer({ producer: 'described', transactionalId });
    await client.begin({ producer: 'described' });
    await client.send({ producer: 'described', topic, records: [record(0, 'a'), record(0, 'b')] });
    expect(await client.call('transactions', {})).toMatchObject({ [transactionalId]: 'Ongoing' });
    const open = { state: 'Ongoing', timeoutMs: 30_000, partitions: [`${topic}-0`] };
    expect(await client.call('transaction', { transactionalId })).toEqual(open);
    expect(await client.call('activeProducers', { topic, partition: 0 })).toEqual([{ lastSequence: 1, openSince: 0 }]);
    await client.end({ producer: 'described', commit: true });
    await vi.waitFor(async () => {
      expect(await client.call('transactions', {})).toMatchObject({ [transactionalId]: 'CompleteCommit' });
      expect(await client.call('activeProducers', { topic, partition: 0 })).toMatchObject([{ openSince: -1 }]);
    });
    await client.closeProducer({ producer: 'described' });
  });

  it('describes the cluster, the size of a log, and where configuration comes from', async () => {
    const { client } = bench();
    const topic = uniqueName('topic');
    await client.createTopic({ topic, partitions: 1, configs: { 'segment.bytes': '1048576' } });
    await client.produce({ topic, codec: 'none', records: [record(0, 'x'.repeat(1000))] });
    expect(await client.call('cluster', {})).toMatchObject({ id: expect.stringMatching(/.+/), nodes: 1, controller: 1 });
    const size = await client.call('logSize', { topic, partition: 0 });
    expect(size).toBeGreaterThan(1000);
    expect(size).toBeLessThan(1200);
    const sources = await client.call('configSources', { topic });
    expect(sources).toMatchObject({ 'segment.bytes': 'DYNAMIC_TOPIC_CONFIG', 'cleanup.policy': 'DEFAULT_CONFIG' });
  });

  it('deletes offsets of a group', async () => {
    const { client } = bench();
    const topic = uniqueName('topic');
    const group = uniqueName('group');
    await client.createTopic({ topic, partitions: 1, configs: {} });
    await client.produce({ topic, codec: 'none', records: [record(0, 'a')] });
    await client.join({ member: 'm', group, topic });
    await pollUntil([{ client, member: 'm' }], ([polled]) => polled!.records.length === 1);
    await client.commit({ member: 'm' });
    await expect(client.call('deleteOffset', { group, topic, partition: 0 })).rejects.toThrow(/GroupSubscribedToTopic/);
    await client.leave({ member: 'm' });
    expect(await client.committed({ group, topic, partition: 0 })).toBe(1);
    await client.call('deleteOffset', { group, topic, partition: 0 });
    expect(await client.committed({ group, topic, partition: 0 })).toBe(null);
  });
}

function describeMembership(bench: () => Bench<JavaClient>): void {
  it('rebalances cooperatively: a member keeps what it does not have to give up', async () => {
    const { client, other } = bench();
    const topic = uniqueName('topic');
    const group = uniqueName('group');
    await client.createTopic({ topic, partitions: 4, configs: {} });
    const settings = { 'partition.assignment.strategy': 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor' };
    await client.call('join', { member: 'm', group, topic, settings });
    await pollUntil([{ client, member: 'm' }], ([polled]) => polled!.assignment.length === 4);
    await other.call('join', { member: 'n', group, topic, settings });
    const members = [
      { client, member: 'm' },
      { client: other, member: 'n' },
    ];
    const [kept, given] = await pollUntil(members, ([m, n]) => m!.assignment.length === 2 && n!.assignment.length === 2);
    expect(await client.call('rebalancing', { member: 'm' })).toMatchObject({ revoked: given!.assignment });
    expect([...kept!.assignment, ...given!.assignment].sort()).toEqual([0, 1, 2, 3]);
    await client.leave({ member: 'm' });
    await other.leave({ member: 'n' });
  });

  it('lets a static member come back to its partitions without a rebalance', async () => {
    const { client, other } = bench();
    const topic = uniqueName('topic');
    const group = uniqueName('group');
    await client.createTopic({ topic, partitions: 4, configs: {} });
    const join = (of: JavaClient, member: string) =>
      of.call('join', { member, group, topic, settings: { 'group.instance.id': `instance-${member}` } });
    const members = [
      { client, member: 'm' },
      { client: other, member: 'n' },
    ];
    await join(client, 'm');
    await join(other, 'n');
    const before = await pollUntil(members, ([m, n]) => m!.assignment.length === 2 && n!.assignment.length === 2);
    const rebalancing = await client.call('rebalancing', { member: 'm' });
    await other.leave({ member: 'n' });
    await join(other, 'n');
    const [stayed, returned] = await pollUntil(members, ([, n]) => n!.assignment.length > 0);
    expect([stayed!.assignment, returned!.assignment]).toEqual(before.map(({ assignment }) => assignment));
    expect(await client.call('rebalancing', { member: 'm' })).toEqual(rebalancing);
    await client.leave({ member: 'm' });
    await other.leave({ member: 'n' });
  });
}

/** Runs one of Kafka's own test tools, which tell what they do as lines of JSON, until a line satisfies. */
async function runTool(version: string, args: readonly string[], isEnough: (event: Record<string, unknown>) => boolean) {
  const child = spawn('java', [...javaArguments(version), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let complaints = '';
  child.stderr.on('data', (data: Buffer) => (complaints += data.toString()));
  const events: Record<string, unknown>[] = [];
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const event = JSON.parse(line) as Record<string, unknown>;
    events.push(event);
    if (isEnough(event)) child.kill('SIGTERM');
  }
  await ended;
  clearTimeout(timer);
  if (!events.some(isEnough)) throw new Error(`${args.join(' ')} did not get there: ${JSON.stringify(events.slice(-3))}\n${complaints}`);
  return events;
}

function describeVerifiable(bench: () => Bench<JavaClient>, version: string): void {
  it("satisfies Kafka's VerifiableProducer and VerifiableConsumer", async () => {
    const { brokers, client } = bench();
    const topic = uniqueName('verified');
    const group = uniqueName('group');
    await client.createTopic({ topic, partitions: 3, configs: {} });
    const count = 3000;
    const to = ['--bootstrap-server', brokers, '--topic', topic];
    const producer = ['org.apache.kafka.tools.VerifiableProducer', ...to, '--max-messages', String(count), '--acks', '-1'];
    const written = await runTool(version, producer, ({ name }) => name === 'tool_data');
    expect(written.find(({ name }) => name === 'tool_data')).toMatchObject({ sent: count, acked: count });
    expect(written.filter(({ name }) => name === 'producer_send_error')).toEqual([]);
    const acked = written.filter(({ name }) => name === 'producer_send_success').map(({ value }) => Number(value));
    expect(acked.sort((a, b) => a - b)).toEqual([...Array(count).keys()]);

    const consumer = ['org.apache.kafka.tools.VerifiableConsumer', ...to, '--group-id', group, '--reset-policy', 'earliest', '--verbose'];
    const committed = new Map<number, number>();
    const read = await runTool(version, [...consumer, '--max-messages', String(count)], ({ name, offsets }) => {
      if (name !== 'offsets_committed') return false;
      for (const { partition, offset } of offsets as { partition: number; offset: number }[]) committed.set(partition, offset);
      return [...committed.values()].reduce((sum, offset) => sum + offset, 0) >= count;
    });
    const consumed = read.filter(({ name }) => name === 'record_data').map(({ value }) => Number(value));
    expect(consumed.sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
    const ends = await Promise.all([0, 1, 2].map((partition) => client.committed({ group, topic, partition })));
    expect(ends.reduce<number>((sum, offset) => sum + offset!, 0)).toBe(count);
  });
}
