import { join } from 'node:path';
import { root } from '../architecture/workspace.ts';
import { Started } from '../harness/process.ts';
import { apacheKafkaVersion, startApacheKafka, whatApacheKafkaLacks } from '../kafka/apache-kafka.ts';

/** A broker that the benchmarks run on. */
export interface Cluster {
  readonly name: string;
  readonly brokers: string;
  stop(): Promise<void>;
}

/** Starts the clusters to measure on, one after the other. */
export function startClusters(folder: string, withApacheKafka: boolean): (() => Promise<Cluster>)[] {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined) return [async () => ({ name: given, brokers: given, stop: async () => {} })];
  return withApacheKafka ? [() => startEmbedded(folder), startKafka] : [() => startEmbedded(folder)];
}

async function startEmbedded(folder: string): Promise<Cluster> {
  const main = join(root, 'packages/broker/src/main.ts');
  const broker = new Started(process.execPath, ['--conditions=source', main, '--data-dir', folder, '--port', '0']);
  const [, brokers] = await broker.waitFor(/listening on (\S+)/);
  return { name: 'embedded', brokers: brokers!, stop: async () => void (await broker.stop()) };
}

async function startKafka(): Promise<Cluster> {
  const lacking = whatApacheKafkaLacks();
  if (lacking !== null) throw new Error(`Apache Kafka cannot be started here: ${lacking}`);
  const kafka = await startApacheKafka();
  return { name: `Apache Kafka ${apacheKafkaVersion}`, brokers: kafka.brokers, stop: kafka.stop };
}
