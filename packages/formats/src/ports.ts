import type { Chunk, Column, DataType, Schema, Value } from '@millrace/data';

/** A column to decode, by the name it has in the record. */
export interface DecodeColumn {
  readonly name: string;
  readonly type: DataType;
  /**
   * What stands in for a field that is missing or null: a value; NULL (the column then has nulls whatever its type: a later
   * projection puts a DEFAULT expression there); or nothing: the record is undecodable.
   */
  readonly fallback: { readonly kind: 'value'; readonly value: Value } | { readonly kind: 'null' } | { readonly kind: 'refuse' };
}

export interface DecodeOptions {
  /** Stands where a date-time type or text names no zone. */
  readonly timezone: string;
  /**
   * All fields of a record in order, for formats that go by place (CSV, TSV); columns that are not asked for are passed over.
   * Without it the columns asked for are all there are.
   */
  readonly fields?: readonly string[];
}

/**
 * Decodes records into columns, reading only the columns in use. Made once for a query (it compiles itself for the
 * schema) and used for every record: `begin`, `append` …, `finish`, and again.
 */
export interface RecordDecoder {
  /** The bytes that the spans of the next appends point into; string columns may share them. Only between `finish` and the first `append`. */
  begin(bytes: Buffer): void;
  /** Takes the record value `bytes[start … end)`. False if it cannot be decoded: then nothing was appended and `failure` says why. */
  append(start: number, end: number): boolean;
  readonly failure: DecodeFailure;
  readonly rowCount: number;
  /** The decoded columns, in the order asked for, each with at least `rowCount` rows; the decoder then starts anew. */
  finish(): Column[];
}

/** Why a record or row could not be decoded; `at` is the byte in the record, `column` the column where known. */
export interface DecodeFailure {
  readonly message: string;
  readonly column: string | null;
  readonly at: number;
}

/** The values of rows as bytes: row i is `bytes[starts[i] … ends[i])`. */
export interface EncodedRows {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Encodes rows as record values of a topic (no line ends). */
export interface RecordEncoder {
  encode(chunk: Chunk): EncodedRows;
}

/**
 * Reads the rows of an INSERT or ingest body. Whole text in, columns out.
 * @throws {MillraceError} DATA_UNDECODABLE with row number (from 1), column, and the reason: nothing of the text is to be stored then.
 */
export interface TextReader {
  read(text: Buffer): Chunk;
}

export interface EncodeOptions {
  readonly timezone: string;
  /** `output_format_json_quote_64bit_integers`, default true. */
  readonly quote64BitIntegers: boolean;
  /** `output_format_json_quote_denormals`, default false: nan and inf are null. */
  readonly quoteDenormals: boolean;
}

/** Figures that some formats print at the end. */
export interface ResultStatistics {
  readonly rows: number;
  readonly elapsedMs: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

/** Encodes the result of a query, chunk by chunk. */
export interface ResultEncoder {
  readonly contentType: string;
  /** What stands before the first row (names, types, an opening bracket); sent as soon as the query is positioned. May be empty. */
  start(): Buffer;
  encode(chunk: Chunk): Buffer;
  /** What stands after the last row. May be empty. */
  end(statistics: ResultStatistics): Buffer;
  /** What tells the client of an error after rows were sent: a last `{"exception": …}` line or an `__exception__` block. */
  exception(text: string): Buffer;
}

export interface FormatInfo {
  readonly name: string;
  readonly input: boolean;
  readonly output: boolean;
  /** True for formats that can only be written once all rows are known: refused for unbounded queries. */
  readonly needsWholeResult: boolean;
  readonly contentType: string;
}

export interface Formats {
  /** Case-insensitive, with aliases (`TSV` = `TabSeparated`). @throws {MillraceError} PLAN_FORMAT_UNKNOWN with the nearest name. */
  formatInfo(name: string): FormatInfo;
  createRecordDecoder(format: string, columns: readonly DecodeColumn[], options: DecodeOptions): RecordDecoder;
  createRecordEncoder(format: string, schema: Schema, options: EncodeOptions): RecordEncoder;
  createTextReader(format: string, columns: readonly DecodeColumn[], options: DecodeOptions): TextReader;
  createResultEncoder(format: string, schema: Schema, options: EncodeOptions): ResultEncoder;
}
