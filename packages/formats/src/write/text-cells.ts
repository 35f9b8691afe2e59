import { type DataType, quoteText, removeNullable } from '@millrace/data';
import { type CellWriter, compositeTextWriter, type ScalarStyle, scalarWriter, type TextWriter, withNull } from './cell-writer.ts';

/** How a text format writes values. */
export interface TextDialect {
  readonly text: TextWriter;
  /** Around dates and times. */
  readonly quote: number | null;
  readonly nullWord: string;
}

/** A string as it is. */
const writePlain: TextWriter = (out, bytes, start, end) => out.copy(bytes, start, end);

const tsvEscapes: Readonly<Record<number, number>> = { 0: 48, 8: 98, 9: 116, 10: 110, 12: 102, 13: 114, 39: 39, 92: 92 };

const writeTsvText: TextWriter = (out, bytes, start, end) => {
  out.reserve((end - start) * 2);
  for (let i = start; i < end; i++) {
    const c = bytes[i]!;
    const mark = c < 40 || c === 92 ? tsvEscapes[c] : undefined;
    if (mark !== undefined) out.byte(92);
    out.byte(mark ?? c);
  }
};

const writeCsvText: TextWriter = (out, bytes, start, end) => {
  out.reserve((end - start) * 2 + 2);
  out.byte(34);
  for (let i = start; i < end; i++) {
    if (bytes[i] === 34) out.byte(34);
    out.byte(bytes[i]!);
  }
  out.byte(34);
};

const writeSqlText: TextWriter = (out, bytes, start, end) => out.latin1(quoteText(bytes.toString('latin1', start, end)));

export const tsv: TextDialect = { text: writeTsvText, quote: null, nullWord: '\\N' };
export const csv: TextDialect = { text: writeCsvText, quote: 34, nullWord: '\\N' };
export const sqlValues: TextDialect = { text: writeSqlText, quote: 39, nullWord: 'NULL' };
export const plain: TextDialect = { text: writePlain, quote: null, nullWord: 'NULL' };

const denormal = (value: number) => (Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf');

/** The writer of a column's values in a text format. */
export function textCellWriter(type: DataType, dialect: TextDialect, timezone: string): CellWriter {
  const inner = removeNullable(type);
  const style: ScalarStyle = { timezone, text: dialect.text, quote: dialect.quote, quote64BitIntegers: false, denormal };
  // SQL shows composites as literals, which need no quotes of their own.
  const composite = dialect === sqlValues ? { ...style, text: writePlain } : style;
  return withNull(scalarWriter(inner, style) ?? compositeTextWriter(inner, composite), dialect.nullWord);
}
