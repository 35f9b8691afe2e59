import { BinaryReader, type BinaryWriter, type Chunk, damaged, readColumn, type Schema, writeColumn } from '@millrace/data';

/** What the first byte of an exchanged record says that it is. */
const kinds = { rows: 1, marks: 2 } as const;
/** Rows that are processed once more count for no partition. */
const noSource = 0xffff_ffff;

/** How far a partition of the source has come in event time. */
export interface SourceMark {
  readonly partition: number;
  /** ms; −Infinity before the first row. */
  readonly watermarkMs: number;
  readonly isIdle: boolean;
}

/** Rows of one partition of the source. */
export interface ExchangedRows {
  readonly kind: 'rows';
  /** Null: it is not known, or does not matter. */
  readonly source: number | null;
  readonly chunk: Chunk;
  /** No row of the chunk that they were a part of is earlier (event time); NaN without windows. */
  readonly minTimeMs: number;
}

export interface ExchangedMarks {
  readonly kind: 'marks';
  /** So many partitions the source has. */
  readonly sourceCount: number;
  readonly marks: readonly SourceMark[];
}

/** Writes rows from … to − 1 of a chunk, which come from one partition. */
export function writeRows(
  out: BinaryWriter,
  { schema, source, chunk, minTimeMs }: Omit<ExchangedRows, 'kind'> & { readonly schema: Schema },
  from: number,
  to: number,
): void {
  out.uint8(kinds.rows);
  out.uint32(source ?? noSource);
  out.float64(chunk.lateBeforeMs ?? Number.NaN);
  out.float64(minTimeMs);
  out.count(to - from);
  for (const [index, column] of chunk.columns.entries()) writeColumn(out, column, schema[index]!.type, from, to);
}

export function writeMarks(out: BinaryWriter, { sourceCount, marks }: Omit<ExchangedMarks, 'kind'>): void {
  out.uint8(kinds.marks);
  out.uint32(sourceCount);
  out.count(marks.length);
  for (const { partition, watermarkMs, isIdle } of marks) {
    out.uint32(partition);
    out.float64(watermarkMs);
    out.uint8(Number(isIdle));
  }
}

/** @returns with columns that are spans over the bytes @throws {MillraceError} STATE_INVALID for what no view has written */
export function readExchanged(bytes: Buffer, schema: Schema): ExchangedRows | ExchangedMarks {
  const from = new BinaryReader(bytes);
  const kind = from.uint8();
  if (kind !== kinds.rows && kind !== kinds.marks) throw damaged(`an exchanged record of the kind ${kind}`);
  const read = kind === kinds.rows ? readRows(from, schema) : readMarks(from);
  from.end();
  return read;
}

function readRows(from: BinaryReader, schema: Schema): ExchangedRows {
  const source = from.uint32();
  const lateBeforeMs = from.float64();
  const minTimeMs = from.float64();
  const rowCount = from.count();
  const columns = schema.map(({ type }) => readColumn(from, type, rowCount));
  const chunk = Number.isNaN(lateBeforeMs) ? { rowCount, columns } : { rowCount, columns, lateBeforeMs };
  return { kind: 'rows', source: source === noSource ? null : source, chunk, minTimeMs };
}

function readMarks(from: BinaryReader): ExchangedMarks {
  const sourceCount = from.uint32();
  const marks = Array.from({ length: from.countOf(13) }, () => ({
    partition: from.uint32(),
    watermarkMs: from.float64(),
    isIdle: from.uint8() !== 0,
  }));
  return { kind: 'marks', sourceCount, marks };
}
