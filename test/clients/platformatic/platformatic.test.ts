import { expect, it, vi } from 'vitest';
import { describeClient, pollUntil, record, uniqueName, values } from '../behaviour.ts';
import { openPlatformatic } from './platformatic-client.ts';

/**
 * Of transactions it is only asked to commit one. It shows aborted records to readers of committed ones: where their marker comes with
 * a later fetch, or a producer aborted twice in one. It takes no transactional id over: it asks in the name of producer 0. And it does
 * not ask again where Apache Kafka still ends the transaction before.
 */
describeClient({ name: '@platformatic/kafka 2.12.1', open: openPlatformatic, cannot: ['transactions'] }, (bench) => {
  it('commits records and an offset in a transaction', async () => {
    const { client } = bench();
    const [input, output] = [uniqueName('input'), uniqueName('output')];
    const [group, producer] = [uniqueName('group'), uniqueName('producer')];
    for (const topic of [input, output]) await client.createTopic({ topic, partitions: 1, configs: {} });
    await client.produce({ topic: input, codec: 'none', records: [record(0, 'a'), record(0, 'b')] });
    await client.join({ member: 'copier', group, topic: input });
    await pollUntil([{ client, member: 'copier' }], ([polled]) => polled!.records.length >= 2);
    await client.openProducer({ producer, transactionalId: producer });
    await client.begin({ producer });
    await client.send({ producer, topic: output, records: [record(0, 'a'), record(0, 'end')] });
    await client.sendOffset({ producer, member: 'copier', group, topic: input, offset: 2 });
    expect((await client.offsets({ topic: output, partition: 0, isolation: 'read_committed' })).latest).toBe(0);
    expect(await client.committed({ group, topic: input, partition: 0 })).toBe(null);
    await client.end({ producer, commit: true });
    await vi.waitFor(async () => expect(await client.committed({ group, topic: input, partition: 0 })).toBe(2), { timeout: 10_000 });
    expect(values(await client.read({ topic: output, partition: 0, isolation: 'read_committed', until: 'end' }))).toEqual(['a', 'end']);
    await client.leave({ member: 'copier' });
    await client.closeProducer({ producer });
  });
});
