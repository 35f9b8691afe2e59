import type { Logger } from '@millrace/core';
import { securityWarnings } from './configuration/cluster-options.ts';
import type { Configuration } from './configuration/configuration.ts';
import { embeddedBrokerOptions } from './configuration/embedded-broker-options.ts';
import { brokerPathIn } from './data-directory.ts';

/** The embedded broker without a server. */
export interface RunningBroker {
  /** `host:port` of each node that clients see. */
  readonly addresses: readonly string[];
  readonly dataDirectory: string;
  close(): Promise<void>;
}

/**
 * Starts the embedded broker alone, in this thread, on the data that a server with the same configuration has.
 * @throws {MillraceError} CONFIG_INVALID, LISTEN_FAILED, DIRECTORY_LOCKED, BROKER_DATA_DIRECTORY_INVALID, DISK_FULL, DISK_IO
 */
export async function openBroker({ values }: Configuration, logger: Logger): Promise<RunningBroker> {
  const { Broker } = await import('@millrace/broker');
  for (const warning of securityWarnings(values)) logger.warn({}, warning);
  const dataDirectory = brokerPathIn(values.data_dir);
  const broker = new Broker({ ...embeddedBrokerOptions(values), dataDirectory }, { logger });
  await broker.open();
  return { addresses: broker.nodes.map(({ host, port }) => `${host}:${port}`), dataDirectory, close: () => broker.close() };
}
