import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface IngestRequest {
  readonly stream: string;
  readonly headers: IncomingHttpHeaders;
  readonly columns: readonly string[];
  readonly data: readonly (readonly unknown[])[];
}

interface FakeStream {
  readonly name: string;
  columns: { name: string; type: string }[];
  event_time_column: string | null;
  data_format: string;
}

/** What a server of another deployment does with ingest requests: an id that it knows is answered again, and stores nothing. */
export class FakeDeployment {
  readonly streams = new Map<string, FakeStream>();
  /** Requests that were stored. */
  readonly stored: IngestRequest[] = [];
  readonly requests: string[] = [];
  /** Refuses a request as a whole for one of its rows. */
  isBad: (row: readonly unknown[]) => boolean = () => false;
  /** Answers requests in place of the server; false = not this one. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #ids = new Set<string>();
  readonly #server = createServer((request, response) => void this.#take(request, response));

  static async open(): Promise<FakeDeployment> {
    const deployment = new FakeDeployment();
    await new Promise<void>((resolve) => deployment.#server.listen(0, '127.0.0.1', resolve));
    return deployment;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  addStream(name: string, columns: Readonly<Record<string, string>>, eventTimeColumn: string | null = null): void {
    const list = Object.entries(columns).map(([column, type]) => ({ name: column, type }));
    this.streams.set(name, { name, columns: list, event_time_column: eventTimeColumn, data_format: 'JSONEachRow' });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const body = Buffer.concat((await request.toArray()) as Buffer[]).toString();
    this.requests.push(`${request.method} ${request.url}`);
    if (this.intercept(request, response)) return undefined;
    const [, , , verb, , name = ''] = request.url!.split('/');
    if (request.url === '/proton/ping') return answer(response, { status: 'UP' });
    const stream = this.streams.get(decodeURIComponent(name));
    if (verb === 'ddl' && request.method === 'POST') return this.#create(JSON.parse(body) as Partial<FakeStream>, response);
    if (stream === undefined) return refuse(response, 404, 60, `unknown stream ${name}`);
    if (verb === 'ddl') return answer(response, { data: [stream] });
    return this.#ingest(stream, request.headers, JSON.parse(body) as IngestRequest, response);
  }

  #create({ name = '', columns = [], event_time_column = null }: Partial<FakeStream>, response: ServerResponse): unknown {
    if (this.streams.has(name)) return refuse(response, 409, 57, 'it exists');
    this.streams.set(name, { name, columns, event_time_column, data_format: 'JSONEachRow' });
    return answer(response, { name });
  }

  #ingest({ name }: FakeStream, headers: IncomingHttpHeaders, { columns, data }: IngestRequest, response: ServerResponse): unknown {
    if (data.some((row) => this.isBad(row))) return refuse(response, 400, 27, 'a value is not what its column holds');
    const id = String(headers['x-timeplus-idempotent-id']);
    if (!this.#ids.has(id)) this.stored.push({ stream: name, headers, columns, data });
    this.#ids.add(id);
    return answer(response, { stream: name, rows: data.length });
  }
}

function answer(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function refuse(response: ServerResponse, status: number, number: number, message: string): void {
  response.writeHead(status, { 'x-clickhouse-exception-code': String(number) }).end(`Code: ${number}. DB::Exception: ${message}\n`);
}
