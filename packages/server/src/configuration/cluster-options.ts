import type { ClusterOptions, SaslOptions, SslOptions } from '@millrace/kafka-client';
import type { ConfigurationValues } from './keys.ts';
import { isOpenToOthers, readNamedFile, readPasswordFile } from './secret-files.ts';

/**
 * How clients reach the cluster of `kafka.*`, with certificates and password read from their files.
 * @throws {MillraceError} CONFIG_INVALID if a file cannot be read.
 */
export function clusterOptions(values: ConfigurationValues): ClusterOptions {
  return {
    brokers: values['kafka.brokers'],
    ...(values['kafka.ssl.enabled'] && { ssl: sslOptions(values) }),
    ...(values['kafka.sasl.mechanism'] !== 'none' && { sasl: saslOptions(values) }),
  };
}

function sslOptions(values: ConfigurationValues): SslOptions {
  const file = (key: 'kafka.ssl.ca' | 'kafka.ssl.cert' | 'kafka.ssl.key') =>
    values[key] === '' ? undefined : readNamedFile(key, values[key]);
  const [ca, cert, key] = [file('kafka.ssl.ca'), file('kafka.ssl.cert'), file('kafka.ssl.key')];
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(values['kafka.ssl.server_name'] !== '' && { servername: values['kafka.ssl.server_name'] }),
    verify: values['kafka.ssl.verify'],
  };
}

function saslOptions(values: ConfigurationValues): SaslOptions {
  const file = values['kafka.sasl.password_file'];
  return {
    mechanism: values['kafka.sasl.mechanism'] as SaslOptions['mechanism'],
    username: values['kafka.sasl.username'],
    password: file === '' ? values['kafka.sasl.password'] : readPasswordFile('kafka.sasl.password_file', file),
  };
}

/** What a configuration allows that it had better not. */
export function securityWarnings(values: ConfigurationValues): string[] {
  const warnings: string[] = [];
  const secretFiles = ['kafka.ssl.key', 'kafka.sasl.password_file', 'broker.ssl.key', 'broker.sasl.users_file'] as const;
  for (const key of secretFiles) {
    if (values[key] !== '' && isOpenToOthers(values[key]))
      warnings.push(`${key}: ${values[key]} can be read by other users of this machine`);
  }
  const isEncrypted = values['kafka.ssl.enabled'];
  if (isEncrypted && values['kafka.ssl.verify'] === 'none') {
    warnings.push('kafka.ssl.verify: with none anybody on the way can pretend to be the broker');
  }
  if (!isEncrypted && values['kafka.sasl.mechanism'] === 'PLAIN') {
    warnings.push('kafka.sasl.mechanism: PLAIN without kafka.ssl.enabled sends the password as it is');
  }
  return warnings;
}
