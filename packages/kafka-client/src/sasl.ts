import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/core';
import { type Api, apis, type EncodableRequest, errorOf, type ResponseOf } from '@millrace/kafka-protocol';
import type { SaslOptions } from './ports.ts';
import { checkCode } from './refused.ts';
import type { VersionLimits } from './version-limits.ts';

const derive = promisify(pbkdf2);
/** RFC 7677 asks for at least this; a server that asks for less would get at the password too cheaply. */
export const scramIterationsMin = 4096;
/** More would be an attack on the client's processor. */
const maxIterations = 10_000_000;

/** A connection, as far as authenticating needs it. */
export interface Requester {
  request<A extends Api>(api: A, body: EncodableRequest<A>, timeoutMs?: number, limits?: VersionLimits): Promise<ResponseOf<A>>;
}

/** Sends a message and gives the server's answer to it. */
export type Exchange = (message: Buffer) => Promise<Buffer>;

/**
 * Authenticates a connection.
 * @returns for how long (ms) the broker takes requests on it; 0 is for ever (KIP-368).
 * @throws {MillraceError} KAFKA_AUTHENTICATION_FAILED, KAFKA_BROKER_UNAVAILABLE, KAFKA_TIMED_OUT, NOT_SUPPORTED
 */
export async function authenticate(connection: Requester, options: SaslOptions): Promise<number> {
  const { mechanism } = options;
  const handshake = await connection.request(apis.saslHandshake, { mechanism }, undefined, { min: 1 });
  if (errorOf(handshake.errorCode).name === 'UNSUPPORTED_SASL_MECHANISM') {
    throw failed(
      `the broker does not take the SASL mechanism ${mechanism}; it takes ${handshake.mechanisms.join(', ')}`,
      { mechanism },
      'set kafka.sasl.mechanism',
    );
  }
  if (errorOf(handshake.errorCode).name === 'ILLEGAL_SASL_STATE') {
    throw failed(
      'the listener asks for no SASL',
      { mechanism },
      'take kafka.sasl.mechanism away, or name a listener with SASL in kafka.brokers',
    );
  }
  checkCode(handshake.errorCode, 'SaslHandshake');
  let lifetimeMs = 0;
  const exchange: Exchange = async (message) => {
    const { errorCode, errorMessage, authBytes, sessionLifetimeMs } = await connection.request(apis.saslAuthenticate, {
      authBytes: message,
    });
    if (errorOf(errorCode).name === 'SASL_AUTHENTICATION_FAILED') {
      throw failed(`the broker refuses user "${options.username}"${errorMessage ? `: ${errorMessage}` : ''}`, { mechanism });
    }
    checkCode(errorCode, 'SaslAuthenticate');
    lifetimeMs = sessionLifetimeMs;
    return authBytes;
  };
  if (mechanism === 'PLAIN') await exchange(Buffer.from(`\0${options.username}\0${options.password}`));
  else await authenticateScram(options, exchange);
  return lifetimeMs;
}

/**
 * SCRAM, with the server's signature checked: who does not know the password's keys is not the broker.
 * @param nonce unpredictable; given only to compare with known exchanges.
 * @throws {MillraceError} KAFKA_AUTHENTICATION_FAILED
 * @see RFC 5802, RFC 7677
 */
export async function authenticateScram(
  { mechanism, username, password }: SaslOptions,
  exchange: Exchange,
  nonce = randomBytes(18).toString('base64'),
): Promise<void> {
  const hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512';
  const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest();
  const first = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  const challenge = (await exchange(Buffer.from(`n,,${first}`))).toString();
  const { r: bothNonces = '', s: salt = '', i: iterations = '' } = attributesOf(challenge);
  if (!bothNonces.startsWith(nonce) || bothNonces === nonce)
    throw failed("the broker's SCRAM challenge answers another request", { mechanism });
  const count = Number(iterations);
  if (!(Number.isInteger(count) && count >= scramIterationsMin && count <= maxIterations)) {
    throw failed(`the broker asks for ${iterations} SCRAM iterations; ${scramIterationsMin} to ${maxIterations} are accepted`, {
      mechanism,
    });
  }
  const salted = await saltPassword(mechanism, password, Buffer.from(salt, 'base64'), count);
  const clientKey = hmac(salted, 'Client Key');
  const unproven = `c=biws,r=${bothNonces}`;
  const conversation = `${first},${challenge},${unproven}`;
  const signature = hmac(createHash(hash).update(clientKey).digest(), conversation);
  const proof = clientKey.map((byte, index) => byte ^ signature[index]!);
  const last = (await exchange(Buffer.from(`${unproven},p=${Buffer.from(proof).toString('base64')}`))).toString();
  const { v: verifier = '', e: error } = attributesOf(last);
  if (error !== undefined) throw failed(`the broker refuses user "${username}": ${error}`, { mechanism });
  const expected = hmac(hmac(salted, 'Server Key'), conversation);
  const given = Buffer.from(verifier, 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw failed('the broker has not proved that it knows the password: it may be another one', { mechanism });
  }
}

/** What a password is kept and proved as: like all clients of Kafka without SASLprep, which would make another password of some. */
export function saltPassword(mechanism: SaslOptions['mechanism'], password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  const [hash, keyBytes] = mechanism === 'SCRAM-SHA-256' ? (['sha256', 32] as const) : (['sha512', 64] as const);
  return derive(password, salt, iterations, keyBytes, hash);
}

/** `a=value,b=value`; values may hold `=`. */
function attributesOf(message: string): Partial<Record<string, string>> {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

const credentialsHint = 'see kafka.sasl.username and kafka.sasl.password';

function failed(message: string, details: Readonly<Record<string, unknown>>, hint = credentialsHint): MillraceError {
  return new MillraceError('KAFKA_AUTHENTICATION_FAILED', message, { details, hint });
}
