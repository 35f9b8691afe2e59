import { UsageError } from '../usage-error.ts';
import { type Finding, finding } from './check.ts';
import type { LoadConfiguration } from './machine-checks.ts';

/** Whether the brokers answer: those of the configuration, or the embedded one of a server on this machine. */
export function checkBrokers(load: LoadConfiguration): Promise<Finding> {
  return finding('brokers', async () => {
    const [{ KafkaClient }, { clusterOptions }] = await Promise.all([import('@millrace/kafka-client'), import('@millrace/server')]);
    const { values } = await load();
    const cluster = clusterOptions(values);
    const isEmbedded = cluster.brokers.length === 0;
    const brokers = isEmbedded ? [`127.0.0.1:${values['broker.port']}`] : cluster.brokers;
    const client = new KafkaClient({ ...cluster, brokers, clientId: 'millrace-doctor' });
    try {
      const topics = await client.metadataOnce(null).catch((cause: Error) => {
        if (!isEmbedded) throw cause;
        throw new UsageError(
          `no embedded broker answers at ${brokers[0]}`,
          'start one with `millrace server`, or name its port with --broker-port, or --brokers of a Kafka cluster',
        );
      });
      return { state: 'ok', detail: `${brokers.join(', ')}${isEmbedded ? ' (embedded)' : ''}, ${topics.length} topics` };
    } finally {
      await client.close();
    }
  });
}
