import type { CatalogReader, ColumnDefinition, StreamDefinition } from '@millrace/catalog';
import { MillraceError, positionAt } from '@millrace/core';
import { type Chunk, type DataType, type NumberColumn, parseDataType, type Schema, sameType } from '@millrace/data';
import type { KernelContext } from '@millrace/functions';
import { type PlanContext, planQuery, type QueryPlan } from '@millrace/planner';
import { compileStatelessRows, RowFailure, type StatelessRows } from '@millrace/runtime';
import { BadRecord, type RowsEvent, type Column as SdkColumn, type Sql, type SqlQuery } from '@millrace/sdk';
import { parseExpression, type Query, type Select } from '@millrace/sql';
import { BatchRows, sourceOf } from '../events/batch-rows.ts';
import { wholeBatch } from '../events/pick-rows.ts';
import { rowLayout } from '../events/row-reader.ts';
import { scanChunk } from './scan-chunk.ts';
import { eventSource, parseStatelessSelect } from './stateless-select.ts';

/** Stateless SELECTs over events, by the planner and the operators that queries have. */
export function sqlService(kernels: KernelContext): Sql {
  return Object.freeze({
    check: (select: string) => void parseStatelessSelect(select),
    compile: (select: string, columns: readonly SdkColumn[]): SqlQuery => new EventQuery(select, columns, kernels),
  });
}

/**
 * The number of a row goes through the query in the place of a virtual column that no pipe can fill, as one column more at the end.
 */
const rowNumberName = '_tp_append_time';

class EventQuery implements SqlQuery {
  readonly columns: readonly SdkColumn[];
  readonly #input: Schema;
  readonly #schema: Schema;
  readonly #rows: StatelessRows;
  readonly #timezone: string;

  constructor(select: string, columns: readonly SdkColumn[], kernels: KernelContext) {
    const query = parseStatelessSelect(select);
    this.#input = columns.map(({ name, type }) => ({ name, type: parseDataType(type) }));
    this.#timezone = kernels.timezone;
    const context = planContext(select, this.#input, kernels);
    const plan = planQuery(query, context);
    refuseUnknownToPipes(plan, kernels);
    refuseTwice(plan, select, query);
    this.#schema = plan.schema;
    this.columns = rowLayout(plan.schema).columns;
    this.#rows = compileStatelessRows(planQuery(withRowNumber(query), context).root, kernels);
  }

  run(event: RowsEvent): RowsEvent {
    if (!(event instanceof BatchRows)) throw new TypeError('a query runs over an event of the pipe, not over one made by a plugin');
    const batch = wholeBatch(event);
    this.#checkInput(batch.schema);
    const given = this.#run(scanChunk(this.#rows.scan.columns, batch));
    const numbers = given.columns.at(-1) as NumberColumn;
    const sourceRows = Int32Array.from(numbers.values.subarray(0, given.rowCount), (row) => sourceOf(batch, row));
    const columns = given.columns.slice(0, -1);
    return new BatchRows({ ...batch, schema: this.#schema, chunk: { rowCount: given.rowCount, columns }, sourceRows }, this.#timezone);
  }

  #run(chunk: Chunk): Chunk {
    try {
      return this.#rows.run(chunk);
    } catch (error) {
      if (error instanceof RowFailure) throw new BadRecord(error.row, error.message, { cause: error.cause });
      throw error;
    }
  }

  #checkInput(schema: Schema): void {
    const isSame = schema.length === this.#input.length && schema.every(({ name, type }, i) => isColumn(this.#input[i]!, name, type));
    if (!isSame)
      throw new TypeError('the event has other columns than those that the query was compiled for: compile it for event.columns');
  }
}

function isColumn(column: Schema[number], name: string, type: DataType): boolean {
  return column.name === name && sameType(column.type, type);
}

/** Append time and headers of records do not go through pipes. */
function refuseUnknownToPipes({ root }: QueryPlan, kernels: KernelContext): void {
  const { scan } = compileStatelessRows(root, kernels);
  const unknown = scan.columns.find(({ from }) => from === 'append_time' || from === 'headers');
  if (unknown === undefined) return;
  const name = unknown.from === 'headers' ? '_tp_message_headers' : rowNumberName;
  throw new MillraceError('NOT_SUPPORTED', `events do not carry ${name}: it stays behind in the topic`);
}

function refuseTwice({ schema }: QueryPlan, text: string, query: Query): void {
  const twice = schema.find(({ name }, i) => schema.findIndex((other) => other.name === name) < i);
  if (twice === undefined) return;
  throw new MillraceError('PLAN_QUERY_INCORRECT', `two columns are called ${twice.name}`, {
    source: text,
    position: positionAt(text, query.start, Math.max(1, query.end - query.start)),
    hint: 'give one of them an alias',
  });
}

function withRowNumber(query: Query): Query {
  const [select] = query.selects as [Select];
  const { start, end } = select;
  const alias = { name: '\0row', quoted: false, start, end };
  const item = { expression: parseExpression(rowNumberName), alias, start, end };
  return { ...query, selects: [{ ...select, items: [...select.items, item] }] };
}

function planContext(text: string, schema: Schema, kernels: KernelContext): PlanContext {
  const columns = schema.map(({ name, type }): ColumnDefinition => ({ name, type, default: null, comment: null }));
  const event: StreamDefinition = {
    name: eventSource,
    columns,
    primaryKey: [],
    settings: {},
    eventTimeColumn: null,
    topic: eventSource,
    createdTopic: false,
    topicId: null,
    partitions: 1,
    dataFormat: 'JSONEachRow',
    comment: null,
    createdAtMs: 0,
  };
  const catalog: CatalogReader = {
    stream: (name) => (name === eventSource ? event : undefined),
    view: () => undefined,
    names: () => [eventSource],
  };
  return { catalog, clock: kernels.clock, random: kernels.random, timezone: kernels.timezone, settings: {}, source: text };
}
