import { type Clock, delay, type Logger, MillraceError } from '@millrace/core';
import { apis, type KafkaErrorName } from '@millrace/kafka-protocol';
import type { Credentials } from './credentials.ts';
import type { Exchange, Outcome } from './exchange.ts';
import { PlainExchange } from './plain-exchange.ts';
import { ScramExchange } from './scram-exchange.ts';
import type { ScramMechanism } from './scram-mechanism.ts';

/** How clients may say who they are. */
export type SaslMechanism = 'PLAIN' | ScramMechanism;

export const saslMechanisms: readonly SaslMechanism[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];

/** What all connections of a broker that asks for SASL share. */
export interface SaslServices {
  readonly mechanisms: readonly SaslMechanism[];
  readonly credentials: Credentials;
  /** For how long a client is believed; 0 is for ever (KIP-368). */
  readonly maxReauthMs: number;
  /** A refusal is told so long after it was asked for, so that guessing is slow and its time says nothing. */
  readonly failureDelayMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a connection answers a token with. */
export interface TokenAnswer {
  readonly error: KafkaErrorName;
  readonly message: string | null;
  readonly reply: Buffer;
  readonly sessionLifetimeMs: number;
}

/** Kafka's bound between two proofs on one connection. */
const reauthIntervalMinMs = 1000;

/**
 * Who the client of one connection is, and what it may ask for until that is known.
 * new → (handshake) → proving → authenticated → (handshake) → proving → …; what is refused ends the connection.
 * @see KIP-43, KIP-152, KIP-368
 */
export class Authentication {
  readonly #services: SaslServices;
  readonly #logger: Logger;
  #state: 'new' | 'proving' | 'authenticated' | 'refused' = 'new';
  #exchange: Exchange | undefined;
  #mechanism: SaslMechanism | undefined;
  #newMechanism: SaslMechanism | undefined;
  #user: string | undefined;
  #expiresMs = Number.POSITIVE_INFINITY;
  #reauthStartMs = Number.NEGATIVE_INFINITY;
  #hasRawTokens = false;

  constructor(services: SaslServices, host: string) {
    this.#services = services;
    this.#logger = services.logger.child({ client: host });
  }

  /** Who the client has proved to be. */
  get user(): string | undefined {
    return this.#user;
  }

  /** True if the next frame is no request but a token, as after a handshake in version 0. */
  get expectsRawToken(): boolean {
    return this.#state === 'proving' && this.#hasRawTokens;
  }

  /** True once the connection is to be closed. */
  get isRefused(): boolean {
    return this.#state === 'refused';
  }

  /** @throws {MillraceError} KAFKA_PROTOCOL_INVALID if a request of this kind may not be sent now; the connection is closed then. */
  admit(apiKey: number): void {
    const isOfSasl = apiKey === apis.saslHandshake.key || apiKey === apis.saslAuthenticate.key;
    if (this.#state === 'authenticated') {
      if (isOfSasl || this.#services.clock.monotonic() < this.#expiresMs) return;
      throw new MillraceError('KAFKA_PROTOCOL_INVALID', `the session of user "${this.#user}" is over, and the client has not renewed it`);
    }
    const isLegal = isOfSasl || (this.#state === 'new' && apiKey === apis.apiVersions.key);
    if (this.#state === 'refused' || !isLegal) {
      throw new MillraceError('KAFKA_PROTOCOL_INVALID', `api ${apiKey} is not served before authentication (ILLEGAL_SASL_STATE)`);
    }
  }

  /** Begins a proof. @param hasRawTokens in version 0 of the handshake tokens are sent as they are. */
  handshake(name: string, hasRawTokens: boolean): KafkaErrorName {
    const nowMs = this.#services.clock.monotonic();
    if (this.#state === 'proving') {
      this.#state = 'refused';
      return 'ILLEGAL_SASL_STATE';
    }
    if (this.#state === 'authenticated' && nowMs - this.#reauthStartMs < reauthIntervalMinMs) return 'ILLEGAL_SASL_STATE';
    const mechanism = this.#services.mechanisms.find((known) => known === name);
    if (mechanism === undefined) {
      this.#state = 'refused';
      this.#logger.warn({ mechanism: name }, 'a client asked for a SASL mechanism that is not offered');
      return 'UNSUPPORTED_SASL_MECHANISM';
    }
    if (this.#state === 'authenticated') this.#reauthStartMs = nowMs;
    this.#state = 'proving';
    this.#hasRawTokens = hasRawTokens;
    this.#newMechanism = mechanism;
    this.#exchange = this.#open(mechanism);
    return 'NONE';
  }

  /** Takes the client's next token; a refusal takes its time. @param signal aborted when the client is gone. */
  async authenticate(token: Buffer, signal: AbortSignal): Promise<TokenAnswer> {
    const { clock, failureDelayMs } = this.#services;
    const exchange = this.#exchange;
    if (this.#state === 'new') this.#state = 'refused';
    if (this.#state !== 'proving' || exchange === undefined) {
      return { ...nothing, error: 'ILLEGAL_SASL_STATE', message: 'SaslAuthenticate request received without a SaslHandshake before it' };
    }
    const startMs = clock.monotonic();
    const outcome = this.#judgeChange(await exchange.evaluate(token));
    if (outcome.kind === 'challenge') return { ...nothing, reply: outcome.reply };
    if (outcome.kind === 'accepted') return { ...nothing, reply: outcome.reply, sessionLifetimeMs: this.#accept(outcome.user) };
    this.#state = 'refused';
    this.#logger.warn({ mechanism: this.#newMechanism, reason: outcome.reason }, 'authentication failed');
    await delay(clock, Math.max(0, failureDelayMs - (clock.monotonic() - startMs)), signal).catch(() => {});
    return {
      ...nothing,
      error: 'SASL_AUTHENTICATION_FAILED',
      message: `Authentication failed during ${this.#mechanism === undefined ? '' : 're-'}authentication due to invalid credentials with SASL mechanism ${this.#newMechanism}`,
    };
  }

  #open(mechanism: SaslMechanism): Exchange {
    const { credentials } = this.#services;
    if (mechanism === 'PLAIN') return new PlainExchange(credentials);
    return new ScramExchange(mechanism, (user) => credentials.lookup(user, mechanism));
  }

  /** Who is somebody already may only prove to be the same one, in the same way. */
  #judgeChange(outcome: Outcome): Outcome {
    if (this.#mechanism === undefined) return outcome;
    if (this.#newMechanism !== this.#mechanism) {
      return { kind: 'refused', reason: `the mechanism was ${this.#mechanism}; a connection keeps it` };
    }
    const isOther = outcome.kind === 'accepted' && outcome.user !== this.#user;
    return isOther ? { kind: 'refused', reason: `user "${this.#user}" cannot become "${outcome.user}"` } : outcome;
  }

  #accept(user: string): number {
    const { maxReauthMs, clock } = this.#services;
    this.#state = 'authenticated';
    this.#exchange = undefined;
    this.#mechanism = this.#newMechanism;
    this.#user = user;
    if (maxReauthMs > 0) this.#expiresMs = clock.monotonic() + maxReauthMs;
    return maxReauthMs;
  }
}

const nothing: TokenAnswer = { error: 'NONE', message: null, reply: Buffer.alloc(0), sessionLifetimeMs: 0 };
