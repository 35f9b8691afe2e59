import type { StreamDefinition } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import { formatInfo } from '@millrace/formats';
import { defaultsFor, insertColumns, type PlanContext, type StreamDefaults } from '@millrace/planner';
import type { Expression, Identifier } from '@millrace/sql';
import { unknownName } from '../statements/describe.ts';
import type { Services } from '../statements/services.ts';
import { completeColumns, evaluateGiven, type GivenColumns, readGiven } from './given-columns.ts';
import { noMarks, type RecordMarks } from './record-marks.ts';
import { StreamWriter, type Written } from './stream-writer.ts';

/** Where the rows of an insert come from. */
export type RowsSource =
  | { readonly kind: 'values'; readonly tuples: readonly (readonly Expression[])[] }
  /** `maxBlockBytes`: data that is larger goes block by block, each validated whole. */
  | { readonly kind: 'text'; readonly format: string; readonly data: Buffer; readonly maxBlockBytes: number };

/** Formats whose rows are lines, so that data can be cut between them. */
const lineFormats: ReadonlySet<string> = new Set(['JSONEachRow', 'JSONStringsEachRow', 'JSONCompactEachRow', 'TabSeparated']);

/**
 * Stores rows in a stream; resolves when they are durable. Everything of a block is validated before its first byte is written.
 * @throws {MillraceError} PLAN_*, DATA_*, KAFKA_*; where earlier blocks are in already, the message says how many rows
 */
export async function insertRows(
  name: string,
  named: readonly Identifier[],
  source: RowsSource,
  context: PlanContext,
  services: Services,
  marks: RecordMarks = noMarks,
): Promise<Written> {
  const stream = streamToInsert(name, services);
  const defaults = defaultsFor(stream, context);
  const places = insertColumns(stream, named, defaults, context);
  const writer = new StreamWriter(stream, defaults, context, services, marks);
  let written: Written = { rows: 0, batches: 0 };
  for (const given of blocks(source, places, named.length > 0, defaults, context)) {
    try {
      const { rows, batches } = await writer.write(completeColumns(given(), defaults));
      written = { rows: written.rows + rows, batches: written.batches + batches };
    } catch (failure) {
      throw written.rows === 0 ? failure : partly(failure, written.rows);
    }
  }
  services.metrics.countIngested(name, written.rows);
  return written;
}

/** @throws {MillraceError} PLAN_STREAM_UNKNOWN; NOT_SUPPORTED for a view */
export function streamToInsert(name: string, { catalog }: Services): StreamDefinition {
  const kind = catalog.kindOf(name);
  if (kind === 'stream') return catalog.stream(name)!;
  if (kind !== undefined) throw new MillraceError('NOT_SUPPORTED', `${name} is a ${kind}, rows go into streams`);
  throw unknownName(name, catalog.names(), 'stream');
}

function* blocks(
  source: RowsSource,
  places: readonly number[],
  isListed: boolean,
  defaults: StreamDefaults,
  context: PlanContext,
): Generator<() => GivenColumns> {
  if (source.kind === 'values') return yield () => evaluateGiven(source.tuples, places, defaults, context);
  const { format, data, maxBlockBytes } = source;
  const isCut = lineFormats.has(formatInfo(format).name);
  for (let start = 0; start < data.length || start === 0; ) {
    const end = isCut ? blockEnd(data, start, maxBlockBytes) : data.length;
    const block = data.subarray(start, end);
    yield () => readGiven(format, block, places, isListed, defaults, context.timezone);
    start = Math.max(end, 1);
  }
}

/** Behind the last line end within the block, or behind the first one where a single line is larger. */
function blockEnd(data: Buffer, start: number, maxBytes: number): number {
  if (data.length - start <= maxBytes) return data.length;
  const last = data.lastIndexOf(10, start + maxBytes - 1);
  const end = last > start ? last : data.indexOf(10, start + maxBytes);
  return end < 0 ? data.length : end + 1;
}

function partly(failure: unknown, rows: number): unknown {
  if (!(failure instanceof MillraceError)) return failure;
  const { code, message, position, source, details, cause } = failure;
  const hint = `the ${rows} rows before this block are in; raise max_insert_block to have all or nothing`;
  return new MillraceError(code, message, { position, source, details: { ...details, rowsStored: rows }, cause, hint });
}
