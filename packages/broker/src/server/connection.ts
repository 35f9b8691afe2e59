import type { Socket } from 'node:net';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { type Clock, type Logger, MillraceError } from '@millrace/core';
import type { Authentication } from '../security/authentication.ts';
import type { BufferPool, Lease } from './buffer-pool.ts';
import { FrameReader } from './frame-reader.ts';

/** Who sent a request. */
export interface Peer {
  readonly host: string;
  /** Aborted when the connection is gone: nobody waits for an answer any more. */
  readonly signal: AbortSignal;
  /** Who it is; undefined where it is not asked. */
  readonly authentication: Authentication | undefined;
  /** Closes the connection once the request that is served is answered. */
  hangUp(): void;
  /** Closes the connection; what else it sent is not looked at. */
  disconnect(): void;
}

/**
 * Answers one request.
 * @param memory that is used again once the response is sent.
 * @returns the response in parts, or nothing where the protocol wants none.
 * @throws if the bytes are no request that can be answered; the connection is closed then.
 */
export type Serve = (
  frame: Buffer,
  peer: Peer,
  memory: Pick<Lease, 'allocate' | 'reserve'>,
) => readonly Buffer[] | undefined | Promise<readonly Buffer[] | undefined>;

/** No proof of who a client is is larger (Kafka's `sasl.server.max.receive.size`): a stranger gets no more memory. */
const strangerBytesMax = 512 * 1024;
/** Who has not proved by then who it is holds a place for nothing. */
const strangerMs = 30_000;

/** Requests that were read and wait for their turn; beyond this the socket is not read. */
const queuedBytesMax = 1024 * 1024;
const queuedRequestsMax = 100;

/** Of many requests that a client sent ahead so much is done at a time, before it is the turn of others. */
const turnMs = 2;

/** A client that began a request and sends no more of it, or that does not take its answer while others wait for memory, is given this long. */
const stallMs = 30_000;
/** Who takes at least this much of an answer does not stall. */
const paceBytesPerMs = 1024;

/**
 * One client. Requests are answered strictly in order, one at a time; while an answer is not taken by the client nothing more
 * is read, so a slow reader holds no memory but its own.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #serve: Serve;
  readonly #logger: Logger;
  readonly #pool: BufferPool;
  readonly #clock: Clock;
  readonly #idleMaxMs: number;
  readonly #frames: FrameReader;
  readonly #gone = new AbortController();
  readonly #peer: Peer;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isServing = false;
  #hasEnded = false;
  #hangsUp = false;
  readonly #openedAtMs: number;
  #heardAtMs: number;
  #frameSinceMs: number | undefined;
  /** The answer that the client has not taken yet, and since when. */
  #unsent: { readonly lease: Lease; readonly sinceMs: number } | undefined;

  constructor(
    socket: Socket,
    serve: Serve,
    logger: Logger,
    options: {
      readonly requestBytesMax: number;
      readonly pool: BufferPool;
      readonly clock: Clock;
      /** A client that says nothing for so long, and waits for nothing, is let go. */
      readonly idleMaxMs: number;
      readonly authentication: Authentication | undefined;
      readonly onClose: () => void;
    },
  ) {
    this.#socket = socket;
    this.#serve = serve;
    this.#pool = options.pool;
    this.#clock = options.clock;
    this.#idleMaxMs = options.idleMaxMs;
    this.#openedAtMs = this.#clock.monotonic();
    this.#heardAtMs = this.#openedAtMs;
    const { requestBytesMax, authentication } = options;
    this.#frames = new FrameReader(() => (this.#isStranger ? Math.min(strangerBytesMax, requestBytesMax) : requestBytesMax));
    this.#peer = {
      host: socket.remoteAddress ?? '',
      signal: this.#gone.signal,
      authentication,
      hangUp: () => {
        this.#hangsUp = true;
      },
      disconnect: () => this.destroy(),
    };
    this.#logger = logger.child({ client: `${socket.remoteAddress}:${socket.remotePort}` });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#serveNext();
    });
    socket.on('error', (error) => this.#logger.debug({ error: error.message }, 'connection failed'));
    socket.on('close', () => {
      this.#forget();
      options.onClose();
    });
  }

  /** The address of the client. */
  get host(): string {
    return this.#peer.host;
  }

  destroy(): void {
    this.#socket.destroy();
    this.#forget();
  }

  /** Lets go of a client that holds a place or memory and does nothing with it; to be called from time to time. */
  sweep(): void {
    const nowMs = this.#clock.monotonic();
    const reason = this.#reasonToEnd(nowMs);
    if (reason === undefined) return;
    this.#logger.info({ reason }, 'let a client go');
    this.destroy();
  }

  /** True while a client that has to say who it is has not proved it. */
  get #isStranger(): boolean {
    const { authentication } = this.#peer;
    return authentication !== undefined && authentication.user === undefined;
  }

  #reasonToEnd(nowMs: number): string | undefined {
    if (this.#isStranger && nowMs - this.#openedAtMs > strangerMs) return 'it did not prove in time who it is';
    const silentMs = nowMs - this.#heardAtMs;
    if (this.#frameSinceMs !== undefined && !this.#socket.isPaused()) {
      if (silentMs > stallMs) return 'a request was begun and not finished';
      if (nowMs - this.#frameSinceMs > this.#idleMaxMs) return 'a request took too long to arrive';
    }
    if (this.#unsent !== undefined) {
      const { lease, sinceMs } = this.#unsent;
      const isSlow = nowMs - sinceMs > stallMs + lease.heldBytes / paceBytesPerMs;
      return isSlow && lease.heldBytes > 0 && this.#pool.budget.isShort
        ? 'an answer was not taken while others waited for memory'
        : undefined;
    }
    return !this.#isServing && silentMs > this.#idleMaxMs ? 'it was idle' : undefined;
  }

  #forget(): void {
    this.#queue = [];
    this.#gone.abort();
  }

  #receive(chunk: Buffer): void {
    if (this.#hangsUp) return;
    this.#heardAtMs = this.#clock.monotonic();
    try {
      this.#frames.push(chunk, (frame) => {
        this.#queue.push(frame);
        this.#queuedBytes += frame.length;
      });
    } catch (failure) {
      this.#refuse(failure);
      return;
    }
    this.#frameSinceMs = this.#frames.isWithinFrame ? (this.#frameSinceMs ?? this.#heardAtMs) : undefined;
    if (this.#isQueueFull) this.#socket.pause();
    this.#serveNext();
  }

  get #isQueueFull(): boolean {
    return this.#queuedBytes > queuedBytesMax || this.#queue.length > queuedRequestsMax;
  }

  #serveNext(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    this.#serveQueue().then(
      () => {
        this.#isServing = false;
      },
      (failure) => this.#refuse(failure),
    );
  }

  async #serveQueue(): Promise<void> {
    let turnSinceMs = this.#clock.monotonic();
    for (let frame = this.#queue.shift(); frame !== undefined; frame = this.#queue.shift()) {
      this.#queuedBytes -= frame.length;
      const lease = this.#pool.lease(this.#gone.signal);
      let isSent = false;
      try {
        const served = this.#serve(frame, this.#peer, lease);
        // Most requests are answered at once; waiting for those would only cost.
        const response = served instanceof Promise ? await served : served;
        lease.settle();
        if (this.#gone.signal.aborted) return;
        isSent = response !== undefined;
        if (isSent && !this.#write(response!, lease)) await this.#drained(lease);
      } finally {
        if (!isSent) lease.release();
      }
      if (this.#hangsUp) {
        this.#socket.destroySoon();
        return;
      }
      if (!this.#isQueueFull && this.#socket.isPaused()) this.#socket.resume();
      if (this.#queue.length > 0 && this.#clock.monotonic() - turnSinceMs >= turnMs) {
        await yieldToOthers();
        turnSinceMs = this.#clock.monotonic();
      }
    }
    if (this.#hasEnded) this.#socket.end();
  }

  #write(parts: readonly Buffer[], lease: Lease): boolean {
    this.#socket.cork();
    const last = parts.length - 1;
    for (let i = 0; i < last; i++) this.#socket.write(parts[i]!);
    const isDrained = this.#socket.write(parts[last]!, () => lease.release());
    this.#socket.uncork();
    return isDrained || !this.#socket.writableNeedDrain;
  }

  #drained(lease: Lease): Promise<void> {
    this.#socket.pause();
    this.#unsent = { lease, sinceMs: this.#clock.monotonic() };
    return new Promise((resolve) => {
      const go = () => {
        this.#socket.off('drain', go);
        this.#gone.signal.removeEventListener('abort', go);
        this.#socket.resume();
        this.#unsent = undefined;
        this.#heardAtMs = this.#clock.monotonic();
        resolve();
      };
      this.#socket.on('drain', go);
      this.#gone.signal.addEventListener('abort', go);
    });
  }

  #refuse(failure: unknown): void {
    const { message, stack } = failure as Error;
    const isTheirs = failure instanceof MillraceError && failure.code === 'KAFKA_PROTOCOL_INVALID';
    if (!isTheirs) this.#logger.error({ error: message, stack }, 'a request failed, so its connection is closed');
    else if (!this.#gone.signal.aborted) this.#logger.warn({ error: message }, 'closed a connection');
    this.#socket.destroy();
  }
}
