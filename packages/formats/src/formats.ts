import { MillraceError, nearest } from '@millrace/core';
import { formatDataType, isStringLike, type Schema } from '@millrace/data';
import { JsonRecordDecoder } from './json/json-record-decoder.ts';
import type {
  DecodeColumn,
  DecodeOptions,
  EncodeOptions,
  FormatInfo,
  RecordDecoder,
  RecordEncoder,
  ResultEncoder,
  TextReader,
} from './ports.ts';
import { jsonDocumentFrame } from './result/json-document.ts';
import { nullEncoder } from './result/null-encoder.ts';
import { PrettyCompactEncoder } from './result/pretty-compact.ts';
import { RowRecordEncoder } from './result/record-encoder.ts';
import { exceptionBlock, exceptionLine, type RowFrame, RowResultEncoder } from './result/row-result-encoder.ts';
import { verticalRow } from './result/vertical.ts';
import { JsonArrays } from './text/json-arrays.ts';
import { JsonObjects } from './text/json-objects.ts';
import { LineRecordDecoder } from './text/line-record-decoder.ts';
import { Lines } from './text/lines.ts';
import { RawRecordDecoder } from './text/raw-record-decoder.ts';
import { RawText } from './text/raw-text.ts';
import { type RowSource, WholeTextReader } from './text/row-reader.ts';
import { splitCsvLine } from './text/split-csv.ts';
import { splitTsvLine } from './text/split-tsv.ts';
import { ValuesText } from './text/values.ts';
import { jsonStringCellWriter } from './write/json-cells.ts';
import { jsonArrayRow, jsonObjectRow, type RowWriter, textRow } from './write/row-writer.ts';
import { csv, plain, sqlValues, type TextDialect, tsv } from './write/text-cells.ts';

const comma = 44;
const tab = 9;

/** One format: what the server says of it, and what reads and writes it where it can be read and written so. */
interface Format extends FormatInfo {
  readonly aliases?: readonly string[];
  readonly decoder?: (columns: readonly DecodeColumn[], options: DecodeOptions) => RecordDecoder;
  readonly record?: (schema: Schema, options: EncodeOptions) => RowWriter;
  readonly rows?: (columns: readonly DecodeColumn[], options: DecodeOptions) => RowSource;
  readonly result?: (schema: Schema, options: EncodeOptions) => ResultEncoder;
}

/** A format whose capabilities are those of what it is made of. */
function format(
  name: string,
  contentType: string,
  parts: Omit<Format, keyof FormatInfo> & { readonly needsWholeResult?: boolean },
): Format {
  const { needsWholeResult = false, ...made } = parts;
  return { ...made, name, contentType, needsWholeResult, input: made.rows !== undefined, output: made.result !== undefined };
}

const ndjsonType = 'application/x-ndjson; charset=UTF-8';
const jsonType = 'application/json; charset=UTF-8';
const csvType = 'text/csv; charset=UTF-8';
const tsvType = 'text/tab-separated-values; charset=UTF-8';
const plainType = 'text/plain; charset=UTF-8';

/** Lines of JSON. */
const ndjson: RowFrame = { contentType: ndjsonType, start: '', betweenRows: '', afterRow: '\n', end: () => '', exception: exceptionLine };

/** Lines of CSV or TSV, with one header line (names) or two (names, types). */
function lineFormat(
  name: string,
  contentType: string,
  headerLines: 0 | 1 | 2,
  dialect: TextDialect,
  separator: number,
  aliases: string[],
): Format {
  const split = dialect === csv ? splitCsvLine : splitTsvLine;
  return format(name, contentType, {
    aliases,
    rows: (columns, options) => new Lines(split, columns, options, headerLines),
    result: (schema, options) =>
      new RowResultEncoder(textRow(schema, dialect, separator, options.timezone), {
        contentType: `${contentType}${headerLines > 0 ? '; header=present' : ''}`,
        start: header(schema, dialect, separator, headerLines),
        betweenRows: '',
        afterRow: '\n',
        end: () => '',
        exception: exceptionBlock,
      }),
    ...(headerLines === 0 && {
      decoder: (columns, options) => new LineRecordDecoder(split, columns, options),
      record: (schema, options) => textRow(schema, dialect, separator, options.timezone),
    }),
  });
}

function header(schema: Schema, dialect: TextDialect, separator: number, lines: 0 | 1 | 2): string {
  const texts = [schema.map(({ name }) => name), schema.map(({ type }) => formatDataType(type))].slice(0, lines);
  const cell = (text: string) =>
    dialect === csv ? `"${text.replaceAll('"', '""')}"` : text.replace(/[\\\t\n]/g, (c) => ({ '\t': '\\t', '\n': '\\n' })[c] ?? '\\\\');
  return texts.map((cells) => `${cells.map(cell).join(String.fromCharCode(separator))}\n`).join('');
}

function jsonArrayHeader(schema: Schema): string {
  return `${JSON.stringify(schema.map(({ name }) => name))}\n${JSON.stringify(schema.map(({ type }) => formatDataType(type)))}\n`;
}

const formats: readonly Format[] = [
  format('JSONEachRow', ndjsonType, {
    aliases: ['NDJSON', 'JSONLines'],
    decoder: (columns, options) => new JsonRecordDecoder(columns, options),
    record: (schema, options) => jsonObjectRow(schema, options),
    rows: (columns, options) => new JsonObjects(columns, options),
    result: (schema, options) => new RowResultEncoder(jsonObjectRow(schema, options), ndjson),
  }),
  format('JSONStringsEachRow', ndjsonType, {
    rows: (columns, options) => new JsonObjects(columns, options),
    result: (schema, options) => new RowResultEncoder(jsonObjectRow(schema, options, jsonStringCellWriter), ndjson),
  }),
  format('JSONCompactEachRow', ndjsonType, {
    rows: (columns, options) => new JsonArrays(columns, options, 0),
    result: (schema, options) => new RowResultEncoder(jsonArrayRow(schema, options), ndjson),
  }),
  format('JSONCompactEachRowWithNamesAndTypes', ndjsonType, {
    rows: (columns, options) => new JsonArrays(columns, options, 2),
    result: (schema, options) => new RowResultEncoder(jsonArrayRow(schema, options), { ...ndjson, start: jsonArrayHeader(schema) }),
  }),
  format('JSON', jsonType, {
    needsWholeResult: true,
    result: (schema, options) => new RowResultEncoder(jsonObjectRow(schema, options), jsonDocumentFrame(schema, jsonType)),
  }),
  format('JSONCompact', jsonType, {
    needsWholeResult: true,
    result: (schema, options) => new RowResultEncoder(jsonArrayRow(schema, options), jsonDocumentFrame(schema, jsonType)),
  }),
  lineFormat('CSV', csvType, 0, csv, comma, []),
  lineFormat('CSVWithNames', csvType, 1, csv, comma, []),
  lineFormat('TabSeparated', tsvType, 0, tsv, tab, ['TSV']),
  lineFormat('TabSeparatedWithNames', tsvType, 1, tsv, tab, ['TSVWithNames']),
  lineFormat('TabSeparatedWithNamesAndTypes', tsvType, 2, tsv, tab, ['TSVWithNamesAndTypes']),
  format('Values', plainType, {
    rows: (columns, options) => new ValuesText(columns, options),
    result: (schema, options) => {
      const row = textRow(schema, sqlValues, comma, options.timezone);
      const tuple: RowWriter = (out, chunk, i) => {
        out.byte(40);
        row(out, chunk, i);
        out.byte(41);
      };
      return new RowResultEncoder(tuple, {
        contentType: plainType,
        start: '',
        betweenRows: ',',
        afterRow: '',
        end: () => '',
        exception: exceptionBlock,
      });
    },
  }),
  format('Vertical', plainType, {
    result: (schema, options) =>
      new RowResultEncoder(verticalRow(schema, options.timezone), {
        contentType: plainType,
        start: '',
        betweenRows: '\n',
        afterRow: '',
        end: () => '',
        exception: exceptionBlock,
      }),
  }),
  format('PrettyCompact', plainType, { result: (schema, options) => new PrettyCompactEncoder(schema, options.timezone) }),
  format('RawBLOB', 'application/octet-stream', {
    decoder: (columns, options) => new RawRecordDecoder(columns, options),
    record: rawRow,
    rows: (columns, options) => new RawText(columns, options),
    result: (schema, options) =>
      new RowResultEncoder(rawRow(schema, options), {
        contentType: 'application/octet-stream',
        start: '',
        betweenRows: '',
        afterRow: '',
        end: () => '',
        exception: exceptionBlock,
      }),
  }),
  format('Null', plainType, { result: () => nullEncoder }),
];

function rawRow(schema: Schema, { timezone }: EncodeOptions): RowWriter {
  if (schema.length !== 1 || !isStringLike(schema[0]!.type)) {
    throw new MillraceError('PLAN_ARGUMENT_INVALID', 'the format RawBLOB takes one column of type string');
  }
  return textRow(schema, plain, comma, timezone);
}

const byName = new Map(
  formats.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])].map((name) => [name.toLowerCase(), entry] as const)),
);

/** Canonical names of all formats, without aliases. */
export const formatNames: readonly string[] = formats.map(({ name }) => name);

/** Case-insensitive, with aliases (`TSV` = `TabSeparated`). @throws {MillraceError} PLAN_FORMAT_UNKNOWN with the nearest name. */
export function formatInfo(name: string): FormatInfo {
  return find(name);
}

function find(name: string): Format {
  const found = byName.get(name.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(name, [...formatNames, ...byName.keys()]);
  const hint = near === undefined ? `formats are ${formatNames.join(', ')}` : `did you mean ${byName.get(near.toLowerCase())!.name}?`;
  throw new MillraceError('PLAN_FORMAT_UNKNOWN', `unknown format ${JSON.stringify(name)}`, { hint });
}

function usable<K extends 'decoder' | 'record' | 'rows' | 'result'>(name: string, part: K, use: string): NonNullable<Format[K]> {
  const found = find(name)[part];
  if (found !== undefined) return found;
  const able = formats.filter((entry) => entry[part] !== undefined).map((entry) => entry.name);
  throw new MillraceError('PLAN_FORMAT_UNKNOWN', `the format ${find(name).name} cannot ${use}`, { hint: `these can: ${able.join(', ')}` });
}

/**
 * The decoder for records of a topic.
 * @throws {MillraceError} PLAN_FORMAT_UNKNOWN if there is no such format or it is none for records.
 */
export function createRecordDecoder(name: string, columns: readonly DecodeColumn[], options: DecodeOptions): RecordDecoder {
  return usable(name, 'decoder', 'be the format of a stream')(columns, options);
}

/** The encoder for records of a topic. @throws {MillraceError} as {@link createRecordDecoder}. */
export function createRecordEncoder(name: string, schema: Schema, options: EncodeOptions): RecordEncoder {
  return new RowRecordEncoder(usable(name, 'record', 'be the format of a stream')(schema, options));
}

/** The reader for bodies of INSERT and ingest. @throws {MillraceError} PLAN_FORMAT_UNKNOWN if the format cannot be read. */
export function createTextReader(name: string, columns: readonly DecodeColumn[], options: DecodeOptions): TextReader {
  return new WholeTextReader(find(name).name, usable(name, 'rows', 'be read')(columns, options));
}

/** The encoder for results. @throws {MillraceError} PLAN_FORMAT_UNKNOWN if the format cannot be written. */
export function createResultEncoder(name: string, schema: Schema, options: EncodeOptions): ResultEncoder {
  return usable(name, 'result', 'be written')(schema, options);
}
