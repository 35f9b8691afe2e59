import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { MillraceError, SeededRandom } from '@millrace/core';
import { readText } from '../read-file.ts';

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
  // The package exports its code only; the data lies beside it.
  const code = createRequire(import.meta.url).resolve('vega-datasets');
  return join(dirname(code), '../data/flights-20k.json');
}

/**
 * Reads flights from a JSON array, NDJSON or CSV with a header; the time stands in `date` or `at`.
 * @throws {MillraceError} DATA_UNDECODABLE naming file, row and what is missing.
 */
export async function readFlights(path: string): Promise<Flight[]> {
  const rows = parseRows(path, (await readText(path)).trim());
  if (rows.length === 0) throw invalid(`${path} holds no flights`);
  return rows.map((row, index) => toFlight(row, `${path}, row ${index + 1}`));
}

function parseRows(path: string, text: string): Record<string, unknown>[] {
  if (text.startsWith('[')) return parseJson(text, path) as Record<string, unknown>[];
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  if (text.startsWith('{')) return lines.map((line, index) => parseJson(line, `${path}, row ${index + 1}`) as Record<string, unknown>);
  const [names = [], ...rows] = lines.map(csvFields);
  return rows.map((fields) => Object.fromEntries(fields.map((field, index) => [names[index] ?? '', field])));
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`${place}: ${(cause as Error).message}`);
  }
}

function csvFields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}

/** The fields that a flight needs, and the times that are understood. */
const timePattern = /^(\d{4})[/-](\d\d)[/-](\d\d)[ T](\d\d:\d\d)(:\d\d)?/;

function toFlight(row: Record<string, unknown> | null, place: string): Flight {
  const { origin, destination, delay, distance } = row ?? {};
  const at = timeOf(String(row?.['at'] ?? row?.['date'] ?? ''));
  if (at === null || !isInteger(delay) || !isInteger(distance) || origin === undefined) {
    throw invalid(
      `${place}: a flight needs date (YYYY/MM/DD hh:mm), delay and distance (whole numbers), origin and destination, this one is ${JSON.stringify(row)}`,
    );
  }
  return { at, origin: String(origin), destination: String(destination ?? ''), delay: Number(delay), distance: Number(distance) };
}

function timeOf(text: string): string | null {
  const [, year, month, day, minutes, seconds = ':00'] = text.match(timePattern) ?? [];
  const at = `${year}-${month}-${day} ${minutes}${seconds}`;
  return Number.isNaN(Date.parse(`${at.replace(' ', 'T')}Z`)) ? null : at;
}

function isInteger(value: unknown): boolean {
  return value !== '' && value !== null && value !== undefined && Number.isInteger(Number(value));
}

function invalid(message: string): MillraceError {
  return new MillraceError('DATA_UNDECODABLE', message);
}

/** How much later than its event time a flight is told of. */
const usualDelayMs = 90 * 60_000;
/** One flight in fifty is told of only within this. */
const longDelayMs = 12 * 3_600_000;
/** Event time that one block spans. */
const blockMs = 2 * 3_600_000;

/**
 * The order in which the flights arrive: by event time plus a random delay, the same for the same seed, cut into blocks.
 * A flight of the evening may so arrive after the watermark has passed midnight: those are the late rows.
 */
export function arrivalBlocks(flights: readonly Flight[], seed: number): Block[] {
  const random = new SeededRandom(seed);
  const arrivals = flights.map((flight) => ({
    flight,
    arrivalMs: Date.parse(`${flight.at.replace(' ', 'T')}Z`) + random.below(random.below(50) === 0 ? longDelayMs : usualDelayMs),
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
