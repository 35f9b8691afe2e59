import type { Schema } from '@millrace/data';
import type { Json, KeyedState, ProcessContext, ProcessorDefinition, Row, Column as SdkColumn } from '@millrace/sdk';
import type { EventBatch } from '../../stage/event-batch.ts';
import type { Processed, ProcessorStage } from '../../stage/stage.ts';
import { BatchRows } from '../events/batch-rows.ts';
import { deleteEvent } from '../events/delete-events.ts';
import { Emitted } from '../events/emitted.ts';
import { RowEncoder } from '../events/row-encoder.ts';
import { rowLayout } from '../events/row-reader.ts';
import { describeValue } from '../events/stored-value.ts';
import { closeOpened, type Opened } from './close-opened.ts';
import { hookError } from './hook-failure.ts';
import { KeyedStates } from './keyed-states.ts';

/** The hooks that do the work, of which a processor has one. */
const levels = ['map', 'filter', 'flatMap', 'process', 'processBatch'] as const;

/** What is kept for an input schema. */
interface Encoding {
  readonly encoder: RowEncoder;
  /** What the hook `columns` has said. */
  readonly columns: readonly SdkColumn[] | undefined;
}

/** A processor that was opened. */
export interface OpenProcessor extends Opened<ProcessorDefinition> {
  readonly pipe: string;
  readonly attributes: unknown;
  readonly timezone: string;
}

/** A processor whose hooks run in this thread. */
export class LocalProcessor implements ProcessorStage {
  /** The hook that does its work. */
  readonly hook: (typeof levels)[number];
  readonly #open: OpenProcessor;
  readonly #states = new KeyedStates();
  readonly #encodings = new WeakMap<Schema, Encoding>();
  #isClosed = false;
  /** The row in hand, for what is thrown. */
  #row: number | undefined;

  constructor(open: OpenProcessor) {
    this.#open = open;
    this.hook = levels.find((level) => open.definition[level] !== undefined)!;
  }

  async process(batch: EventBatch, attempt: number): Promise<Processed> {
    const { pipe, definition, signal, runHook } = this.#open;
    if (batch.kind === 'delete' && definition.process === undefined) return { batches: [batch], stateChanges: new Map() };
    const state = this.#states.begin(batch.topic, batch.partition);
    const context = Object.freeze({ pipe, attempt, state, signal });
    this.#row = undefined;
    try {
      const batches = await runHook(this.hook, () => this.#run(batch, context));
      return { batches, stateChanges: this.#states.changes() };
    } catch (error) {
      this.#states.rollBack();
      throw hookError({ plugin: definition.name, hook: this.hook }, error, this.#row, batch.chunk.rowCount);
    }
  }

  async restore(topic: string, partition: number, state: ReadonlyMap<string, Json>): Promise<void> {
    this.#states.restore(topic, partition, state);
  }

  async rollBack(): Promise<void> {
    this.#states.rollBack();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await closeOpened(this.#open);
  }

  async #run(batch: EventBatch, context: ProcessContext & { readonly state: KeyedState }): Promise<EventBatch[]> {
    const { encoder, columns } = this.#encoding(batch.schema);
    const emitted = new Emitted(batch, encoder);
    switch (this.hook) {
      case 'map':
        emitted.mapped(this.#map(batch, context), columns);
        break;
      case 'filter':
        this.#filter(batch, context, emitted);
        break;
      case 'flatMap':
        this.#flatMap(batch, context, emitted, columns);
        break;
      case 'process':
        await this.#process(batch, context, emitted);
        break;
      case 'processBatch':
        await this.#open.definition.processBatch!(this.#event(batch), emitted, this.#open.resource, context);
    }
    this.#row = undefined;
    return emitted.finish();
  }

  #map(batch: EventBatch, context: ProcessContext): Row[] {
    const { definition, resource } = this.#open;
    const read = rowLayout(batch.schema).rowMaker(batch.chunk.columns, batch.chunk.rowCount);
    const rows = new Array<Row>(batch.chunk.rowCount);
    for (let row = 0; row < rows.length; row++) {
      this.#row = row;
      rows[row] = checkRow(definition.map!(read(row), resource, context), 'map');
    }
    return rows;
  }

  #filter(batch: EventBatch, context: ProcessContext, emitted: Emitted): void {
    const { definition, resource } = this.#open;
    const read = rowLayout(batch.schema).rowMaker(batch.chunk.columns, batch.chunk.rowCount);
    for (let row = 0; row < batch.chunk.rowCount; row++) {
      this.#row = row;
      const passes: unknown = definition.filter!(read(row), resource, context);
      if (passes === true) emitted.pick(row, 1);
      else if (passes !== false) throw new TypeError(`filter gave ${describeValue(passes)}: it gives true or false`);
    }
  }

  #flatMap(batch: EventBatch, context: ProcessContext, emitted: Emitted, columns: readonly SdkColumn[] | undefined): void {
    const { definition, resource } = this.#open;
    const read = rowLayout(batch.schema).rowMaker(batch.chunk.columns, batch.chunk.rowCount);
    for (let row = 0; row < batch.chunk.rowCount; row++) {
      this.#row = row;
      emitted.handle(row, 1);
      const made: unknown = definition.flatMap!(read(row), resource, context);
      if (!isIterable(made)) throw new TypeError(`flatMap gave ${describeValue(made)}: it gives rows that can be gone through`);
      emitted.rows(
        Array.from(made, (each) => checkRow(each, 'flatMap')),
        columns,
      );
    }
  }

  async #process(batch: EventBatch, context: ProcessContext, emitted: Emitted): Promise<void> {
    const { definition, resource, timezone } = this.#open;
    for (let row = 0; row < batch.chunk.rowCount; row++) {
      this.#row = row;
      emitted.handle(row, 1);
      const event = batch.kind === 'delete' ? deleteEvent(batch, row) : new BatchRows(batch, timezone, row, 1);
      const done = definition.process!(event, emitted, resource, context);
      // Most are done at once: a wait for each would cost more than they do.
      if (done !== undefined) await done;
    }
  }

  #event(batch: EventBatch): BatchRows {
    return new BatchRows(batch, this.#open.timezone);
  }

  #encoding(schema: Schema): Encoding {
    let encoding = this.#encodings.get(schema);
    if (encoding === undefined) {
      const { definition, attributes } = this.#open;
      const columns = schema.length === 0 ? undefined : definition.columns?.(rowLayout(schema).columns, attributes);
      this.#encodings.set(schema, (encoding = { encoder: new RowEncoder(schema), columns }));
    }
    return encoding;
  }
}

function checkRow(row: unknown, hook: string): Row {
  if (typeof row === 'object' && row !== null && !Array.isArray(row) && typeof (row as { then?: unknown }).then !== 'function')
    return row as Row;
  throw new TypeError(`${hook} gave ${describeValue(row)}: a row is an object of values by column`);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
