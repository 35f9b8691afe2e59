import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { MillraceError, SeededRandom } from '@millrace/core';

/** A flight as the stream `flights` holds it; `at` is its event time, `YYYY-MM-DD hh:mm:ss`. */
export interface Flight {
  readonly at: string;
  readonly origin: string;
  readonly destination: string;
  readonly delay: number;
  readonly distance: number;
}

/** Rows that arrive together: one INSERT, one record batch. */
export type Block = readonly Flight[];

/** 20,000 flights of the first quarter of 2001 in the United States: departure, delay in minutes, distance in miles. */
export function bundledFlightsPath(): string {
  return createRequire(import.meta.url).resolve('vega-datasets/data/flights-20k.json');
}

/**
 * Reads flights from a JSON array, NDJSON or CSV with a header; the time stands in `date` or `at`.
 * @throws {MillraceError} CONFIG_INVALID naming file, row and what is missing.
 */
export function readFlights(path: string): Flight[] {
  const text = readFileSync(path, 'utf8').trim();
  const rows = text.startsWith('[')
    ? JSON.parse(text)
    : text.startsWith('{')
      ? text.split('\n').map((line) => JSON.parse(line))
      : parseCsv(text);
  return (rows as Record<string, unknown>[]).map((row, index) => toFlight(row, `${path}, row ${index + 1}`));
}

function parseCsv(text: string): Record<string, string>[] {
  const [header = '', ...lines] = text.split(/\r?\n/);
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((field, index) => [names[index] ?? '', field])));
}

function toFlight(row: Record<string, unknown>, place: string): Flight {
  const time = String(row['at'] ?? row['date'] ?? '').match(/^(\d{4})[/-](\d\d)[/-](\d\d)[ T](\d\d:\d\d)(:\d\d)?/);
  const [delay, distance] = [Number(row['delay']), Number(row['distance'])];
  if (time === null || !Number.isInteger(delay) || !Number.isInteger(distance) || row['origin'] === undefined) {
    throw new MillraceError(
      'CONFIG_INVALID',
      `${place}: a flight needs date (YYYY/MM/DD hh:mm), delay, distance, origin and destination, this one is ${JSON.stringify(row)}`,
    );
  }
  const [, year, month, day, minutes, seconds = ':00'] = time;
  return {
    at: `${year}-${month}-${day} ${minutes}${seconds}`,
    origin: String(row['origin']),
    destination: String(row['destination']),
    delay,
    distance,
  };
}

/** How late a row may arrive: event times within this of each other may change places. */
const disorderMs = 90 * 60_000;
/** Event time that one block spans. */
const blockMs = 2 * 3_600_000;

/**
 * The order in which the flights arrive: by event time plus a random delay below {@link disorderMs}, the same for the same
 * seed, cut into blocks. A flight shortly before midnight may so arrive after the watermark has passed: those are the late rows.
 */
export function arrivalBlocks(flights: readonly Flight[], seed: number): Block[] {
  const random = new SeededRandom(seed);
  const arrivals = flights.map((flight) => ({
    flight,
    arrivalMs: Date.parse(`${flight.at.replace(' ', 'T')}Z`) + random.below(disorderMs),
  }));
  arrivals.sort((a, b) => a.arrivalMs - b.arrivalMs);
  const blocks = new Map<number, Flight[]>();
  for (const { flight, arrivalMs } of arrivals) {
    const number = Math.floor(arrivalMs / blockMs);
    const block = blocks.get(number);
    if (block === undefined) blocks.set(number, [flight]);
    else block.push(flight);
  }
  return [...blocks.values()];
}
