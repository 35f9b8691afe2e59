import { expect, it, vi } from 'vitest';
import { describeClient, record, uniqueName, values } from '../behaviour.ts';
import { startDriver } from '../driver-process.ts';
import { isHere } from '../runtimes.ts';
import { goDriver, whatGoBuilds } from './go-driver.ts';

const { newest, lacking } = whatGoBuilds();
if (isHere(lacking)) {
  const driver = goDriver(newest!);
  const name = `franz-go ${newest!.version} (Go)`;
  // Its consumers commit offsets in transactions only in a session of its own.
  describeClient({ name, open: (brokers) => startDriver(driver, brokers), cannot: ['offsets in transactions'] }, (bench) => {
    it('copies in a session: records and offsets in one transaction, or not at all', async () => {
      const { client } = bench();
      const [input, output] = [uniqueName('input'), uniqueName('output')];
      const [group, transactionalId] = [uniqueName('group'), uniqueName('copier')];
      for (const topic of [input, output]) await client.createTopic({ topic, partitions: 1, configs: {} });
      await client.produce({ topic: input, codec: 'none', records: ['a', 'b', 'c'].map((value) => record(0, value)) });
      const copy = (commit: boolean) => client.call('copy', { topic: input, output, group, transactionalId, count: 3, commit });
      const committed = () => client.committed({ group, topic: input, partition: 0 });
      expect(await copy(false)).toBe(false);
      expect(await committed()).toBe(null);
      expect(await copy(true)).toBe(true);
      await vi.waitFor(async () => expect(await committed()).toBe(3), { timeout: 10_000 });
      await client.produce({ topic: output, codec: 'none', records: [record(0, 'end')] });
      const read = (isolation: 'read_committed' | 'read_uncommitted') =>
        client.read({ topic: output, partition: 0, isolation, until: 'end' });
      expect(values(await read('read_committed'))).toEqual(['a', 'b', 'c', 'end']);
      expect(values(await read('read_uncommitted'))).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'end']);
    });
  });
}
