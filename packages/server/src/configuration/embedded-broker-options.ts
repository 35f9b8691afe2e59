import { randomBytes } from 'node:crypto';
import type { BrokerOptions } from '@millrace/broker';
import type { ClusterOptions } from '@millrace/kafka-client';
import type { ConfigurationValues } from './keys.ts';
import { readNamedFile, readUsersFile } from './secret-files.ts';

type Options = Omit<BrokerOptions, 'dataDirectory'>;

/**
 * What the embedded broker is started with, with certificates and users read from their files.
 * @throws {MillraceError} CONFIG_INVALID if a file cannot be read or used.
 */
export function embeddedBrokerOptions(values: ConfigurationValues): Options {
  const flushMessages = values['broker.flush_messages'];
  const flushMs = values['broker.flush_ms'];
  const advertisedPort = values['broker.advertised_port'];
  return {
    host: values['broker.listen'],
    port: values['broker.port'],
    ...(values['broker.advertised_host'] !== '' && { advertisedHost: values['broker.advertised_host'] }),
    ...(advertisedPort > 0 && { advertisedPort }),
    virtualBrokers: values['broker.virtual_brokers'],
    autoCreateTopics: values['broker.auto_create_topics'],
    defaultPartitions: values['broker.default_partitions'],
    ...(flushMessages > 0 && { flushMessages }),
    ...(flushMs > 0 && { flushMs }),
    ...(values['broker.ssl.enabled'] && { tls: tlsOptions(values) }),
    ...(values['broker.sasl.mechanisms'].length > 0 && { sasl: saslOptions(values) }),
  };
}

function tlsOptions(values: ConfigurationValues): NonNullable<Options['tls']> {
  const file = (key: 'broker.ssl.cert' | 'broker.ssl.key' | 'broker.ssl.ca') => readNamedFile(key, values[key]);
  return {
    cert: file('broker.ssl.cert'),
    key: file('broker.ssl.key'),
    ...(values['broker.ssl.ca'] !== '' && { ca: file('broker.ssl.ca') }),
    clientAuth: values['broker.ssl.client_auth'],
  };
}

function saslOptions(values: ConfigurationValues): NonNullable<Options['sasl']> {
  const file = values['broker.sasl.users_file'];
  return {
    mechanisms: values['broker.sasl.mechanisms'] as NonNullable<NonNullable<Options['sasl']>['mechanisms']>,
    users: file === '' ? {} : readUsersFile('broker.sasl.users_file', file),
    maxReauthMs: values['broker.sasl.max_reauth'],
  };
}

/** The server as a user of its own broker, with a password that is nowhere but in memory. */
const ownUser = 'millrace-server';

/**
 * Lets the server itself into its embedded broker, however that is secured.
 * @returns the broker's options with one user more, and what the server's clients need once the broker has an address.
 */
export function withOwnAccess(options: Options): { readonly options: Options; readonly cluster: Omit<ClusterOptions, 'brokers'> } {
  const { tls, sasl } = options;
  const password = randomBytes(32).toString('base64url');
  const [mechanism = 'SCRAM-SHA-256'] = sasl?.mechanisms ?? [];
  // Its own certificate, whatever host that is for, is all that the server needs to know its broker, and all that it has to show.
  const ssl = tls && ({ ca: tls.cert, cert: tls.cert, key: tls.key, verify: 'certificate' } as const);
  return {
    options: { ...options, ...(sasl && { sasl: { ...sasl, users: { ...sasl.users, [ownUser]: password } } }) },
    cluster: { ...(ssl && { ssl }), ...(sasl && { sasl: { mechanism, username: ownUser, password } }) },
  };
}
