import { createServer, type Server, type Socket } from 'node:net';
import { type Logger, MillraceError } from '@millrace/core';
import { Authentication, type SaslServices } from '../security/authentication.ts';
import { type TlsServerOptions, tlsServer } from '../security/tls-server.ts';
import { BufferPool } from './buffer-pool.ts';
import { Connection, type Serve } from './connection.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly connectionsMax: number;
  readonly requestBytesMax: number;
  /** Encrypts what goes over the port. */
  readonly tls?: TlsServerOptions | undefined;
  readonly network?: Network | undefined;
}

/** How ports are listened on: as `node:net` does, or as a simulation does. */
export interface Network {
  readonly createServer: (options: { readonly allowHalfOpen: boolean }, accept: (socket: Socket) => void) => Server;
}

/** Accepts clients on one port. */
export class Listener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #connections = new Set<Connection>();
  /** All sockets, also those whose TLS handshake is under way. */
  readonly #sockets = new Set<Socket>();

  /**
   * @param sasl what clients have to prove; they need not say who they are where it is left out.
   * @throws {MillraceError} CONFIG_INVALID if certificate or key cannot be used.
   */
  constructor(options: ListenerOptions, serve: Serve, logger: Logger, sasl?: SaslServices) {
    this.#options = options;
    const { requestBytesMax, tls, network = { createServer } } = options;
    const pool = new BufferPool();
    const accept = (socket: Socket) => {
      const connection = new Connection(socket, serve, logger, {
        requestBytesMax,
        pool,
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
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        const reason = cause.code === 'EADDRINUSE' ? 'the port is taken' : cause.message;
        const hint = cause.code === 'EADDRINUSE' ? 'choose another port, or 0 for a free one' : undefined;
        reject(new MillraceError('LISTEN_FAILED', `cannot listen on ${host}:${port}: ${reason}`, { cause, hint, details: { host, port } }));
      });
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const connection of this.#connections) connection.destroy();
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}
