import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { Answer } from './answer.ts';
import { ServerError, Unreachable } from './errors.ts';

/** A row as JSONEachRow gives it. */
export type JsonRow = Record<string, unknown>;

export interface ExecuteOptions {
  readonly format?: string;
  /** `{name:type}` placeholders. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
  /** INSERT data that goes beside the statement. */
  readonly data?: string | Readable;
  readonly signal?: AbortSignal;
}

/** Speaks the HTTP API of a server. Knows no time limit: a query over a quiet stream may be silent for days. */
export class ApiClient {
  readonly url: string;

  /** @param url `http://` or `https://`, without path */
  constructor(url: string) {
    this.url = url;
  }

  /**
   * Runs statements; the answer of the last one streams in. Resolves when the server has fixed where the query begins: it sees every
   * row that is written from then on.
   * @throws {ServerError} {@link Unreachable}
   */
  async execute(sql: string, options: ExecuteOptions = {}): Promise<Answer> {
    const target = new URL(this.url);
    if (options.format !== undefined) target.searchParams.set('default_format', options.format);
    for (const [name, value] of Object.entries(options.parameters ?? {})) target.searchParams.set(`param_${name}`, value);
    for (const [name, value] of Object.entries(options.settings ?? {})) target.searchParams.set(name, value);
    if (options.data !== undefined) target.searchParams.set('query', sql);
    const message = await this.#send('POST', target, options.data ?? sql, options.signal);
    if (message.statusCode !== 200) throw new ServerError(await readText(message));
    return new Answer(message, this.url, options.signal);
  }

  /** The answer of a statement that ends, as objects. @throws {ServerError} {@link Unreachable} */
  async rows(sql: string, options: ExecuteOptions = {}): Promise<JsonRow[]> {
    const rows: JsonRow[] = [];
    for await (const line of (await this.execute(sql, { ...options, format: 'JSONEachRow' })).lines()) {
      if (line !== '') rows.push(JSON.parse(line) as JsonRow);
    }
    return rows;
  }

  /** The version of the server. @throws {Unreachable} also if something else answers there */
  async version(): Promise<string> {
    const answer = await readText(await this.#send('GET', new URL('/proton/info', this.url), '', undefined));
    try {
      const { name, version } = JSON.parse(answer) as Readonly<Record<string, unknown>>;
      if (name === 'Millrace') return String(version);
      throw new TypeError(`it calls itself ${String(name)}`);
    } catch (cause) {
      throw new Unreachable(`what answers at ${this.url} is no server of Millrace`, 'name another with --url or MILLRACE_URL', cause);
    }
  }

  #send(method: 'GET' | 'POST', target: URL, body: string | Readable, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const send = target.protocol === 'https:' ? requestHttps : requestHttp;
      const request = send(target, { method, ...(signal && { signal }) }, resolve);
      request.once('error', (cause) => {
        reject(signal?.aborted ? signal.reason : noAnswer(this.url, cause));
      });
      if (typeof body === 'string') request.end(body);
      else body.once('error', reject).pipe(request);
    });
  }
}

function noAnswer(url: string, cause: unknown): Unreachable {
  return new Unreachable(
    `no server answers at ${url}`,
    'start one with `millrace server`, or name another with --url or MILLRACE_URL',
    cause,
  );
}
