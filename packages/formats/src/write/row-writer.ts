import type { Chunk, Schema } from '@millrace/data';
import type { EncodeOptions } from '../ports.ts';
import type { CellWriter } from './cell-writer.ts';
import { jsonCellWriter } from './json-cells.ts';
import { writeJsonText } from './json-text.ts';
import { OutputBuffer } from './output-buffer.ts';
import { type TextDialect, textCellWriter } from './text-cells.ts';

/** Writes one row of a chunk, without line end. */
export type RowWriter = (out: OutputBuffer, chunk: Chunk, row: number) => void;

/** `{"a":1,"b":"x"}`. */
export function jsonObjectRow(
  schema: Schema,
  options: EncodeOptions,
  cell: (type: Schema[number]['type'], options: EncodeOptions) => CellWriter = jsonCellWriter,
): RowWriter {
  const writers = schema.map(({ type }) => cell(type, options));
  const keys = schema.map(({ name }, i) => Buffer.from(`${i === 0 ? '{' : ','}${jsonText(name)}:`, 'latin1'));
  return (out, chunk, row) => {
    if (keys.length === 0) out.byte(123);
    for (let i = 0; i < keys.length; i++) {
      out.copy(keys[i]!, 0, keys[i]!.length);
      writers[i]!(out, chunk.columns[i]!, row);
    }
    out.byte(125);
  };
}

/** `[1,"x"]`. */
export function jsonArrayRow(schema: Schema, options: EncodeOptions): RowWriter {
  const writers = schema.map(({ type }) => jsonCellWriter(type, options));
  return (out, chunk, row) => {
    out.byte(91);
    for (let i = 0; i < writers.length; i++) {
      if (i > 0) out.byte(44);
      writers[i]!(out, chunk.columns[i]!, row);
    }
    out.byte(93);
  };
}

/** Cells with a separator between them. */
export function textRow(schema: Schema, dialect: TextDialect, separator: number, timezone: string): RowWriter {
  const writers = schema.map(({ type }) => textCellWriter(type, dialect, timezone));
  return (out, chunk, row) => {
    for (let i = 0; i < writers.length; i++) {
      if (i > 0) out.byte(separator);
      writers[i]!(out, chunk.columns[i]!, row);
    }
  };
}

/** A text as a JSON string, one char a byte. */
function jsonText(text: string): string {
  const out = new OutputBuffer(text.length * 2 + 16);
  const bytes = Buffer.from(text);
  writeJsonText(out, bytes, 0, bytes.length);
  return out.take().toString('latin1');
}
