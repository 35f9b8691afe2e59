import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker } from '@millrace/broker';

/** Brokers that several clients or servers of a test file share: the cluster that `KAFKA_BROKERS` names, or an embedded broker in this process. */
export async function openTestBroker(): Promise<{ readonly brokers: string; close(): Promise<void> }> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined) return { brokers: given, close: async () => {} };
  const dataDirectory = mkdtempSync(join(tmpdir(), 'millrace-test-broker-'));
  const broker = new Broker({ dataDirectory, port: 0, autoCreateTopics: false });
  await broker.open();
  return {
    brokers: broker.address,
    close: async () => {
      await broker.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
