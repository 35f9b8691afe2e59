import { createServer, type Server, type Socket } from 'node:net';
import { type Clock, type Logger, MillraceError, systemClock, type Timer } from '@millrace/core';
import { Authentication, type SaslServices } from '../security/authentication.ts';
import { type TlsServerOptions, tlsServer } from '../security/tls-server.ts';
import { BufferPool } from './buffer-pool.ts';
import { Connection, type Serve } from './connection.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly connectionsMax: number;
  /** Connections of one address; as many as there may be at all where left out. */
  readonly connectionsPerAddressMax?: number;
  /** How long a client may be silent; default 10 minutes. */
  readonly idleMaxMs?: number;
  /** Memory of answers; one of its own, without bound, where left out. */
  readonly pool?: BufferPool;
  readonly clock?: Clock;
  readonly requestBytesMax: number;
  /** Encrypts what goes over the port. */
  readonly tls?: TlsServerOptions | undefined;
  readonly network?: Network | undefined;
}

/** How ports are listened on: as `node:net` does, or as a simulation does. */
export interface Network {
  readonly createServer: (options: { readonly allowHalfOpen: boolean }, accept: (socket: Socket) => void) => Server;
}

const defaultIdleMaxMs = 10 * 60_000;
/** How often it is looked for clients to be let go. */
const sweepMs = 5000;

/** Accepts clients on one port. */
export class Listener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #connections = new Set<Connection>();
  /** All sockets, also those whose TLS handshake is under way. */
  readonly #sockets = new Set<Socket>();
  readonly #clock: Clock;
  readonly #logger: Logger;
  #sweepTimer: Timer | undefined;

  /**
   * @param sasl what clients have to prove; they need not say who they are where it is left out.
   * @throws {MillraceError} CONFIG_INVALID if certificate or key cannot be used.
   */
  constructor(options: ListenerOptions, serve: Serve, logger: Logger, sasl?: SaslServices) {
    this.#options = options;
    const { requestBytesMax, tls, network = { createServer } } = options;
    const { pool = new BufferPool(), clock = systemClock, idleMaxMs = defaultIdleMaxMs } = options;
    this.#clock = clock;
    this.#logger = logger;
    const accept = (socket: Socket) => {
      if (this.#hasTooManyOf(socket)) return;
      const connection = new Connection(socket, serve, logger, {
        requestBytesMax,
        pool,
        clock,
        idleMaxMs,
        authentication: sasl && new Authentication(sasl, `${socket.remoteAddress}:${socket.remotePort}`),
        onClose: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
    };
    this.#server = tls === undefined ? network.createServer({ allowHalfOpen: true }, accept) : tlsServer(tls, logger, accept);
    this.#server.maxConnections = options.connectionsMax;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('drop', (client) => {
      logger.warn({ client: client?.remoteAddress, connectionsMax: options.connectionsMax }, 'refused a connection: there are too many');
    });
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** @returns the port listened on. @throws {MillraceError} LISTEN_FAILED */
  open(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const refuse = (cause: NodeJS.ErrnoException) => {
        const reason = cause.code === 'EADDRINUSE' ? 'the port is taken' : cause.message;
        const hint = cause.code === 'EADDRINUSE' ? 'choose another port, or 0 for a free one' : undefined;
        reject(new MillraceError('LISTEN_FAILED', `cannot listen on ${host}:${port}: ${reason}`, { cause, hint, details: { host, port } }));
      };
      this.#server.once('error', refuse);
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        this.#server.off('error', refuse);
        // Too few descriptors to take a client in, say: those that are in are served on.
        this.#server.on('error', ({ message }) => this.#logger.error({ error: message }, 'no connection with a client'));
        this.#armSweep();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  #armSweep(): void {
    const sweep = () => {
      for (const connection of this.#connections) connection.sweep();
      this.#armSweep();
    };
    this.#sweepTimer = this.#clock.setTimer(sweepMs, sweep, { unref: true });
  }

  #hasTooManyOf(socket: Socket): boolean {
    const { connectionsPerAddressMax = Number.POSITIVE_INFINITY } = this.#options;
    if (!Number.isFinite(connectionsPerAddressMax)) return false;
    const { remoteAddress } = socket;
    const count = [...this.#connections].filter((connection) => connection.host === remoteAddress).length;
    if (count < connectionsPerAddressMax) return false;
    this.#logger.warn({ client: remoteAddress, connectionsPerAddressMax }, 'refused a connection: there are too many of its address');
    socket.destroy();
    return true;
  }

  close(): Promise<void> {
    this.#sweepTimer?.cancel();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const connection of this.#connections) connection.destroy();
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}
