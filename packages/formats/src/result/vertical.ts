import type { Chunk, Schema } from '@millrace/data';
import type { RowWriter } from '../write/row-writer.ts';
import { plain, textCellWriter } from '../write/text-cells.ts';
import { displayWidth } from './display-width.ts';

/** A row as a block of lines `name: value`, names in one column. */
export function verticalRow(schema: Schema, timezone: string): RowWriter {
  const width = Math.max(0, ...schema.map(({ name }) => displayWidth(name)));
  const writers = schema.map(({ type }) => textCellWriter(type, plain, timezone));
  let rowNumber = 0;
  return (out, chunk: Chunk, row) => {
    const title = `Row ${++rowNumber}:`;
    out.utf8(`${title}\n${'─'.repeat(title.length)}\n`);
    for (let i = 0; i < writers.length; i++) {
      const { name } = schema[i]!;
      out.utf8(`${name}:${' '.repeat(width - displayWidth(name) + 1)}`);
      writers[i]!(out, chunk.columns[i]!, row);
      out.byte(10);
    }
  };
}
