import { type Clock, delay } from '@millrace/core';
import type { ApiClient, JsonRow } from '../api/client.ts';
import { linesOf } from '../api/client.ts';
import { ServerError } from '../api/errors.ts';
import { Board } from './board.ts';
import type { Block } from './flights.ts';

/** The stream that the flights go to. */
export const createFlights =
  "CREATE STREAM flights (at datetime64(3), origin string, destination string, delay int32, distance int32) SETTINGS event_time_column='at'";

/** A day at a time: how many flights left, how late, and from where the latest. */
export const dailyDelays = `SELECT to_date(window_start) AS day, count() AS flights, round(avg(delay), 1) AS avg_delay,
  count_if(delay > 60) AS over_an_hour, max(delay) AS worst, arg_max(origin, delay) AS worst_from
FROM tumble(flights, 1d)
GROUP BY window_start`;

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
  readonly rowsLate: number;
}

/**
 * Creates the stream, starts the query, replays the blocks with their own event times sped up, and shows each window as it
 * closes. Resolves when the show is over; the stream stays.
 */
export async function runShow(
  client: ApiClient,
  { blocks, windows, daysPerSecond, output, clock, signal }: ShowOptions,
): Promise<ShowResult> {
  await client.rows(createFlights);
  const ending = new AbortController();
  const stop = () => ending.abort();
  signal.addEventListener('abort', stop, { once: true });
  // Headers come when the query is positioned: it sees every row from here on.
  const response = await client.execute(dailyDelays, { format: 'JSONEachRow', signal: ending.signal });
  const queryId = response.headers.get('x-clickhouse-query-id')!;
  const board = new Board(output);
  const figures = { rowsSent: 0, rowsLate: 0 };
  const shown = showWindows(response, async (row) => {
    figures.rowsLate = (await progressOf(client, queryId)).rowsLate;
    board.add(row, figures);
    if (board.windows.length === windows) stop();
  });
  const ended = shown.catch((thrown: unknown) => {
    stop();
    if (!ending.signal.aborted || thrown instanceof ServerError) throw thrown;
  });
  await replay(client, blocks, { msPerDay: 1_000 / daysPerSecond, clock, signal: ending.signal }, figures);
  while (!ending.signal.aborted) {
    const progress = await progressOf(client, queryId);
    figures.rowsLate = progress.rowsLate;
    if (progress.rowsIn >= figures.rowsSent && board.windows.length >= progress.rowsOut) stop();
  }
  await ended;
  return { windows: board.windows, ...figures };
}

async function showWindows(response: Response, show: (row: JsonRow) => Promise<void>): Promise<void> {
  for await (const line of linesOf(response)) {
    const row = JSON.parse(line) as JsonRow;
    if (typeof row['exception'] === 'string') throw new ServerError(row['exception']);
    await show(row);
  }
}

/** Sends block by block, each when its event time has come on the sped-up clock. */
async function replay(
  client: ApiClient,
  blocks: readonly Block[],
  { msPerDay, clock, signal }: Pace,
  figures: { rowsSent: number },
): Promise<void> {
  const startMs = clock.monotonic();
  const firstMs = eventTime(blocks[0]);
  for (const block of blocks) {
    const dueMs = startMs + ((eventTime(block) - firstMs) / dayMs) * msPerDay;
    await delay(clock, Math.max(0, dueMs - clock.monotonic()), signal).catch(() => {});
    if (signal.aborted) return;
    await client.rows('INSERT INTO flights FORMAT JSONEachRow', { data: block.map((flight) => JSON.stringify(flight)).join('\n') });
    figures.rowsSent += block.length;
  }
}

const dayMs = 86_400_000;

interface Pace {
  readonly msPerDay: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

function eventTime(block: Block | undefined): number {
  return block === undefined ? 0 : Date.parse(`${block[0]!.at.replace(' ', 'T')}Z`);
}

async function progressOf(client: ApiClient, queryId: string): Promise<{ rowsIn: number; rowsOut: number; rowsLate: number }> {
  const query = (await client.rows('SHOW QUERIES')).find((row) => row['query_id'] === queryId);
  return {
    rowsIn: Number(query?.['rows_in'] ?? 0),
    rowsOut: Number(query?.['rows_out'] ?? 0),
    rowsLate: Number(query?.['rows_late'] ?? 0),
  };
}
