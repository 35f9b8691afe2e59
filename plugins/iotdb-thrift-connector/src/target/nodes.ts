import { ConnectionFailed } from '../client/connection.ts';
import { type Credentials, Session, StatusError } from '../client/session.ts';
import type { Endpoint } from '../rpc/structs.ts';

/** A node that does not answer within this is passed over: the others are not to wait for it. */
const connectTimeoutMaxMs = 5_000;

export interface NodesOptions {
  readonly credentials: Credentials;
  /** Longest silence of a node while an answer is awaited. */
  readonly timeoutMs: number;
}

/** The nodes of a target: whichever answers is as good as the others. */
export class Nodes {
  readonly #options: NodesOptions;
  /** The one that answered last is first. */
  #endpoints: readonly Endpoint[];

  /** @param endpoints at least one */
  constructor(endpoints: readonly Endpoint[], options: NodesOptions) {
    this.#endpoints = endpoints;
    this.#options = options;
  }

  /**
   * A session with the first node that takes one.
   * @throws {ConnectionFailed} if none does; its message says of each why
   * @throws {StatusError} if a node refuses the login
   */
  async open(signal: AbortSignal): Promise<Session> {
    const failures: Error[] = [];
    for (const endpoint of this.#endpoints) {
      try {
        const session = await this.openAt(endpoint, signal);
        this.#endpoints = [endpoint, ...this.#endpoints.filter((other) => other !== endpoint)];
        return session;
      } catch (failure) {
        signal.throwIfAborted();
        if (failure instanceof StatusError)
          throw new StatusError(`IoTDB at ${endpoint.ip}:${endpoint.port}: ${failure.what}`, failure.status);
        failures.push(failure as Error);
      }
    }
    throw new ConnectionFailed(failures.map(({ message }) => message).join('; '), { cause: failures[0] });
  }

  /** A session with a certain node. */
  openAt(endpoint: Endpoint, signal: AbortSignal): Promise<Session> {
    const { credentials, timeoutMs } = this.#options;
    return Session.open(endpoint, credentials, { connectTimeoutMs: Math.min(timeoutMs, connectTimeoutMaxMs), timeoutMs, signal });
  }
}
