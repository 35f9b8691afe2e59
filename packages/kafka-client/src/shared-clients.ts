import type { Clock, Logger, Random } from '@millrace/core';
import { KafkaClient } from './kafka-client.ts';
import type { ClusterOptions } from './ports.ts';

/** One client for each cluster, whoever asks. */
export class SharedClients {
  readonly #surroundings: { readonly clock: Clock; readonly logger: Logger; readonly random: Random };
  readonly #clients = new Map<string, KafkaClient>();

  constructor(surroundings: { readonly clock: Clock; readonly logger: Logger; readonly random: Random }) {
    this.#surroundings = surroundings;
  }

  of({ brokers, ssl = false, sasl }: ClusterOptions): KafkaClient {
    const key = JSON.stringify([brokers, ssl, sasl]);
    let client = this.#clients.get(key);
    if (client === undefined) {
      client = new KafkaClient({ brokers, ssl, ...(sasl && { sasl }), clientId: 'millrace', ...this.#surroundings });
      this.#clients.set(key, client);
    }
    return client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}
