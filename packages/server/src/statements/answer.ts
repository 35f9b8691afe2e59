import { type Chunk, columnOf, type DataType, fromText, type Schema, type Value } from '@millrace/data';
import { createResultEncoder, type EncodeOptions, type ResultStatistics } from '@millrace/formats';

/** In what an answer is written. */
export interface OutputFormat {
  readonly format: string;
  readonly options: EncodeOptions;
}

/** Takes the bytes of an answer, one call at a time. */
export interface ByteSink {
  /** Called once, before any bytes, as soon as it is fixed where the query starts. */
  start(): Promise<void> | void;
  /** Resolves when there is room for more. */
  write(bytes: Buffer): Promise<void> | void;
}

/** What a statement answers with. */
export interface Answer {
  readonly schema: Schema;
  /** False for a query that goes on until it is ended. */
  readonly bounded: boolean;
  /** The format that the statement itself names, or null. */
  readonly format: string | null;
  /** What the statement has stored. */
  readonly written?: { readonly rows: number; readonly batches: number };
  /**
   * Writes the whole answer; resolves when there is no more. Called once.
   * @param signal ends it early; then it rejects
   */
  run(output: OutputFormat, sink: ByteSink, signal: AbortSignal): Promise<ResultStatistics>;
}

/** Rows that are there already. */
export function fixedRows(schema: Schema, rows: readonly (readonly Value[])[]): Answer {
  return readRows(schema, async function* () {
    if (rows.length > 0) yield rows;
  });
}

/** Rows that are read while the answer is written, some at a time, none of them empty. */
export function readRows(schema: Schema, read: (signal: AbortSignal) => AsyncIterable<readonly (readonly Value[])[]>): Answer {
  return {
    schema,
    bounded: true,
    format: null,
    async run({ format, options }, sink, signal) {
      const encoder = createResultEncoder(format, schema, options);
      let count = 0;
      await sink.start();
      await sink.write(encoder.start());
      for await (const rows of read(signal)) {
        count += rows.length;
        await sink.write(encoder.encode(chunkOf(schema, rows)));
      }
      const statistics = { rows: count, elapsedMs: 0, rowsRead: count, bytesRead: 0 };
      await sink.write(encoder.end(statistics));
      return statistics;
    },
  };
}

/** Rows as columns. */
export function chunkOf(schema: Schema, rows: readonly (readonly Value[])[]): Chunk {
  const columns = schema.map(({ type }, i) =>
    columnOf(
      type,
      rows.map((row) => row[i]!),
    ),
  );
  return { rowCount: rows.length, columns };
}

const text: DataType = { kind: 'string' };

/** {@link fixedRows} of texts, given as JavaScript strings. */
export function textRows(names: readonly string[], rows: readonly (readonly string[])[]): Answer {
  const schema = names.map((name) => ({ name, type: text }));
  return fixedRows(
    schema,
    rows.map((row) => row.map(fromText)),
  );
}

/** The answer of statements that have none: empty, in every format. */
export const noAnswer: Answer = {
  schema: [],
  bounded: true,
  format: 'Null',
  async run(_output, sink) {
    await sink.start();
    return { rows: 0, elapsedMs: 0, rowsRead: 0, bytesRead: 0 };
  },
};

/** Takes bytes and keeps none. */
export const discard: ByteSink = { start() {}, write() {} };
