import type { EncodedRows } from '@millrace/formats';
import type { ColumnReader, Origin, Row, RowsEvent } from '@millrace/sdk';
import type { EventBatch } from '../../stage/event-batch.ts';
import { BatchColumn } from './batch-column.ts';
import { jsonLines } from './json-lines.ts';
import { type RowLayout, rowLayout } from './row-reader.ts';

/** The rows of a batch as plugins see them: all of them, or `rowCount` from `first` on. Nothing is copied until it is asked for. */
export class BatchRows implements RowsEvent {
  readonly kind = 'rows';
  readonly batch: EventBatch;
  readonly first: number;
  readonly rowCount: number;
  readonly #layout: RowLayout;
  readonly #timezone: string;
  readonly #columns = new Map<string, BatchColumn>();
  #rows: readonly Row[] | undefined;
  #maker: ((row: number) => Row) | undefined;
  #lines: EncodedRows | undefined;

  constructor(batch: EventBatch, timezone: string, first = 0, rowCount = batch.chunk.rowCount - first) {
    this.batch = batch;
    this.first = first;
    this.rowCount = rowCount;
    this.#layout = rowLayout(batch.schema);
    this.#timezone = timezone;
  }

  get stream(): string {
    return this.batch.stream;
  }

  get columns(): RowsEvent['columns'] {
    return this.#layout.columns;
  }

  get isHistorical(): boolean {
    return this.batch.isHistorical;
  }

  get rows(): readonly Row[] {
    if (this.#rows === undefined) {
      const [make, rows] = [this.#make(), new Array<Row>(this.rowCount)];
      for (let row = 0; row < rows.length; row++) rows[row] = make(this.first + row);
      this.#rows = Object.freeze(rows);
    }
    return this.#rows;
  }

  row(index: number): Row {
    this.#check(index);
    return this.#rows?.[index] ?? this.#make()(this.first + index);
  }

  column(name: string): ColumnReader {
    const known = this.#columns.get(name);
    if (known !== undefined) return known;
    const index = this.#layout.indexes.get(name);
    if (index === undefined) {
      throw new RangeError(`the stream ${this.stream} has no column ${name}: it has ${[...this.#layout.indexes.keys()].join(', ')}`);
    }
    const column = new BatchColumn(name, this.batch.schema[index]!.type, this.batch.chunk.columns[index]!, this.first);
    this.#columns.set(name, column);
    return column;
  }

  key(index: number): Uint8Array | null {
    return recordKey(this.batch, this.#record(index));
  }

  time(index: number): number {
    return this.batch.records.times[this.#record(index)]!;
  }

  origin(index: number): Origin {
    return recordOrigin(this.batch, this.#record(index));
  }

  json(index: number): string {
    this.#check(index);
    this.#lines ??= jsonLines(this.batch, this.#timezone);
    const at = this.first + index;
    return this.#lines.bytes.toString('utf8', this.#lines.starts[at]!, this.#lines.ends[at]!);
  }

  #make(): (row: number) => Row {
    this.#maker ??= this.#layout.rowMaker(this.batch.chunk.columns, this.batch.chunk.rowCount);
    return this.#maker;
  }

  #record(index: number): number {
    this.#check(index);
    return sourceOf(this.batch, this.first + index);
  }

  #check(index: number): void {
    if (!(index >= 0 && index < this.rowCount && Number.isInteger(index))) {
      throw new RangeError(`there is no row ${index}: the event has ${this.rowCount}, from 0 on`);
    }
  }
}

/** The record that a row comes from. */
export function sourceOf({ sourceRows }: EventBatch, row: number): number {
  return sourceRows === null ? row : sourceRows[row]!;
}

export function recordKey({ records: { keys } }: EventBatch, record: number): Uint8Array | null {
  const start = keys.starts[record]!;
  return start < 0 ? null : keys.bytes.subarray(start, keys.ends[record]!);
}

export function recordOrigin({ topic, partition, records }: EventBatch, record: number): Origin {
  return { topic, partition, offset: records.offsets[record]! };
}
