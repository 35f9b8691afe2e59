import { type IncomingMessage, request } from 'node:http';

/**
 * A streaming query over HTTP, read as tab-separated lines while it runs.
 * `open` resolves when the headers are here: from then on every row that is produced is seen.
 */
export class LiveQuery {
  readonly queryId: string;
  readonly #response: IncomingMessage;
  #rows: string[] = [];
  #received = 0;
  #rest = '';
  #exception = '';
  #over = false;
  #watchers: (() => void)[] = [];

  static async open(url: string, sql: string, settings: Readonly<Record<string, string>> = {}): Promise<LiveQuery> {
    const target = new URL(url);
    for (const [name, value] of Object.entries({ default_format: 'TabSeparated', ...settings })) target.searchParams.set(name, value);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(target, { method: 'POST', agent: false }, resolve);
      sent.once('error', reject);
      sent.end(sql);
    });
    const query = new LiveQuery(response);
    if (response.statusCode !== 200) {
      await query.ended();
      throw new Error(query.#exception || query.takeRows().join('\n'));
    }
    return query;
  }

  private constructor(response: IncomingMessage) {
    this.#response = response;
    this.queryId = String(response.headers['x-clickhouse-query-id']);
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.once('close', () => {
      if (this.#rest !== '') this.#take('\n');
      this.#over = true;
      this.#wake();
    });
    response.on('error', () => {});
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** The rows that came since the last call. */
  takeRows(): string[] {
    return this.#rows.splice(0);
  }

  /** Resolves when `count` rows have come in all, or the query is over, or `withinMs` have passed. */
  async waitForRows(count: number, withinMs = 30_000): Promise<void> {
    let isUp = false;
    const timer = setTimeout(() => {
      isUp = true;
      this.#wake();
    }, withinMs);
    while (this.#received < count && !this.#over && !isUp) await this.#change();
    clearTimeout(timer);
  }

  async ended(): Promise<void> {
    while (!this.#over) await this.#change();
  }

  /** The error that ended the query. */
  async failure(): Promise<string> {
    await this.ended();
    return this.#exception;
  }

  async close(): Promise<void> {
    this.#response.destroy();
    await this.ended();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      if (this.#exception !== '' || /^(Code: \d+\.|__exception__)/.test(line)) this.#exception += `${line}\n`;
      else {
        this.#rows.push(line);
        this.#received++;
      }
    }
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#watchers.push(resolve));
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}
