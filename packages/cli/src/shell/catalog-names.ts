import type { Clock } from '@millrace/core';
import type { ApiClient } from '../api/client.ts';

/** Names that can be completed, asked from the server and remembered for a few seconds. Where the server does not answer there are none. */
export class CatalogNames {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, { readonly names: readonly string[]; readonly untilMs: number }>();

  constructor(client: ApiClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Streams and views. */
  async streams(): Promise<readonly string[]> {
    return [...(await this.#ask('SHOW STREAMS')), ...(await this.#ask('SHOW VIEWS'))];
  }

  /** Columns of a stream or view. @param quotedName as SQL reads it */
  columns(quotedName: string): Promise<readonly string[]> {
    return this.#ask(`DESCRIBE ${quotedName}`);
  }

  functions(): Promise<readonly string[]> {
    return this.#ask('SHOW FUNCTIONS');
  }

  formats(): Promise<readonly string[]> {
    return this.#ask('SHOW FORMATS');
  }

  async #ask(statement: string): Promise<readonly string[]> {
    const known = this.#remembered.get(statement);
    if (known !== undefined && this.#clock.monotonic() < known.untilMs) return known.names;
    const rows = await this.#client.rows(statement).catch(() => []);
    const names = rows.map((row) => String(row['name']));
    this.#remembered.set(statement, { names, untilMs: this.#clock.monotonic() + rememberMs });
    return names;
  }
}

const rememberMs = 5_000;
