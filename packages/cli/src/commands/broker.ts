import type { ConfigurationInput } from '@millrace/server';
import { Flags } from '@oclif/core';
import { BaseCommand } from '../base-command.ts';
import { untilSignalled } from '../until-signalled.ts';
import { UsageError } from '../usage-error.ts';

const flagKeys = {
  'data-dir': 'data_dir',
  host: 'broker.listen',
  port: 'broker.port',
  'advertised-host': 'broker.advertised_host',
  'advertised-port': 'broker.advertised_port',
  'virtual-brokers': 'broker.virtual_brokers',
  'ssl-cert': 'broker.ssl.cert',
  'ssl-key': 'broker.ssl.key',
  'ssl-ca': 'broker.ssl.ca',
  'ssl-client-auth': 'broker.ssl.client_auth',
  'sasl-mechanisms': 'broker.sasl.mechanisms',
  'users-file': 'broker.sasl.users_file',
  'log-level': 'log.level',
} as const;

export default class Broker extends BaseCommand {
  static override readonly summary = 'Start the embedded Kafka broker alone.';
  static override readonly description =
    'One node for development and the edge, for any Kafka client. It keeps its data where a server with the same data directory does. SIGTERM and Ctrl-C stop it cleanly; a second signal at once.';
  static override readonly enableJsonFlag = false;
  static override readonly examples = [
    '<%= config.bin %> broker --data-dir /var/lib/millrace --port 9092',
    '<%= config.bin %> broker --host 0.0.0.0 --advertised-host kafka.example --sasl-mechanisms SCRAM-SHA-256 --users-file users.yaml --ssl-cert broker.pem --ssl-key broker.key',
  ];
  static override readonly flags = {
    config: Flags.string({ description: 'configuration file (YAML)' }),
    'data-dir': Flags.string({ description: 'its data is kept in `broker` there' }),
    host: Flags.string({ description: 'address to listen on; default 127.0.0.1' }),
    port: Flags.string({ description: 'port to listen on, 0 takes a free one; default 9092' }),
    'advertised-host': Flags.string({ description: 'host that clients are told to connect to; default --host' }),
    'advertised-port': Flags.string({ description: 'port that clients are told to connect to; default the one listened on' }),
    'virtual-brokers': Flags.string({ description: 'as how many brokers it appears, 1 to 3, on ports that follow each other' }),
    'ssl-cert': Flags.string({ description: 'PEM file of its certificate: clients speak TLS then' }),
    'ssl-key': Flags.string({ description: 'PEM file of its key' }),
    'ssl-ca': Flags.string({ description: "PEM file of the authority that signs clients' certificates" }),
    'ssl-client-auth': Flags.string({ description: 'whether clients show a certificate: none, requested, required' }),
    'sasl-mechanisms': Flags.string({
      description: 'how clients prove who they are: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, separated by commas',
    }),
    'users-file': Flags.string({ description: 'YAML file of `name: password`: its administrators' }),
    'log-level': Flags.string({ description: 'least level that is logged: debug, info, warn, error, silent' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Broker);
    const { createLogger, loadConfiguration, openBroker } = await import('@millrace/server');
    const configuration = loadConfiguration(inputOf(flags));
    const broker = await openBroker(configuration, createLogger(configuration.values));
    const { 'broker.ssl.enabled': isEncrypted, 'broker.sasl.mechanisms': mechanisms } = configuration.values;
    this.log('The broker is ready');
    this.log(`  Kafka   ${broker.addresses.join(',')}`);
    this.log(`  access  ${isEncrypted ? 'TLS' : 'no TLS'}, ${mechanisms.length === 0 ? 'no authentication' : mechanisms.join(', ')}`);
    this.log(`  data    ${broker.dataDirectory}`);
    await untilSignalled();
    await broker.close();
  }
}

function inputOf(
  flags: { readonly config?: string | undefined } & Readonly<Partial<Record<keyof typeof flagKeys, unknown>>>,
): ConfigurationInput {
  const given = Object.entries(flagKeys).map(([flag, key]) => [key, flags[flag as keyof typeof flagKeys]] as const);
  // Whoever names one of them wants TLS: what else it needs is asked for, rather than going on without.
  const isEncrypted =
    (['ssl-cert', 'ssl-key', 'ssl-ca', 'ssl-client-auth'] as const).some((flag) => flags[flag] !== undefined) || undefined;
  const mechanisms = flags['sasl-mechanisms'];
  if (typeof mechanisms === 'string' && /^[\s,]*$/.test(mechanisms)) {
    throw new UsageError('--sasl-mechanisms names none', 'leave it away to ask nobody who he is');
  }
  return {
    flags: { ...Object.fromEntries(given.filter(([, value]) => value !== undefined)), 'broker.ssl.enabled': isEncrypted },
    environment: process.env,
    file: flags.config,
  };
}
