import { type Chunk, type DataType, isNumeric, precisionOf, removeNullable, type Schema } from '@millrace/data';
import type { ResultEncoder } from '../ports.ts';
import type { CellWriter } from '../write/cell-writer.ts';
import { OutputBuffer } from '../write/output-buffer.ts';
import { plain, textCellWriter } from '../write/text-cells.ts';
import { displayWidth } from './display-width.ts';
import { exceptionBlock } from './row-result-encoder.ts';

const controls = /\p{Control}/gu;

/**
 * A table with the names in its upper border. Rows are written as they come: the table stays open from chunk to chunk, and
 * only when a cell does not fit is it closed and begun anew with wider columns.
 */
export class PrettyCompactEncoder implements ResultEncoder {
  readonly contentType = 'text/plain; charset=UTF-8';
  readonly #names: readonly string[];
  readonly #isRight: readonly boolean[];
  readonly #writers: readonly CellWriter[];
  readonly #out = new OutputBuffer();
  #widths: number[];
  #isOpen = false;

  constructor(schema: Schema, timezone: string) {
    this.#names = schema.map(({ name }) => name);
    this.#isRight = schema.map(({ type }) => isNumeric(type));
    this.#writers = schema.map(({ type }) => textCellWriter(type, plain, timezone));
    this.#widths = schema.map(({ name, type }) => Math.max(displayWidth(name), usualWidth(type)));
  }

  start(): Buffer {
    return Buffer.alloc(0);
  }

  encode(chunk: Chunk): Buffer {
    if (chunk.rowCount === 0) return Buffer.alloc(0);
    const rows = Array.from({ length: chunk.rowCount }, (_, row) => this.#texts(chunk, row));
    const lines: string[] = [];
    const widths = this.#widths.map((width, i) => Math.max(width, ...rows.map((row) => displayWidth(row[i]!))));
    if (!this.#isOpen || widths.some((width, i) => width > this.#widths[i]!)) {
      if (this.#isOpen) lines.push(this.#lowerBorder());
      this.#widths = widths;
      this.#isOpen = true;
      lines.push(this.#upperBorder());
    }
    for (const row of rows) lines.push(`│ ${row.map((text, i) => this.#pad(text, i)).join(' │ ')} │`);
    return Buffer.from(`${lines.join('\n')}\n`);
  }

  end(): Buffer {
    if (!this.#isOpen) return Buffer.alloc(0);
    this.#isOpen = false;
    return Buffer.from(`${this.#lowerBorder()}\n`);
  }

  exception(text: string): Buffer {
    return Buffer.concat([this.end(), Buffer.from(exceptionBlock(text))]);
  }

  #texts(chunk: Chunk, row: number): string[] {
    return this.#writers.map((write, i) => {
      write(this.#out, chunk.columns[i]!, row);
      const text = this.#out.bytes.toString('utf8', 0, this.#out.length);
      this.#out.length = 0;
      return text.replace(controls, (char) => JSON.stringify(char).slice(1, -1));
    });
  }

  #pad(text: string, i: number): string {
    const blanks = ' '.repeat(this.#widths[i]! - displayWidth(text));
    return this.#isRight[i] ? blanks + text : text + blanks;
  }

  #upperBorder(): string {
    const cells = this.#names.map((name, i) => {
      const rule = '─'.repeat(this.#widths[i]! - displayWidth(name));
      return this.#isRight[i] ? `─${rule}${name}─` : `─${name}${rule}─`;
    });
    return `┌${cells.join('┬')}┐`;
  }

  #lowerBorder(): string {
    return `└${this.#widths.map((width) => '─'.repeat(width + 2)).join('┴')}┘`;
  }
}

/** So wide the values of a type mostly are: room that spares beginning the table anew. */
function usualWidth(given: DataType): number {
  const type = removeNullable(given);
  switch (type.kind) {
    case 'date':
      return 10;
    case 'datetime':
    case 'datetime64':
      return precisionOf(type) === 0 ? 19 : 20 + precisionOf(type);
    case 'string':
      return 8;
    default:
      return isNumeric(type) ? 6 : 0;
  }
}
