import type { ColumnReader, DeleteEvent, Origin, RowsEvent } from '../events.ts';
import type { Column, Row } from '../values.ts';
import { inferColumns } from './infer-columns.ts';
import { MemoryColumn } from './memory-column.ts';
import { rowJson } from './row-json.ts';

/** What a test may say of the records that the rows come from. */
export interface RowsOptions {
  /** Without it types follow from the values: `float64`, `int64` (of bigint), `bool`, `string`, `array(…)`, `map(…)`, nullable where there is a null. */
  readonly columns?: readonly Column[];
  /** Record keys, text or bytes; null without it. */
  readonly keys?: readonly (Uint8Array | string | null)[];
  /** Event times, milliseconds since the epoch; 0, 1, 2 … seconds without it. */
  readonly times?: readonly number[];
  /** Topic of the rows; the stream's name without it. */
  readonly topic?: string;
  /** 0 without it. */
  readonly partition?: number;
  /** Offset of the first row; 0 without it. */
  readonly offset?: number;
  readonly isHistorical?: boolean;
}

/** Rows of a stream as plugins receive them, held in memory. */
export function rowsEvent<R extends Row>(stream: string, rows: readonly R[], options: RowsOptions = {}): RowsEvent<R> {
  return new MemoryRows(stream, rows, options);
}

/** What a deletion may say besides its key. */
export type DeleteOptions = Pick<RowsOptions, 'topic' | 'partition' | 'offset' | 'isHistorical'> & { readonly time?: number };

/** A record without a value, as plugins receive it. */
export function deleteEvent(stream: string, key: Uint8Array | string | null, options: DeleteOptions = {}): DeleteEvent {
  const { topic = stream, partition = 0, offset = 0, isHistorical = false, time = 0 } = options;
  return { kind: 'delete', stream, key: keyBytes(key), time, origin: { topic, partition, offset }, isHistorical };
}

class MemoryRows<R extends Row> implements RowsEvent<R> {
  readonly kind = 'rows';
  readonly stream: string;
  readonly columns: readonly Column[];
  readonly rows: readonly R[];
  readonly isHistorical: boolean;
  readonly #options: RowsOptions;
  readonly #readers = new Map<string, MemoryColumn>();

  constructor(stream: string, rows: readonly R[], options: RowsOptions) {
    this.stream = stream;
    this.rows = Object.freeze([...rows]);
    this.columns = Object.freeze([...(options.columns ?? inferColumns(rows))]);
    this.isHistorical = options.isHistorical ?? false;
    this.#options = options;
  }

  get rowCount(): number {
    return this.rows.length;
  }

  row(index: number): R {
    return this.rows[this.#checked(index)]!;
  }

  column(name: string): ColumnReader {
    let reader = this.#readers.get(name);
    if (reader === undefined) {
      const column = this.columns.find((candidate) => candidate.name === name);
      const names = this.columns.map((candidate) => candidate.name).join(', ');
      if (column === undefined) throw new RangeError(`the stream ${this.stream} has no column ${name}: it has ${names}`);
      this.#readers.set(name, (reader = new MemoryColumn(column, this.rows)));
    }
    return reader;
  }

  key(index: number): Uint8Array | null {
    return keyBytes(this.#options.keys?.[this.#checked(index)] ?? null);
  }

  time(index: number): number {
    return this.#options.times?.[this.#checked(index)] ?? this.origin(index).offset * 1000;
  }

  origin(index: number): Origin {
    const { topic = this.stream, partition = 0, offset = 0 } = this.#options;
    return { topic, partition, offset: offset + this.#checked(index) };
  }

  json(index: number): string {
    return rowJson(this.columns, this.row(index));
  }

  #checked(index: number): number {
    if (index in this.rows) return index;
    throw new RangeError(`there is no row ${index}: the event has ${this.rowCount}, from 0 on`);
  }
}

function keyBytes(key: Uint8Array | string | null): Uint8Array | null {
  return typeof key === 'string' ? new TextEncoder().encode(key) : key;
}
