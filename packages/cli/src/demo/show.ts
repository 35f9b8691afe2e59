import { type Clock, delay } from '@millrace/core';
import type { Answer } from '../api/answer.ts';
import type { ApiClient, JsonRow } from '../api/client.ts';
import { ServerError } from '../api/errors.ts';
import { Board } from './board.ts';
import type { Block } from './flights.ts';

/** The stream that the flights go to. */
const createFlights =
  "CREATE STREAM flights (at datetime64(3), origin string, destination string, delay int32, distance int32) SETTINGS event_time_column='at'";

/** A day at a time: how many flights left, how late, and from where the latest. */
export const dailyDelays = `SELECT to_date(window_start) AS day, count() AS flights, round(avg(delay), 1) AS avg_delay,
  count_if(delay > 60) AS over_an_hour, max(delay) AS worst, arg_max(origin, delay) AS worst_from
FROM tumble(flights, 1d)
GROUP BY window_start`;

/** How often the end of the show looks whether the query has read all. */
const pollMs = 20;

export interface ShowOptions {
  readonly blocks: readonly Block[];
  /** End after so many windows; null = when all flights are sent. */
  readonly windows: number | null;
  /** Event time that passes in one second. */
  readonly daysPerSecond: number;
  readonly output: NodeJS.WriteStream;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface ShowResult {
  readonly windows: readonly JsonRow[];
  readonly rowsSent: number;
  /** Rows that arrived after their day was closed: the query has left them out, and counted them. */
  readonly rowsLate: number;
}

/**
 * Creates the stream, starts the query, replays the blocks with their own event times sped up, and shows each window as it
 * closes. Resolves when the show is over; the stream stays.
 */
export async function runShow(client: ApiClient, options: ShowOptions): Promise<ShowResult> {
  await client.rows(createFlights);
  const ending = new AbortController();
  const stop = () => ending.abort();
  options.signal.addEventListener('abort', stop, { once: true });
  // The answer begins when the query is positioned: it sees every row from here on.
  const answer = await client.execute(dailyDelays, { format: 'JSONEachRow', signal: ending.signal });
  const show = new Show(client, answer, options, ending);
  const shown = show.watch();
  try {
    await Promise.race([show.replay().then(() => show.awaitEnd()), shown]);
  } finally {
    stop();
    await shown;
  }
  return show.result;
}

/** The show while it runs: one side sends flights, the other takes windows. */
class Show {
  readonly #client: ApiClient;
  readonly #answer: Answer;
  readonly #options: ShowOptions;
  readonly #ending: AbortController;
  readonly #board: Board;
  readonly #figures = { rowsSent: 0, rowsLate: 0, eventTime: '' };

  constructor(client: ApiClient, answer: Answer, options: ShowOptions, ending: AbortController) {
    this.#client = client;
    this.#answer = answer;
    this.#options = options;
    this.#ending = ending;
    this.#board = new Board(options.output, 'avg_delay');
  }

  get result(): ShowResult {
    const { rowsSent, rowsLate } = this.#figures;
    return { windows: this.#board.windows, rowsSent, rowsLate };
  }

  /** Shows windows as they close, until the show ends. @throws {ServerError} if the query fails */
  async watch(): Promise<void> {
    const { signal } = this.#ending;
    try {
      for await (const line of this.#answer.lines()) {
        this.#board.add(JSON.parse(line) as JsonRow);
        await this.#progress();
        this.#board.draw(this.#figures);
        if (this.#board.windows.length === this.#options.windows) this.#ending.abort();
        if (signal.aborted) return;
      }
    } catch (thrown) {
      if (!signal.aborted || thrown instanceof ServerError) throw thrown;
    }
  }

  /** Sends block by block, each when its event time has come on the sped-up clock. */
  async replay(): Promise<void> {
    const { blocks, clock, daysPerSecond } = this.#options;
    const { signal } = this.#ending;
    const startMs = clock.monotonic();
    const firstMs = eventTimeMs(blocks[0]);
    for (const block of blocks) {
      const dueMs = startMs + ((eventTimeMs(block) - firstMs) / dayMs / daysPerSecond) * 1_000;
      await delay(clock, Math.max(0, dueMs - clock.monotonic()), signal).catch(() => {});
      if (signal.aborted) return;
      await this.#client.rows('INSERT INTO flights FORMAT JSONEachRow', { data: block.map((flight) => JSON.stringify(flight)).join('\n') });
      this.#figures.rowsSent += block.length;
      this.#figures.eventTime = block[0]!.at;
      this.#board.draw(this.#figures);
    }
  }

  /** Resolves when the query has read all that was sent, and every window it has closed is shown. */
  async awaitEnd(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const { rowsIn, rowsOut } = await this.#progress();
      if (rowsIn >= this.#figures.rowsSent && this.#board.windows.length >= rowsOut) return;
      await delay(this.#options.clock, pollMs, signal).catch(() => {});
    }
  }

  async #progress(): Promise<{ rowsIn: number; rowsOut: number }> {
    const query = (await this.#client.rows('SHOW QUERIES')).find((row) => row['query_id'] === this.#answer.queryId);
    this.#figures.rowsLate = Number(query?.['rows_late'] ?? this.#figures.rowsLate);
    return { rowsIn: Number(query?.['rows_in'] ?? 0), rowsOut: Number(query?.['rows_out'] ?? 0) };
  }
}

const dayMs = 86_400_000;

function eventTimeMs(block: Block | undefined): number {
  return block === undefined ? 0 : Date.parse(`${block[0]!.at.replace(' ', 'T')}Z`);
}
