import { createRequire } from 'node:module';
import { type Clock, MillraceError, type Timer } from '@millrace/core';
import {
  type Api,
  apis,
  decodeResponse,
  type EncodableRequest,
  encodeRequestParts,
  errorCode,
  type ResponseOf,
} from '@millrace/kafka-protocol';
import { FrameAssembler } from './frame-assembler.ts';
import type { SaslOptions } from './ports.ts';
import { authenticate } from './sasl.ts';
import type { Dial, Transport } from './transport.ts';
import type { VersionLimits } from './version-limits.ts';

const { version: softwareVersion } = createRequire(import.meta.url)('../package.json') as { version: string };

export interface ConnectionOptions {
  readonly clientId: string;
  readonly clock: Clock;
  readonly dial: Dial;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly sasl?: SaslOptions | undefined;
  /** Whether `dial` speaks TLS; for messages. */
  readonly isEncrypted: boolean;
  /** Gives the memory of a response, of exactly the size; default: fresh memory. */
  readonly allocate?: ((sizeBytes: number) => Buffer) | undefined;
  /** Closes the connection. */
  readonly signal: AbortSignal;
}

/** How much of a session's lifetime is used: the rest is for requests that are on the way. */
const expiryShare = 0.85;

/** A host and port as text. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

interface Pending {
  readonly correlationId: number;
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

/**
 * One connection to a broker. Requests are pipelined: any number may be under way, answered in order. A request that is
 * not answered within its deadline ends the connection, since nothing behind it can be answered before it.
 */
export class Connection {
  readonly address: Address;
  readonly #options: ConnectionOptions;
  readonly #transport: Transport;
  readonly #pending: Pending[] = [];
  #versions: ReadonlyMap<number, readonly [min: number, max: number]> = new Map();
  #features: ReadonlyMap<string, number> = new Map();
  #correlationId = 0;
  #failure: MillraceError | undefined;
  #isExpired = false;
  /** Requests that were answered: none yet is a sign of a listener that speaks otherwise, one of a listener that asks for a proof. */
  #answers = 0;
  #expiry: Timer | undefined;
  #onOpen: () => void = () => {};
  #onClosed: (() => void)[] = [];
  readonly #onAbort = () => this.#fail(this.#options.signal.reason);

  private constructor(address: Address, options: ConnectionOptions) {
    this.address = address;
    this.#options = options;
    options.signal.addEventListener('abort', this.#onAbort);
    const assembler = new FrameAssembler(options.maxResponseBytes, (frame) => this.#answer(frame), options.allocate);
    this.#transport = options.dial(address.host, address.port, {
      onOpen: () => this.#onOpen(),
      room: () => assembler.room,
      onData: (chunk) => this.#receive(assembler, chunk),
      onClose: (cause) => this.#fail(unavailable(address, cause, this.#hintOfEnd())),
    });
  }

  /**
   * Connects, learns which versions the broker serves, and authenticates.
   * @throws {MillraceError} KAFKA_BROKER_UNAVAILABLE, KAFKA_TIMED_OUT, KAFKA_PROTOCOL_INVALID, KAFKA_TLS_FAILED,
   *   KAFKA_AUTHENTICATION_FAILED
   */
  static async open(address: Address, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(address, options);
    try {
      await connection.#opened();
      await connection.#negotiate();
      if (options.sasl !== undefined) connection.#expireAfter(await authenticate(connection, options.sasl));
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#failure === undefined && !this.#isExpired;
  }

  /** Calls back once when the connection ends, at once if it has. */
  onClosed(callback: () => void): void {
    if (this.isOpen) this.#onClosed.push(callback);
    else callback();
  }

  /**
   * The newest version of an API that both ends know.
   * @throws {MillraceError} NOT_SUPPORTED if there is none.
   */
  versionOf(api: Api, limits: VersionLimits = {}): number {
    const range = this.#versions.get(api.key);
    const min = Math.max(api.versions[0], limits.min ?? 0);
    const max = Math.min(api.versions[1], limits.max ?? api.versions[1]);
    const version = range === undefined ? -1 : Math.min(range[1], max);
    if (range === undefined || version < Math.max(range[0], min)) {
      const offered = range === undefined ? 'does not offer it' : `offers versions ${range[0]} to ${range[1]}`;
      const wanted = `${api.name} ${min} to ${max}`;
      throw new MillraceError('NOT_SUPPORTED', `the broker ${text(this.address)} ${offered}: ${wanted} is needed`);
    }
    return version;
  }

  /** The level that the cluster has agreed on for a feature (KIP-584), e.g. `transaction.version`; 0 if there is none. */
  featureLevel(name: string): number {
    return this.#features.get(name) ?? 0;
  }

  /**
   * Sends a request and waits for its response.
   * @param body the request, or what makes it for the version that is chosen.
   * @throws {MillraceError} KAFKA_BROKER_UNAVAILABLE, KAFKA_TIMED_OUT, KAFKA_PROTOCOL_INVALID, NOT_SUPPORTED
   */
  async request<A extends Api>(
    api: A,
    body: EncodableRequest<A> | ((version: number) => EncodableRequest<A>),
    timeoutMs = this.#options.requestTimeoutMs,
    limits?: VersionLimits,
  ): Promise<ResponseOf<A>> {
    const version = this.versionOf(api, limits);
    const content = typeof body === 'function' ? body(version) : body;
    const frame = await this.#exchange(api, version, content, timeoutMs);
    try {
      return decodeResponse(api, version, frame);
    } catch (error) {
      this.#fail(error as MillraceError);
      throw error;
    }
  }

  /** Ends the connection; what is under way fails with KAFKA_BROKER_UNAVAILABLE. */
  close(): void {
    this.#fail(new MillraceError('KAFKA_BROKER_UNAVAILABLE', `the connection to ${text(this.address)} was closed`));
  }

  #exchange<A extends Api>(api: A, version: number, body: EncodableRequest<A>, timeoutMs: number): Promise<Buffer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#isExpired) return Promise.reject(expired(this.address));
    const correlationId = this.#correlationId;
    this.#correlationId = (correlationId + 1) & 0x7fff_ffff;
    const parts = encodeRequestParts(api, version, { correlationId, clientId: this.#options.clientId }, body);
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.setTimer(timeoutMs, () => {
        this.#fail(new MillraceError('KAFKA_TIMED_OUT', `${text(this.address)} did not answer ${api.name} within ${timeoutMs} ms`));
      });
      this.#pending.push({ correlationId, resolve, reject, timer });
      this.#transport.write(parts);
    });
  }

  /** A broker ends a connection whose session is over (KIP-368): it is given up a little earlier, when all is answered. */
  #expireAfter(lifetimeMs: number): void {
    if (lifetimeMs === 0) return;
    this.#expiry = this.#options.clock.setTimer(lifetimeMs * expiryShare, () => {
      this.#isExpired = true;
      if (this.#pending.length === 0) this.#fail(expired(this.address));
    });
    if (!this.isOpen) this.#expiry.cancel();
  }

  #opened(): Promise<void> {
    const { clock, connectTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimer(connectTimeoutMs, () => {
        this.#fail(
          new MillraceError('KAFKA_BROKER_UNAVAILABLE', `${text(this.address)} did not accept a connection within ${connectTimeoutMs} ms`),
        );
      });
      this.#onOpen = resolve;
      this.onClosed(() => {
        timer.cancel();
        reject(this.#failure!);
      });
      this.#onOpen = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async #negotiate(): Promise<void> {
    const api = apis.apiVersions;
    const timeoutMs = this.#options.requestTimeoutMs;
    let version = 3;
    let frame = await this.#exchange(api, version, { clientSoftwareName: 'millrace', clientSoftwareVersion: softwareVersion }, timeoutMs);
    // A broker that does not know the version answers in version 0, and says there which versions it knows.
    if (frame.length >= 6 && frame.readInt16BE(4) === errorCode('UNSUPPORTED_VERSION')) {
      version = 0;
      if (decodeResponse(api, 0, frame).apiKeys.length === 0) frame = await this.#exchange(api, 0, {}, timeoutMs);
    }
    const { apiKeys, finalizedFeatures } = decodeResponse(api, version, frame);
    this.#features = new Map(finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]));
    this.#versions = new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]));
  }

  #receive(assembler: FrameAssembler, chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    try {
      assembler.push(chunk);
    } catch (error) {
      this.#fail(this.#answers === 0 && isTlsAlert(chunk) ? tlsWanted(this.address) : (error as MillraceError));
    }
  }

  /** Why a listener may have closed the connection, if it was so early that it gave no reason. */
  #hintOfEnd(): string | undefined {
    const { isEncrypted, sasl } = this.#options;
    if (this.#answers === 0) return isEncrypted ? certificateHint : 'if the listener speaks TLS, say kafka.ssl.enabled: true';
    return this.#answers === 1 && sasl === undefined
      ? 'if the listener asks for SASL, set kafka.sasl.mechanism, kafka.sasl.username and kafka.sasl.password'
      : undefined;
  }

  #answer(frame: Buffer): void {
    const pending = this.#pending.shift();
    if (pending === undefined || frame.readInt32BE(0) !== pending.correlationId) {
      if (pending !== undefined) this.#pending.unshift(pending);
      throw new MillraceError('KAFKA_PROTOCOL_INVALID', `${text(this.address)} answered a request that was not asked`);
    }
    this.#answers++;
    pending.timer.cancel();
    pending.resolve(frame);
    if (this.#isExpired && this.#pending.length === 0) this.#fail(expired(this.address));
  }

  #fail(failure: MillraceError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#expiry?.cancel();
    this.#transport.close();
    for (const { timer, reject } of this.#pending.splice(0)) {
      timer.cancel();
      reject(failure);
    }
    for (const callback of this.#onClosed.splice(0)) callback();
  }
}

/** `host:port`; brackets around an IPv6 host. */
export function text({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function expired(address: Address): MillraceError {
  return new MillraceError('KAFKA_BROKER_UNAVAILABLE', `the session with ${text(address)} is over: it is to be connected to anew`);
}

/** What a listener with TLS answers who does not speak it: an alert, of version 3. */
function isTlsAlert(chunk: Buffer): boolean {
  return chunk[0] === 0x15 && chunk[1] === 3;
}

function tlsWanted(address: Address): MillraceError {
  return new MillraceError('KAFKA_TLS_FAILED', `the listener at ${text(address)} speaks TLS, and the client does not`, {
    details: { ...address },
    hint: 'say kafka.ssl.enabled: true',
  });
}

const certificateHint = 'if the listener asks for a certificate, set kafka.ssl.cert and kafka.ssl.key to one that its authority has signed';

function isClosing(cause: NodeJS.ErrnoException | undefined): boolean {
  return cause === undefined || cause.code === 'ECONNRESET';
}

function unavailable(address: Address, cause: Error | undefined, hint: string | undefined): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const reason = cause === undefined ? 'the broker closed the connection' : cause.message || (cause as NodeJS.ErrnoException).code;
  return new MillraceError('KAFKA_BROKER_UNAVAILABLE', `${text(address)} is not available: ${reason}`, {
    cause,
    hint: isClosing(cause) ? hint : undefined,
  });
}
