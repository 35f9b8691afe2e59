import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A row as it has arrived: the stream that the path names, and its columns. */
export interface Arrived {
  readonly stream: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** A web service that keeps the rows that it gets, and can be told to refuse some, to go away, and to come back where it was. */
export class HttpTarget {
  readonly arrived: Arrived[] = [];
  /** Rows that it answers with 400. */
  isBad: (row: Readonly<Record<string, unknown>>) => boolean = () => false;
  /** What it answers instead, while there is any. */
  readonly answers: number[] = [];
  /** How many have asked whether it is there: each connector does when it opens. */
  handshakes = 0;
  #port = 0;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  #watchers: (() => void)[] = [];

  static async open(): Promise<HttpTarget> {
    const target = new HttpTarget();
    await target.comeBack();
    return target;
  }

  /** Of a pipe: `'url'='…'`. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/{stream}`;
  }

  /** The connector that delivers here, as CREATE PIPE takes it. */
  get connector(): string {
    return `WITH CONNECTOR ('connector'='http-connector', 'url'='${this.url}')`;
  }

  /** The values of a column of what has arrived, in the order of their coming. */
  values(column = 'v'): unknown[] {
    return this.arrived.map(({ row }) => row[column]);
  }

  async comeBack(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  async goAway(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Resolves when so many rows have arrived in all. @throws Error that says what has arrived if they do not come */
  async untilRows(count: number, withinMs = 20_000): Promise<void> {
    await this.until(() => this.arrived.length >= count, `${count} rows`, withinMs);
  }

  async until(condition: () => boolean, what: string, withinMs = 20_000): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`${what} have not arrived, but ${JSON.stringify(this.arrived)}`)), withinMs);
    try {
      while (!condition()) await Promise.race([new Promise<void>((resolve) => this.#watchers.push(resolve)), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const isHandshake = request.method === 'HEAD';
    if (isHandshake) this.handshakes++;
    response.writeHead(isHandshake ? 200 : this.#take(request.url!.slice(1), Buffer.concat(chunks).toString())).end();
    for (const watcher of this.#watchers.splice(0)) watcher();
  }

  /** @returns the status */
  #take(stream: string, body: string): number {
    const status = this.answers.shift();
    if (status !== undefined) return status;
    const rows = body.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
    if (rows.some((row) => this.isBad(row))) return 400;
    this.arrived.push(...rows.map((row) => ({ stream: decodeURIComponent(stream), row })));
    return 200;
  }
}
