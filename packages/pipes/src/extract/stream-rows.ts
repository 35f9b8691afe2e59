import type { StreamDefinition } from '@millrace/catalog';
import { assert, type Clock, type Random } from '@millrace/core';
import { type Chunk, type Schema, temporalToMs, valueReader } from '@millrace/data';
import * as formats from '@millrace/formats';
import type { RecordSpans } from '@millrace/kafka-protocol';
import { eventTimeColumnOf, planQuery } from '@millrace/planner';
import { compileProjection, type Projection, RecordRows, RowFailure, takeRows } from '@millrace/runtime';
import { parseQuery } from '@millrace/sql';

/** What decoding uses of its surroundings. */
export interface DecodeContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly timezone: string;
}

/** Rows of a stream, and from which record each comes. */
export interface StreamChunk {
  readonly chunk: Chunk;
  /** The record of each row, by its place in the spans; null = row i is from record i. */
  readonly records: Int32Array | null;
  /** Event time of each row, milliseconds. */
  readonly times: Float64Array;
}

const eventTime = '_tp_time';

/** Decodes the records of a stream into all its columns and, where it is not among them, `_tp_time` behind them. */
export class StreamRows {
  readonly schema: Schema;
  readonly #rows: RecordRows;
  readonly #project: Projection | null;
  readonly #timeIndex: number;
  readonly #timezone: string;

  /** @throws {MillraceError} PLAN_* if a DEFAULT of the stream cannot be bound */
  constructor(definition: StreamDefinition, { clock, random, timezone }: DecodeContext) {
    const names = definition.columns.map(({ name }) => name);
    const selected = names.includes(eventTime) ? names : [...names, eventTime];
    const source = `SELECT ${selected.map(quoted).join(', ')} FROM ${quoted(definition.name)}`;
    const catalog = { stream: () => definition, view: () => undefined, names: () => [definition.name] };
    const { root, schema } = planQuery(parseQuery(source), { catalog, clock, timezone, settings: {}, source });
    const scan = root.node === 'project' ? root.input : root;
    assert(scan.node === 'scan', `the columns of "${definition.name}" come from its records alone`);
    this.schema = schema;
    this.#rows = new RecordRows(scan, formats.createRecordDecoder, timezone);
    this.#project = root.node === 'project' ? compileProjection(root.expressions, { clock, random, timezone }) : null;
    // A declared column may be NULL where the record's own time counts; what is behind the declared ones never is.
    this.#timeIndex = selected.indexOf(
      names.includes(eventTime) ? (eventTimeColumnOf(definition.columns, definition.eventTimeColumn) ?? eventTime) : eventTime,
    );
    this.#timezone = timezone;
  }

  /**
   * Decodes records that all have values. The rows share the records' bytes, and nothing else with what is decoded next.
   * @param onRefused is told of each record that has no row, in any order
   */
  decode(spans: RecordSpans, partition: number, onRefused: (record: number, reason: string) => void): StreamChunk {
    const { chunk, records } = this.#rows.decode(spans, partition, onRefused);
    const isWhole = chunk.rowCount === spans.count;
    const projected = this.#projected(chunk, isWhole ? null : records.slice(0, chunk.rowCount), onRefused);
    return { ...projected, times: this.#timesOf(projected, spans) };
  }

  /** A record whose DEFAULT cannot be computed has no row. */
  #projected(decoded: Chunk, records: Int32Array | null, onRefused: (record: number, reason: string) => void): Omit<StreamChunk, 'times'> {
    if (this.#project === null) return { chunk: decoded, records };
    try {
      return { chunk: { rowCount: decoded.rowCount, columns: this.#project(decoded) }, records };
    } catch (failure) {
      if (!(failure instanceof RowFailure)) throw failure;
      const of = (row: number) => records?.[row] ?? row;
      onRefused(of(failure.row), failure.message);
      const kept = Int32Array.from({ length: decoded.rowCount - 1 }, (_, i) => (i < failure.row ? i : i + 1));
      return this.#projected(takeRows(decoded, kept, kept.length), kept.map(of), onRefused);
    }
  }

  #timesOf({ chunk, records }: Omit<StreamChunk, 'times'>, spans: RecordSpans): Float64Array {
    const { type } = this.schema[this.#timeIndex]!;
    const column = chunk.columns[this.#timeIndex]!;
    if (type.kind === 'datetime64' && type.precision === 3 && column.kind === 'number') return column.values;
    const read = valueReader(column, type);
    const times = new Float64Array(chunk.rowCount);
    for (let row = 0; row < chunk.rowCount; row++) {
      const value = read(row);
      times[row] = value === null ? spans.timestamps[records?.[row] ?? row]! : temporalToMs(value as number | bigint, type, this.#timezone);
    }
    return times;
  }
}

function quoted(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
  const escaped = name.replace(/[\x00-\x1f\\]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped.replaceAll('"', '""')}"`;
}
