import type { Clock } from '@millrace/sdk';
import type { Session } from '../client/session.ts';
import type { ServerTypes } from '../mapping/column-mapping.ts';
import type { Endpoint } from '../rpc/structs.ts';
import type { Nodes } from './nodes.ts';
import { type PoolLimits, SessionPool } from './session-pool.ts';

/** How long a server may take to say goodbye. */
const closeTimeoutMs = 1_000;
/** Devices whose node is remembered. */
const redirectsMax = 10_000;

/** The server that is written to: sessions with whichever node answers, and with those that it has pointed to. */
export class Target {
  readonly types: ServerTypes;
  /** Longest message that it takes, bytes. */
  readonly frameSizeMax: number;
  readonly #nodes: Nodes;
  readonly #limits: PoolLimits;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  readonly #pool: SessionPool;
  readonly #pointedTo = new Map<string, SessionPool>();
  /** Where devices are better written. */
  readonly #redirects = new Map<string, Endpoint>();

  private constructor(nodes: Nodes, limits: PoolLimits, clock: Clock, first: Session) {
    this.types = { precision: first.server.precision, hasDates: isAtLeast133(first.server.version) };
    this.frameSizeMax = first.server.frameSizeMax;
    this.#nodes = nodes;
    this.#limits = limits;
    this.#clock = clock;
    this.#pool = new SessionPool(() => nodes.open(this.#closed.signal), limits);
    this.#pool.add(first);
  }

  /** @throws {ConnectionFailed} if no node answers. {StatusError} if it refuses */
  static async open(nodes: Nodes, limits: PoolLimits, clock: Clock, signal: AbortSignal): Promise<Target> {
    return new Target(nodes, limits, clock, await nodes.open(signal));
  }

  /** Makes a call, at the node that is said or at any. */
  async call<T>(at: Endpoint | undefined, make: (session: Session) => Promise<T>): Promise<T> {
    return (at === undefined ? this.#pool : this.#poolAt(at)).use(make);
  }

  /** Where a device is better written; undefined = anywhere. */
  placeOf(device: string): Endpoint | undefined {
    return this.#redirects.get(device);
  }

  /** Remembers where a device is better written. */
  redirect(device: string, to: Endpoint): void {
    if (this.#redirects.size >= redirectsMax) this.#redirects.delete(this.#redirects.keys().next().value!);
    this.#redirects.set(device, to);
  }

  /** Forgets a node that was pointed to: it cannot be reached from here. */
  forget(node: Endpoint): void {
    for (const [device, endpoint] of this.#redirects) if (isSame(endpoint, node)) this.#redirects.delete(device);
    this.#pointedTo.get(nameOf(node))?.destroy();
    this.#pointedTo.delete(nameOf(node));
  }

  /** Ends all sessions. May be called again. */
  async close(): Promise<void> {
    const closed = new AbortController();
    const goodbye = Promise.all(this.#pools().map((pool) => pool.close()));
    await Promise.race([goodbye, this.#clock.delay(closeTimeoutMs, closed.signal).catch(() => undefined)]);
    closed.abort();
    this.destroy();
  }

  /** Closes all connections at once: what is under way fails. */
  destroy(): void {
    this.#closed.abort();
    for (const pool of this.#pools()) pool.destroy();
  }

  #pools(): SessionPool[] {
    return [this.#pool, ...this.#pointedTo.values()];
  }

  #poolAt(endpoint: Endpoint): SessionPool {
    let pool = this.#pointedTo.get(nameOf(endpoint));
    if (pool === undefined) {
      pool = new SessionPool(() => this.#nodes.openAt(endpoint, this.#closed.signal), this.#limits);
      this.#pointedTo.set(nameOf(endpoint), pool);
    }
    return pool;
  }
}

function nameOf({ ip, port }: Endpoint): string {
  return `${ip}:${port}`;
}

function isSame(left: Endpoint, right: Endpoint): boolean {
  return nameOf(left) === nameOf(right);
}

/** A server that does not say its version is taken for a new one. */
function isAtLeast133(version: string): boolean {
  const [, ...parts] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  if (parts.length === 0) return true;
  const [major = 0, minor = 0, patch = 0] = parts.map((part) => Number(part ?? 0));
  return major * 1_000_000 + minor * 1_000 + patch >= 1_003_003;
}
