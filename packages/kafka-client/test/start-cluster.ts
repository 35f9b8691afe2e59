import type { TlsOptions } from 'node:tls';
import type { LogFields, Logger } from '@millrace/core';
import { onTestFinished } from 'vitest';
import { type ClientOptions, KafkaClient } from '../src/index.ts';
import { FakeCluster } from './fake-cluster.ts';

/** A logger that keeps the messages of warnings and errors. */
export function keepingLogger(): Logger & { readonly messages: string[] } {
  const messages: string[] = [];
  const keep = (_: LogFields, message: string) => {
    messages.push(message);
  };
  const logger = { messages, debug() {}, info() {}, warn: keep, error: keep, child: () => logger };
  return logger;
}

/** A fake cluster and a client of it, both gone when the test is over. */
export async function startCluster(nodes = 1, options: Partial<ClientOptions> = {}, tls?: TlsOptions) {
  const cluster = await FakeCluster.start(nodes, tls);
  const logger = keepingLogger();
  const client = new KafkaClient({ brokers: cluster.brokers, clientId: 'test', requestTimeoutMs: 5000, logger, ...options });
  onTestFinished(async () => {
    await client.close();
    await cluster.stop();
  });
  return { cluster, client, logger };
}
