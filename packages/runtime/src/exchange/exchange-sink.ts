import type { Clock } from '@millrace/core';
import { BinaryWriter, type Chunk, type Column, type Schema } from '@millrace/data';
import type { KernelContext } from '@millrace/functions';
import type { TopicPartition } from '@millrace/kafka-client';
import type { PlanExpression } from '@millrace/planner';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';
import { takeRows } from '../operators/take-rows.ts';
import type { Sink } from '../sinks/sink.ts';
import type { RecordWriter } from '../sinks/stream-sink.ts';
import { type SourceMark, writeMarks, writeRows } from './exchange-format.ts';
import { keyGroups } from './key-groups.ts';

/** Where rows change hands on their way to their groups. Plain data. */
export interface ExchangeRequest {
  readonly kind: 'exchange';
  readonly topic: string;
  /** Of the topic: into so many parts the groups are divided. */
  readonly partitions: number;
  /** Says the group of a row, over the columns of the rows. */
  readonly keys: readonly PlanExpression[];
  readonly schema: Schema;
  /** The event time of windows, among the columns; null without windows. */
  readonly timeColumn: number | null;
  /** Rows of this topic are handed on without the partition that they come from: it holds what is processed once more. */
  readonly replayTopic: string | null;
}

/** Sends rows to the part of the groups that they belong to, many in a record. */
export class ExchangeSink implements Sink {
  readonly #request: ExchangeRequest;
  readonly #writer: Pick<RecordWriter, 'appendSpans'>;
  readonly #clock: Clock;
  readonly #keys: Projection;
  readonly #out = new BinaryWriter();
  /** By partition of the source: what was told last. */
  readonly #told = new Map<number, string>();
  #waiting: Promise<void> | undefined;
  rowsOut = 0;

  /** @param writer makes what it is given part of the transaction at hand */
  constructor(request: ExchangeRequest, writer: Pick<RecordWriter, 'appendSpans'>, kernels: KernelContext) {
    this.#request = request;
    this.#writer = writer;
    this.#clock = kernels.clock;
    this.#keys = compileProjection(request.keys, kernels);
  }

  start(): void {}

  chunk(chunk: Chunk, from: TopicPartition | null): void {
    const { partitions, schema, timeColumn, replayTopic } = this.#request;
    const source = from === null || from.topic === replayTopic ? null : from.partition;
    const parts = keyGroups(this.#keys(chunk), chunk.rowCount, partitions);
    const { rows, ends } = byPart(parts, chunk.rowCount, partitions);
    const sorted = takeRows(chunk, rows, chunk.rowCount);
    const minTimeMs = timeColumn === null ? Number.NaN : earliest(chunk.columns[timeColumn]!, chunk.rowCount);
    for (let part = 0, start = 0; part < partitions; part++) {
      const end = ends[part]!;
      if (end > start) {
        this.#out.rewind();
        writeRows(this.#out, { schema, source, chunk: sorted, minTimeMs }, start, end);
        this.#append(part);
      }
      start = end;
    }
    this.rowsOut += chunk.rowCount;
  }

  /** Tells all parts how far the source has come, where that has changed. Called when the transaction is about to end. */
  tell(marks: readonly SourceMark[], sourceCount: number): void {
    const changed = marks.filter((mark) => {
      const text = `${mark.watermarkMs} ${mark.isIdle} ${sourceCount}`;
      if (this.#told.get(mark.partition) === text) return false;
      this.#told.set(mark.partition, text);
      return true;
    });
    if (changed.length === 0) return;
    this.#out.rewind();
    writeMarks(this.#out, { sourceCount, marks: changed });
    for (let part = 0; part < this.#request.partitions; part++) this.#append(part);
  }

  ready(): Promise<void> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  async finish(): Promise<void> {}

  async close(): Promise<void> {}

  #append(part: number): void {
    const bytes = this.#out.written();
    const room = this.#writer.appendSpans(this.#request.topic, part, this.#clock.now(), bytes, -1, -1, bytes, 0, bytes.length);
    if (room) this.#waiting = room;
  }
}

/** The earliest event time among rows; Infinity if none has any. */
function earliest(times: Column, rowCount: number): number {
  const { values, nulls } = times as Extract<Column, { kind: 'number' }>;
  let min = Number.POSITIVE_INFINITY;
  for (let row = 0; row < rowCount; row++) if ((nulls === null || nulls[row] === 0) && values[row]! < min) min = values[row]!;
  return min;
}

/** The rows in the order of their parts, and where each part ends. */
function byPart(parts: Int32Array, rowCount: number, partCount: number): { readonly rows: Int32Array; readonly ends: Int32Array } {
  const ends = new Int32Array(partCount);
  for (let row = 0; row < rowCount; row++) ends[parts[row]!]!++;
  for (let part = 0, end = 0; part < partCount; part++) {
    const count = ends[part]!;
    ends[part] = end;
    end += count;
  }
  const rows = new Int32Array(rowCount);
  for (let row = 0; row < rowCount; row++) rows[ends[parts[row]!]!++] = row;
  return { rows, ends };
}
