import { type Clock, type Logger, MillraceError } from '@millrace/core';
import type { SaslOptions } from '../broker-options.ts';
import { type SaslMechanism, type SaslServices, saslMechanisms } from './authentication.ts';
import type { Credentials } from './credentials.ts';

const defaultFailureDelayMs = 100;
const defaultMechanisms: readonly SaslMechanism[] = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

/**
 * What connections need to let clients prove who they are, with the users of the configuration taken over.
 * @throws {MillraceError} CONFIG_INVALID
 */
export async function openSasl(
  { mechanisms = defaultMechanisms, users = {}, maxReauthMs = 0, failureDelayMs = defaultFailureDelayMs }: SaslOptions,
  credentials: Credentials,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<SaslServices> {
  const unknown = mechanisms.find((name) => !saslMechanisms.includes(name));
  if (unknown !== undefined || mechanisms.length === 0) {
    const given = mechanisms.length === 0 ? 'none is' : `${unknown} is`;
    throw new MillraceError('CONFIG_INVALID', `${given} given as SASL mechanisms; ${saslMechanisms.join(', ')} are legal`);
  }
  const nameless = Object.entries(users).find(([user, password]) => user === '' || password === '');
  if (nameless !== undefined) throw new MillraceError('CONFIG_INVALID', `user "${nameless[0]}" needs a name and a password`);
  await credentials.configure(users);
  if (credentials.users.length === 0) {
    logger.warn({}, 'clients have to authenticate themselves, and there is no user that can: name some in broker.sasl.users_file');
  }
  return { mechanisms, credentials, maxReauthMs, failureDelayMs, clock, logger };
}

/** The mechanisms that are offered; none where nobody is asked. */
export function mechanismsOf(sasl: SaslOptions | undefined): readonly SaslMechanism[] {
  return sasl === undefined ? [] : (sasl.mechanisms ?? defaultMechanisms);
}

/** Kafka's name for how a listener is secured. */
export function securityProtocolOf(options: { readonly tls?: object | undefined; readonly sasl?: object | undefined }): string {
  const transport = options.tls === undefined ? 'PLAINTEXT' : 'SSL';
  return options.sasl === undefined ? transport : `SASL_${transport}`;
}

const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** Says so where strangers can reach a broker that asks nobody who it is. */
export function warnOfOpenDoor(
  options: { readonly host: string; readonly tls?: { readonly clientAuth?: string } | undefined; readonly sasl?: SaslOptions | undefined },
  logger: Logger,
): void {
  const { host, tls, sasl } = options;
  if (loopback.test(host)) return;
  if (sasl === undefined && tls?.clientAuth !== 'required') {
    logger.warn(
      { host },
      'the broker can be reached from other machines and asks nobody who it is: everybody may read and write all topics',
    );
  } else if (tls === undefined && mechanismsOf(sasl).includes('PLAIN')) {
    logger.warn({ host }, 'the broker takes passwords from other machines as they are (SASL PLAIN without TLS)');
  }
}
