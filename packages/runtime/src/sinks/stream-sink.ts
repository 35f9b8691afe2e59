import { type Clock, MillraceError } from '@millrace/core';
import { type Chunk, type Column, isNullAt, type StringColumn } from '@millrace/data';
import type { RecordEncoder } from '@millrace/formats';
import type { KernelContext } from '@millrace/functions';
import type { Producer } from '@millrace/kafka-client';
import { murmur2 } from '@millrace/kafka-protocol';
import type { PlanExpression } from '@millrace/planner';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';
import type { Sink } from './sink.ts';

/** How rows become records of a topic. Expressions are over the columns of the query's result. */
export interface StreamTarget {
  readonly topic: string;
  /** The columns that are encoded as the record's value, by their places in the result; null = all. */
  readonly valueColumns: readonly number[] | null;
  /** A row's event time in ms: the record's timestamp; null = the time of writing. */
  readonly time: PlanExpression | null;
  /** The record's key, a string; null = none. */
  readonly key: PlanExpression | null;
  /** A number whose remainder by the number of partitions says the partition; null: by the key as Kafka does, else round robin. */
  readonly sharding: PlanExpression | null;
}

const flushIntervalMs = 1000;

/** What the sink writes with. */
export type RecordWriter = Pick<Producer, 'appendSpans' | 'flush' | 'close'>;

/** Writes rows as records: acknowledged before the query counts as finished. */
export class StreamSink implements Sink {
  readonly #target: StreamTarget;
  readonly #encoder: RecordEncoder;
  readonly #producer: RecordWriter;
  readonly #countPartitions: () => Promise<number>;
  readonly #clock: Clock;
  readonly #project: Projection;
  #partitionCount = 1;
  #nextPartition = 0;
  #waiting: Promise<void> | undefined;
  #flushedMs: number;
  rowsOut = 0;

  constructor(
    target: StreamTarget,
    encoder: RecordEncoder,
    producer: RecordWriter,
    countPartitions: () => Promise<number>,
    context: KernelContext,
  ) {
    this.#target = target;
    this.#encoder = encoder;
    this.#producer = producer;
    this.#countPartitions = countPartitions;
    this.#clock = context.clock;
    this.#flushedMs = context.clock.monotonic();
    const { time, key, sharding } = target;
    this.#project = compileProjection(
      [time, key, sharding].filter((expression) => expression !== null),
      context,
    );
  }

  async start(): Promise<void> {
    this.#partitionCount = await this.#countPartitions();
  }

  chunk(chunk: Chunk): void {
    const { topic, valueColumns } = this.#target;
    const values = this.#encoder.encode(valueColumns === null ? chunk : { ...chunk, columns: valueColumns.map((i) => chunk.columns[i]!) });
    const { time, key, sharding } = this.#derived(chunk);
    const nowMs = this.#clock.now();
    // Rows without a key of their own stay together: a chunk goes to one partition.
    const roundRobin = this.#nextPartition++ % this.#partitionCount;
    for (let row = 0; row < chunk.rowCount; row++) {
      const hasKey = key !== null && !isNullAt(key, row);
      const partition = sharding !== null ? this.#shardOf(sharding, row) : hasKey ? this.#partitionOfKey(key, row) : roundRobin;
      const room = this.#producer.appendSpans(
        topic,
        partition,
        time === null || isNullAt(time, row) ? nowMs : Math.floor(time.values[row]!),
        hasKey ? key.bytes : noBytes,
        hasKey ? key.starts[row]! : -1,
        hasKey ? key.ends[row]! : -1,
        values.bytes,
        values.starts[row]!,
        values.ends[row]!,
      );
      if (room) this.#waiting = room;
    }
    this.rowsOut += chunk.rowCount;
  }

  ready(): Promise<void> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#flushedMs < flushIntervalMs) return waiting;
    // Failures show at a flush: without it a query that never ends would not notice any.
    this.#flushedMs = nowMs;
    return this.#producer.flush();
  }

  async finish(): Promise<void> {
    await this.#producer.flush();
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }

  #derived(chunk: Chunk) {
    const columns = this.#project(chunk);
    let next = 0;
    const take = (expression: PlanExpression | null) => (expression === null ? null : columns[next++]!);
    return {
      time: take(this.#target.time) as Extract<Column, { kind: 'number' }> | null,
      key: take(this.#target.key) as StringColumn | null,
      sharding: take(this.#target.sharding),
    };
  }

  #partitionOfKey({ bytes, starts, ends }: StringColumn, row: number): number {
    return (murmur2(bytes, starts[row]!, ends[row]!) & 0x7fff_ffff) % this.#partitionCount;
  }

  #shardOf(column: Column, row: number): number {
    if (isNullAt(column, row) || (column.kind !== 'number' && column.kind !== 'bigint'))
      throw new MillraceError('PLAN_ARGUMENT_INVALID', 'the sharding expression must give an integer for every row');
    const value = column.values[row]!;
    const remainder = typeof value === 'bigint' ? Number(value % BigInt(this.#partitionCount)) : Math.trunc(value) % this.#partitionCount;
    return remainder < 0 ? remainder + this.#partitionCount : remainder;
  }
}

const noBytes = Buffer.alloc(0);
