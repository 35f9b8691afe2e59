import { createServer, type Server } from 'node:net';
import { type Logger, MillraceError } from '@millrace/core';
import { BufferPool } from './buffer-pool.ts';
import { Connection, type Serve } from './connection.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly connectionsMax: number;
  readonly requestBytesMax: number;
}

/** Accepts clients on one port. */
export class Listener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #connections = new Set<Connection>();

  constructor(options: ListenerOptions, serve: Serve, logger: Logger) {
    this.#options = options;
    const { requestBytesMax } = options;
    const pool = new BufferPool();
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const connection = new Connection(socket, serve, logger, {
        requestBytesMax,
        pool,
        onClose: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
    });
    this.#server.maxConnections = options.connectionsMax;
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
    });
  }
}
