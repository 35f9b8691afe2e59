import type { Json } from '../definitions/plugin-definition.ts';
import type { Emit, KeyedState, ProcessContext, ProcessorDefinition } from '../definitions/processor-definition.ts';
import type { PipeEvent, RowsEvent } from '../events.ts';
import type { Injections } from '../service-token.ts';
import type { Row } from '../values.ts';
import { HeldResource } from './held-resource.ts';
import { inferColumns } from './infer-columns.ts';
import { type RowsOptions, rowsEvent } from './memory-rows.ts';
import { type DriverOptions, prepareStage, type Stage } from './open-stage.ts';
import type { TestServices } from './test-services.ts';

/** Runs a processor as a pipe does. */
export class ProcessorDriver<A, I extends Injections, R, In extends Row> {
  readonly services: TestServices;
  readonly #processor: ProcessorDefinition<A, I, R, In>;
  readonly #stage: Stage<A>;
  readonly #resource: HeldResource<R>;
  #state: ReadonlyMap<string, Json> = new Map();
  #attempt = 1;
  #offset = 0;

  constructor(processor: ProcessorDefinition<A, I, R, In>, options: DriverOptions = {}) {
    this.#processor = processor;
    this.#stage = prepareStage<A>(processor, options);
    this.services = this.#stage.services;
    this.#resource = new HeldResource(
      // The services are those that the definition asks for, by its own tokens.
      (signal) => processor.open(this.#stage.context(signal) as never),
      (resource) => processor.close?.(resource),
    );
  }

  /** What the processor has kept: changes of events that it failed at are not in it. */
  get state(): ReadonlyMap<string, Json> {
    return this.#state;
  }

  /** Rows of a stream in one event. @returns the rows that come out of it */
  async run(rows: readonly In[], options: RowsOptions & { readonly stream?: string } = {}): Promise<readonly Row[]> {
    const event = rowsEvent(options.stream ?? 'test', rows, { offset: this.#offset, ...options });
    this.#offset += rows.length;
    const events = await this.send(event);
    return events.flatMap((emitted) => (emitted.kind === 'rows' ? emitted.rows : []));
  }

  /**
   * One event. @returns what comes out of it, in order
   * @throws what the processor throws: the event was not processed, and what it changed of its state is taken back
   */
  async send(event: PipeEvent<In>): Promise<readonly PipeEvent[]> {
    const resource = await this.#resource.get();
    const draft = new Draft(this.#state);
    const context: ProcessContext = { pipe: 'test', attempt: this.#attempt++, state: draft, signal: this.#resource.signal };
    const emitted = await processEvent(this.#processor, event, resource, context, this.#stage.attributes);
    this.#state = draft.entries();
    this.#attempt = 1;
    return emitted;
  }

  /** As when the server was restarted: only the state stays. */
  async restart(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    await this.#resource.close();
  }
}

/** A driver for a processor: `await processorDriver(upper).run([{ v: 'a' }])`. */
export function processorDriver<A, I extends Injections, R, In extends Row>(
  processor: ProcessorDefinition<A, I, R, In>,
  options?: DriverOptions,
): ProcessorDriver<A, I, R, In> {
  return new ProcessorDriver(processor, options);
}

/** State with changes that may be thrown away. */
class Draft implements KeyedState {
  readonly #entries: Map<string, Json>;

  constructor(entries: ReadonlyMap<string, Json>) {
    this.#entries = new Map(entries);
  }

  get(key: string): Json | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Json): void {
    // What is kept is JSON: a test shall see what would be lost on the way.
    this.#entries.set(key, JSON.parse(JSON.stringify(value)) as Json);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  entries(): ReadonlyMap<string, Json> {
    return this.#entries;
  }
}

async function processEvent<A, I extends Injections, R, In extends Row>(
  processor: ProcessorDefinition<A, I, R, In>,
  event: PipeEvent<In>,
  resource: R,
  context: ProcessContext,
  attributes: A,
): Promise<readonly PipeEvent[]> {
  const emitted: PipeEvent[] = [];
  const emit = emitInto(emitted, event);
  if (event.kind === 'rows') await processRows(processor, event, emitted, resource, context, attributes);
  else if (processor.process !== undefined && event.kind !== 'heartbeat') await processor.process(event, emit, resource, context);
  else emit.event(event);
  return emitted;
}

async function processRows<A, I extends Injections, R, In extends Row>(
  processor: ProcessorDefinition<A, I, R, In>,
  event: RowsEvent<In>,
  emitted: PipeEvent[],
  resource: R,
  context: ProcessContext,
  attributes: A,
): Promise<void> {
  if (processor.processBatch !== undefined) return processor.processBatch(event, emitInto(emitted, event), resource, context);
  const columns = processor.columns?.(event.columns, attributes);
  for (let row = 0; row < event.rowCount; row++) {
    const single = singleRow(event, row);
    const emit = emitInto(emitted, single);
    if (processor.process !== undefined) await processor.process(single, emit, resource, context);
    else if (processor.map !== undefined) emit.rows([processor.map(event.row(row), resource, context)], columns);
    else if (processor.flatMap !== undefined) emit.rows([...processor.flatMap(event.row(row), resource, context)], columns);
    else if (processor.filter?.(event.row(row), resource, context)) emit.event(single);
  }
}

function emitInto(emitted: PipeEvent[], event: PipeEvent): Emit {
  const stream = event.kind === 'heartbeat' ? 'test' : event.stream;
  const known = event.kind === 'rows' ? event.columns : [];
  return {
    rows: (rows, columns, sources) => {
      if (rows.length === 0) return;
      const records = event.kind === 'rows' ? recordsOf(event, rows.length, sources) : {};
      emitted.push(rowsEvent(stream, rows, { ...records, columns: columns ?? inferColumns(rows, known) }));
    },
    event: (other) => void emitted.push(other),
  };
}

/** Keys and times of the rows that others were made of. */
function recordsOf(event: RowsEvent, count: number, sources: readonly number[] | undefined): RowsOptions {
  const last = event.rowCount - 1;
  const rows = sources ?? Array.from({ length: count }, (_, index) => (count === event.rowCount ? index : last));
  return {
    ...event.origin(rows[0]!),
    keys: rows.map((row) => event.key(row)),
    times: rows.map((row) => event.time(row)),
    isHistorical: event.isHistorical,
  };
}

function singleRow<In extends Row>(event: RowsEvent<In>, row: number): RowsEvent<In> {
  return rowsEvent(event.stream, [event.row(row)], {
    ...event.origin(row),
    columns: event.columns,
    keys: [event.key(row)],
    times: [event.time(row)],
    isHistorical: event.isHistorical,
  });
}
