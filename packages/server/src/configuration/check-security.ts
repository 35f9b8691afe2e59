import type { ConfigurationValues } from './keys.ts';

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
/** A client that renews its proof a few seconds ahead, as kafkajs does, would do nothing else. */
const maxReauthMin = 15_000;
const everyAddress = /^(0\.0\.0\.0|::|\[::\])$/;

/** Finds what does not go together among the keys about TLS and SASL. */
export function checkSecurity(values: ConfigurationValues, problems: string[]): void {
  const needs = (key: keyof ConfigurationValues, others: readonly (keyof ConfigurationValues)[], when = values[key] !== '') => {
    if (when && others.every((other) => values[other] === '')) problems.push(`${key}: needs ${others.join(' or ')}`);
  };
  const asks = values['kafka.sasl.mechanism'] !== 'none';
  needs('kafka.sasl.mechanism', ['kafka.sasl.username'], asks);
  needs('kafka.sasl.mechanism', ['kafka.sasl.password', 'kafka.sasl.password_file'], asks);
  if (!asks && values['kafka.sasl.username'] !== '') problems.push('kafka.sasl.username: needs kafka.sasl.mechanism');
  if (values['kafka.sasl.password'] !== '' && values['kafka.sasl.password_file'] !== '') {
    problems.push('kafka.sasl.password_file: stands beside kafka.sasl.password; one of them is enough');
  }
  needs('kafka.ssl.cert', ['kafka.ssl.key']);
  needs('kafka.ssl.key', ['kafka.ssl.cert']);
  needs('broker.ssl.enabled', ['broker.ssl.cert'], values['broker.ssl.enabled']);
  needs('broker.ssl.enabled', ['broker.ssl.key'], values['broker.ssl.enabled']);
  const showsCertificates = values['broker.ssl.client_auth'] !== 'none';
  needs('broker.ssl.client_auth', ['broker.ssl.ca'], showsCertificates);
  if (showsCertificates && !values['broker.ssl.enabled']) {
    problems.push('broker.ssl.client_auth: needs broker.ssl.enabled, without which nobody is asked for a certificate');
  }
  for (const given of values['broker.sasl.mechanisms']) {
    if (!mechanisms.includes(given)) problems.push(`broker.sasl.mechanisms: ${JSON.stringify(given)} is none of ${mechanisms.join(', ')}`);
  }
  if (values['broker.sasl.users_file'] !== '' && values['broker.sasl.mechanisms'].length === 0) {
    problems.push('broker.sasl.users_file: needs broker.sasl.mechanisms, without which nobody is asked who he is');
  }
  const maxReauthMs = values['broker.sasl.max_reauth'];
  if (maxReauthMs > 0 && maxReauthMs < maxReauthMin)
    problems.push('broker.sasl.max_reauth: is shorter than 15s, which keeps clients from anything else');
  if (everyAddress.test(values['broker.listen']) && values['broker.advertised_host'] === '') {
    problems.push(
      `broker.listen: ${values['broker.listen']} is no address to connect to: say broker.advertised_host, which clients are told`,
    );
  }
}
