import { type Clock, type Logger, MillraceError, type Random } from '@millrace/core';
import { type ClusterOptions, KafkaClient, openProducer, type Producer } from '@millrace/kafka-client';
import { NotConnected, type TopicCluster, type TopicRecord, type Topics, type TopicWriter } from '@millrace/sdk';
import { appendRecords } from './append-records.ts';

/** Kafka, for connectors. Each writer has connections of its own. */
export function topicsService(
  own: ClusterOptions,
  ports: { readonly clock: Clock; readonly logger: Logger; readonly random: Random },
): Topics {
  return Object.freeze({
    async connect(cluster: TopicCluster): Promise<TopicWriter> {
      const client = new KafkaClient({
        ...(cluster.brokers === undefined ? own : clusterOptions(cluster)),
        ...ports,
        clientId: 'millrace-pipe',
      });
      try {
        // Once: who connects decides how often it is tried again.
        await client.metadataOnce([]);
      } catch (error) {
        await client.close();
        throw connectionError(error);
      }
      return new ProducerWriter(client, ports.clock);
    },
  });
}

function clusterOptions({ brokers = [], ssl, sasl }: TopicCluster): ClusterOptions {
  if (ssl === undefined) return { brokers, ...(sasl && { sasl }) };
  const { serverName, ...rest } = ssl;
  return { brokers, ssl: { ...rest, ...(serverName !== undefined && { servername: serverName }) }, ...(sasl && { sasl }) };
}

class ProducerWriter implements TopicWriter {
  readonly #client: KafkaClient;
  readonly #producer: Producer;
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  #turn = 0;

  constructor(client: KafkaClient, clock: Clock) {
    this.#client = client;
    this.#producer = openProducer(client);
    this.#clock = clock;
  }

  /** One after another: a flush tells of everything that was appended, and a failure must reach those whose records failed. */
  send(topic: string, records: readonly TopicRecord[]): Promise<void> {
    const sent = this.#last.then(() => this.#send(topic, records));
    this.#last = sent.catch(() => {});
    return sent;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#producer.close().catch(() => {});
    await this.#client.close();
  }

  async #send(topic: string, records: readonly TopicRecord[]): Promise<void> {
    try {
      await appendRecords(this.#client, this.#producer, topic, records, this.#clock.now(), this.#turn++);
    } catch (error) {
      // What was appended before is sent nevertheless: its failure is no other one.
      await this.#producer.flush().catch(() => {});
      throw connectionError(error);
    }
    await this.#producer.flush().catch((error: unknown) => {
      throw connectionError(error);
    });
  }
}

/** A cluster that cannot be reached, in the words of the SDK; everything else as it is. */
function connectionError(error: unknown): unknown {
  const isAway = error instanceof MillraceError && error.code !== 'KAFKA_TOPIC_UNKNOWN' && error.actor === 'unavailable';
  return isAway ? new NotConnected(error.message, { cause: error }) : error;
}
