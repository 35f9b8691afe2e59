import { ServerError, Unreachable } from './errors.ts';

/** A row as JSONEachRow gives it. */
export type JsonRow = Record<string, unknown>;

export interface ExecuteOptions {
  readonly format?: string;
  /** `{name:type}` placeholders. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
  /** INSERT data that goes beside the statement. */
  readonly data?: string | Uint8Array | ReadableStream<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** Speaks the HTTP API of a server. */
export class ApiClient {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Runs statements; the answer of the last one streams in. @throws {ServerError} {@link Unreachable} */
  async execute(sql: string, options: ExecuteOptions = {}): Promise<Response> {
    const target = new URL(this.url);
    if (options.format !== undefined) target.searchParams.set('default_format', options.format);
    for (const [name, value] of Object.entries(options.parameters ?? {})) target.searchParams.set(`param_${name}`, value);
    for (const [name, value] of Object.entries(options.settings ?? {})) target.searchParams.set(name, value);
    if (options.data !== undefined) target.searchParams.set('query', sql);
    const response = await this.#fetch(target, options.data ?? sql, options.signal);
    if (!response.ok) throw new ServerError(await response.text());
    return response;
  }

  /** The answer of a statement that ends, as objects. */
  async rows(sql: string, options: ExecuteOptions = {}): Promise<JsonRow[]> {
    const text = await (await this.execute(sql, { ...options, format: 'JSONEachRow' })).text();
    const rows = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JsonRow);
    const last = rows.at(-1);
    if (last !== undefined && typeof last['exception'] === 'string') throw new ServerError(last['exception']);
    return rows;
  }

  async #fetch(target: URL, body: NonNullable<ExecuteOptions['data']>, signal: AbortSignal | undefined): Promise<Response> {
    try {
      const streaming = body instanceof ReadableStream ? { duplex: 'half' as const } : {};
      return await fetch(target, { method: 'POST', body, ...(signal && { signal }), ...streaming } as RequestInit);
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new Unreachable(this.url, cause);
    }
  }
}

/** The lines of a response as they come; the last one may lack its end. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  let rest = '';
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}
