import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** A port on loopback that leads to another one, and can be cut or silenced. */
export class Detour {
  readonly port: number;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #isSilent = false;

  constructor(port: number, targetPort: number) {
    this.port = port;
    this.#targetPort = targetPort;
  }

  /** Lets connections through, also after it was cut. Those that were silenced break: both ends begin anew. */
  async open(): Promise<void> {
    if (this.#isSilent) await this.cut();
    this.#isSilent = false;
    const server = createServer((near) => (this.#isSilent ? this.#hold(near) : this.#join(near)));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
  }

  /** Breaks what is connected, and lets nobody connect. */
  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Lets nothing through any more, as a network that is gone: who is connected hears nothing of it. */
  silence(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #join(near: Socket): void {
    const far = createConnection(this.#targetPort, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#hold(socket);
      socket.pipe(other);
      socket.once('close', () => other.destroy());
    }
  }
}
