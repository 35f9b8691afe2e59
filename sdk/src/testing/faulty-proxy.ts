import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Faults } from './faults.ts';

/** Where the proxy leads, and what happens on the way. */
export interface FaultyProxyOptions {
  readonly host?: string;
  readonly port: number;
  /** For what comes from the connector, piece by piece; nothing happens without it. */
  readonly faults?: Faults;
}

/** A way to a target over TCP that is not to be relied on. */
export interface FaultyProxy {
  /** On 127.0.0.1: what connectors are to be given. */
  readonly port: number;
  /** Breaks all connections and takes no new ones. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  /** Hands on nothing until {@link release}; connections stay. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

/** Opens a way from 127.0.0.1, on a free port, to a target. */
export async function faultyProxy(options: FaultyProxyOptions): Promise<FaultyProxy> {
  const proxy = new TcpProxy(options);
  await proxy.listen(0);
  return proxy;
}

class TcpProxy implements FaultyProxy {
  port = 0;
  readonly #options: FaultyProxyOptions;
  readonly #faults: Faults;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#accept(client));
  #released: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  constructor(options: FaultyProxyOptions) {
    this.#options = options;
    this.#faults = options.faults ?? Faults.none();
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        this.port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  async goDown(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  comeBack(): Promise<void> {
    return this.listen(this.port);
  }

  hold(): void {
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
  }

  async close(): Promise<void> {
    this.release();
    if (this.#server.listening) await this.goDown();
  }

  #accept(client: Socket): void {
    const target = connect(this.#options.port, this.#options.host ?? '127.0.0.1');
    const link = { client, target, losesAnswer: false };
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.setNoDelay();
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
      socket.on('error', () => socket.destroy());
    }
    // One after another: what was delayed is not overtaken.
    let last = Promise.resolve();
    client.on('data', (bytes) => {
      last = last.then(() => this.#forward(link, bytes));
    });
    client.on('end', () => {
      last = last.then(() => void target.end());
    });
    target.on('data', (bytes) => (link.losesAnswer ? client.destroy() : client.write(bytes)));
    target.on('end', () => client.end());
  }

  async #forward(link: { readonly target: Socket; readonly client: Socket; losesAnswer: boolean }, bytes: Buffer): Promise<void> {
    await this.#released;
    const fault = this.#faults.next();
    if (fault === 'drop') return;
    if (fault === 'disconnect') return void link.client.destroy();
    if (fault === 'lose-answer') link.losesAnswer = true;
    else if (fault !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (!link.target.destroyed) link.target.write(bytes);
  }
}
