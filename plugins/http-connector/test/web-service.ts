import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed. */
  readonly body: string;
}

type Answer = (request: Received, response: ServerResponse) => void;

/** A web service on a free port of 127.0.0.1 that remembers what it was sent. */
export class WebService {
  /** Without handshakes. */
  readonly received: Received[] = [];
  /** Of requests with a body; 204 unless a test says otherwise. */
  answer: Answer = (_, response) => response.writeHead(204).end();
  handshakes = 0;
  readonly #server = createServer((request, response) => void this.#take(request, response));

  static async open(): Promise<WebService> {
    const service = new WebService();
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/in`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'HEAD') {
      this.handshakes++;
      response.writeHead(405).end();
      return;
    }
    const bytes = Buffer.concat((await request.toArray()) as Buffer[]);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
    const received = { method: request.method!, url: request.url!, headers: request.headers, body };
    this.received.push(received);
    this.answer(received, response);
  }
}
