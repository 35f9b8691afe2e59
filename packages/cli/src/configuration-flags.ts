import type { ConfigurationInput } from '@millrace/server';
import { Flags } from '@oclif/core';

/** Configuration keys that have a flag; all of them can stand in the file and in the environment. */
const flagKeys = {
  'data-dir': 'data_dir',
  listen: 'listen',
  insecure: 'insecure',
  timezone: 'timezone',
  'http-port': 'http.port',
  brokers: 'kafka.brokers',
  'broker-port': 'broker.port',
  cluster: 'cluster',
  'log-level': 'log.level',
} as const;

/** Flags of commands that read the server's configuration. */
export const configurationFlags = {
  config: Flags.string({ description: 'configuration file (YAML)' }),
  'data-dir': Flags.string({ description: 'where catalog and embedded broker keep their data' }),
  listen: Flags.string({ description: 'address that the HTTP port is bound to' }),
  insecure: Flags.boolean({ description: 'allow --listen beyond loopback although there are no accounts' }),
  timezone: Flags.string({ description: 'IANA zone that stands wherever SQL names none' }),
  'http-port': Flags.string({ description: 'HTTP port; 0 takes a free one' }),
  brokers: Flags.string({ description: 'host:port of a Kafka cluster, separated by commas; without it an embedded broker is started' }),
  'broker-port': Flags.string({ description: 'port of the embedded broker; 0 takes a free one' }),
  cluster: Flags.string({ description: 'share streams and views with the servers of this name on the same Kafka' }),
  'log-level': Flags.string({ description: 'least level that is logged: debug, info, warn, error, silent' }),
};

/** What the flags say, as the server's configuration takes it. */
export function configurationInput(
  flags: { readonly config?: string | undefined } & Readonly<Partial<Record<keyof typeof flagKeys, unknown>>>,
): ConfigurationInput {
  const given = Object.entries(flagKeys).map(([flag, key]) => [key, flags[flag as keyof typeof flagKeys]] as const);
  return {
    flags: Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    environment: process.env,
    file: flags.config,
  };
}
