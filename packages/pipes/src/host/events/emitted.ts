import type { DeleteEvent, Emit, PipeEvent, Row, Column as SdkColumn } from '@millrace/sdk';
import type { EventBatch } from '../../stage/event-batch.ts';
import { BatchRows, sourceOf } from './batch-rows.ts';
import { rowOfDeletion } from './delete-events.ts';
import { pickRows, wholeBatch } from './pick-rows.ts';
import { recordLanes } from './record-lanes.ts';
import { type DeclaredColumns, RowRefused } from './row-columns.ts';
import type { RowEncoder } from './row-encoder.ts';
import { describeValue } from './stored-value.ts';

/** Rows that follow each other and go into one batch. */
type Run =
  | { readonly kind: 'picked'; readonly rows: number[] }
  | { readonly kind: 'made'; readonly rows: Row[]; readonly sources: number[]; readonly columns: DeclaredColumns | undefined }
  | { readonly kind: 'mapped'; readonly rows: readonly Row[]; readonly columns: DeclaredColumns | undefined }
  | { readonly kind: 'batch'; readonly batch: EventBatch }
  | { readonly kind: 'deletions'; readonly events: DeleteEvent[]; readonly sources: number[] };

/**
 * Gathers what a processor makes of a batch. What it hands on as it came is not copied; rows that it makes come from the rows in hand:
 * one by one where there are as many, else from the last.
 */
export class Emitted implements Emit {
  readonly #input: EventBatch;
  readonly #encoder: RowEncoder;
  readonly #runs: Run[] = [];
  #first = 0;
  #count: number;
  #isOpen = true;

  constructor(input: EventBatch, encoder: RowEncoder) {
    this.#input = input;
    this.#encoder = encoder;
    this.#count = input.chunk.rowCount;
  }

  /** From now on rows are made of these rows of the input. */
  handle(first: number, count: number): void {
    this.#first = first;
    this.#count = count;
  }

  rows(rows: readonly Row[], columns?: readonly SdkColumn[], sources?: readonly number[]): void {
    this.#checkOpen('rows');
    if (!Array.isArray(rows)) throw new TypeError(`emit.rows takes an array of rows, not ${describeValue(rows)}`);
    if (sources !== undefined) this.#checkSources(sources, rows.length);
    if (rows.length === 0) return;
    const declared = columns && this.#encoder.declared(columns);
    const last = this.#runs.at(-1);
    const run: Run & { kind: 'made' } =
      last?.kind === 'made' && last.columns === declared ? last : this.#begin({ kind: 'made', rows: [], sources: [], columns: declared });
    const isOneByOne = rows.length === this.#count;
    for (const [i, row] of rows.entries()) {
      run.rows.push(row);
      run.sources.push(this.#first + (sources?.[i] ?? (isOneByOne ? i : this.#count - 1)));
    }
  }

  /** A row for each of the input. */
  mapped(rows: readonly Row[], columns: readonly SdkColumn[] | undefined): void {
    if (rows.length > 0) this.#begin({ kind: 'mapped', rows, columns: columns && this.#encoder.declared(columns) });
  }

  event(event: PipeEvent): void {
    this.#checkOpen('event');
    if (event instanceof BatchRows && event.batch === this.#input) {
      this.pick(event.first, event.rowCount);
      return;
    }
    if (event instanceof BatchRows && event.batch.records === this.#input.records) {
      // Made of these records by a service, as a query is: it says itself where its rows come from.
      this.#begin({ kind: 'batch', batch: wholeBatch(event) });
      return;
    }
    switch (event?.kind) {
      case 'rows':
        this.rows(event.rows, event.columns);
        return;
      case 'delete':
        this.#delete(event);
        return;
      case 'watermark':
      case 'heartbeat':
        // Nobody behind a processor takes them: they are marks of the pipe, not data of it.
        return;
      default:
        throw new TypeError(`emit.event takes an event (kind rows or delete), not ${describeValue(event)}`);
    }
  }

  /** Hands on rows of the input as they came. */
  pick(first: number, count: number): void {
    const last = this.#runs.at(-1);
    const run: Run & { kind: 'picked' } = last?.kind === 'picked' ? last : this.#begin({ kind: 'picked', rows: [] });
    for (let row = first; row < first + count; row++) run.rows.push(row);
  }

  /** The batches, in order; nothing can be emitted afterwards. @throws {RowRefused} with the row of the input that a refused row comes from */
  finish(): EventBatch[] {
    this.#isOpen = false;
    return this.#runs.map((run) => this.#batch(run)).filter(({ chunk }) => chunk.rowCount > 0);
  }

  #begin<R extends Run>(run: R): R {
    this.#runs.push(run);
    return run;
  }

  #delete(event: DeleteEvent): void {
    const own = rowOfDeletion(event, this.#input);
    if (own !== undefined) {
      this.pick(own, 1);
      return;
    }
    if (event.key !== null && !((event.key as unknown) instanceof Uint8Array)) {
      throw new TypeError(`the key of a deletion is bytes or null, not ${describeValue(event.key)}`);
    }
    const last = this.#runs.at(-1);
    const run: Run & { kind: 'deletions' } =
      last?.kind === 'deletions' ? last : this.#begin({ kind: 'deletions', events: [], sources: [] });
    run.events.push(event);
    run.sources.push(this.#first + this.#count - 1);
  }

  #batch(run: Run): EventBatch {
    switch (run.kind) {
      case 'picked':
        return pickRows(this.#input, Int32Array.from(run.rows));
      case 'mapped': {
        const { schema, columns } = this.#encoder.encode(run.rows, run.columns);
        return { ...this.#input, schema, chunk: { rowCount: run.rows.length, columns } };
      }
      case 'batch':
        return run.batch;
      case 'made':
        return this.#made(run);
      case 'deletions':
        return this.#deletions(run);
    }
  }

  #made({ rows, sources, columns }: Run & { kind: 'made' }): EventBatch {
    const input = this.#input;
    try {
      const encoded = this.#encoder.encode(rows, columns);
      const sourceRows = Int32Array.from(sources, (row) => sourceOf(input, row));
      return { ...input, kind: 'rows', schema: encoded.schema, chunk: { rowCount: rows.length, columns: encoded.columns }, sourceRows };
    } catch (error) {
      throw error instanceof RowRefused ? new RowRefused(sources[error.row]!, error.message) : error;
    }
  }

  #deletions({ events, sources }: Run & { kind: 'deletions' }): EventBatch {
    const { offsets } = this.#input.records;
    const records = recordLanes(events.map(({ key, time }, i) => ({ key, time, offset: offsets[sourceOf(this.#input, sources[i]!)]! })));
    return { ...this.#input, kind: 'delete', schema: [], chunk: { rowCount: events.length, columns: [] }, records, sourceRows: null };
  }

  /** Offsets of what comes out of a batch never decrease: so do its sources. */
  #checkSources(sources: readonly number[], length: number): void {
    const isRow = (row: number, i: number) => Number.isInteger(row) && row >= (sources[i - 1] ?? 0) && row < this.#count;
    if (Array.isArray(sources) && sources.length === length && sources.every(isRow)) return;
    const legal = `for each of the ${length} rows the number of one of the event, from 0 to ${this.#count - 1}, never going back`;
    throw new TypeError(`the sources are ${legal}, not ${describeValue(sources)}`);
  }

  #checkOpen(what: string): void {
    if (!this.#isOpen) throw new Error(`emit.${what} was called after the hook had ended: await what it waits for`);
  }
}
