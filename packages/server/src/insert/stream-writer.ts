import type { StreamDefinition } from '@millrace/catalog';
import type { Chunk, Column, NumberColumn, StringColumn } from '@millrace/data';
import { createRecordEncoder } from '@millrace/formats';
import { partitionForKey } from '@millrace/kafka-protocol';
import type { PlanContext, PlanExpression, StreamDefaults } from '@millrace/planner';
import type { Services } from '../statements/services.ts';
import { buildBatches, type RowRecords, totalSizeBytes } from './batches.ts';
import { noMarks, type RecordMarks } from './record-marks.ts';
import { evaluateColumns } from './row-evaluator.ts';
import { planPlacement, type RowPlacement, recordOptions } from './stream-target.ts';

/** What was written. */
export interface Written {
  readonly rows: number;
  /** Record batches: one for each partition, more where a partition's rows did not fit into one. */
  readonly batches: number;
}

/**
 * Writes rows into the topic of a stream, durable when it resolves. All records and batches are made before the first is sent,
 * so that a row that cannot be written refuses the whole request.
 */
export class StreamWriter {
  readonly #stream: StreamDefinition;
  readonly #services: Services;
  readonly #defaults: StreamDefaults;
  readonly #placement: RowPlacement;
  readonly #marks: RecordMarks;

  constructor(stream: StreamDefinition, defaults: StreamDefaults, context: PlanContext, services: Services, marks: RecordMarks = noMarks) {
    this.#stream = stream;
    this.#services = services;
    this.#defaults = defaults;
    this.#placement = planPlacement(stream, context);
    this.#marks = marks;
  }

  /** @param chunk the columns of `defaults.schema` @throws {MillraceError} KAFKA_*, DATA_* */
  async write(chunk: Chunk): Promise<Written> {
    if (chunk.rowCount === 0) return { rows: 0, batches: 0 };
    const records = this.#records(chunk);
    const limitBytes = await this.#services.topicLimits.limitFor(this.#stream.topic, totalSizeBytes(records));
    const { once, headers } = this.#marks;
    const batches = buildBatches(records, limitBytes, once?.mark, headers);
    const written = await once?.begin();
    const missing = batches.filter(({ number }) => written?.has(number) !== true);
    await Promise.all(missing.map(({ partition, bytes }) => this.#services.producer.sendBatch(this.#stream.topic, partition, bytes)));
    return { rows: chunk.rowCount, batches: batches.length };
  }

  #records(chunk: Chunk): RowRecords {
    const { rowCount } = chunk;
    const [time, ...columns] = this.#evaluate([this.#defaults.eventTime, ...this.#defaults.expressions], chunk);
    const declared = { rowCount, columns };
    const encoder = createRecordEncoder(this.#stream.dataFormat, this.#stream.columns, recordOptions(this.#services.timezone));
    const { bytes, starts, ends } = encoder.encode(declared);
    const keys = this.#keys(declared);
    const timestampsMs = this.#timestamps(rowCount, time as NumberColumn);
    return { rowCount, bytes, starts, ends, timestampsMs, keys, partitions: this.#partitions(declared, keys) };
  }

  #evaluate(expressions: readonly PlanExpression[], chunk: Chunk): Column[] {
    const { clock, random, timezone } = this.#services;
    return evaluateColumns(expressions, chunk, { clock, random, timezone });
  }

  /** The record timestamp is the row's event time, as Kafka's own tools expect; where none is given, the clock's. */
  #timestamps(rowCount: number, { values, nulls }: NumberColumn): Float64Array {
    const nowMs = this.#services.clock.now();
    return Float64Array.from({ length: rowCount }, (_, row) => (nulls?.[row] === 1 ? nowMs : values[row]!));
  }

  /** Null for rows whose key is NULL, and for streams without PRIMARY KEY. */
  #keys(declared: Chunk): (Buffer | null)[] | null {
    if (this.#placement.key === null) return null;
    const { bytes, starts, ends, nulls } = this.#evaluate([this.#placement.key], declared)[0] as StringColumn;
    return Array.from({ length: declared.rowCount }, (_, row) => (nulls?.[row] === 1 ? null : bytes.subarray(starts[row], ends[row])));
  }

  /** By sharding_expr; else by the key, as Kafka's own producers do; rows without either go to one partition a request, to each in turn. */
  #partitions(declared: Chunk, keys: readonly (Buffer | null)[] | null): Int32Array {
    const { partitions: count, topic } = this.#stream;
    const partitions = new Int32Array(declared.rowCount);
    const inTurn = this.#marks.once === null ? nextPartition(topic, count) : partitionForKey(this.#marks.once.key, count);
    const sharding = this.#placement.sharding === null ? null : this.#evaluate([this.#placement.sharding], declared)[0]!;
    for (let row = 0; row < declared.rowCount; row++) {
      const key = keys?.[row] ?? null;
      partitions[row] = sharding !== null ? shardOf(sharding, row, count) : key !== null ? partitionForKey(key, count) : inTurn;
    }
    return partitions;
  }
}

/** The value modulo the number of partitions, never negative. */
function shardOf(column: Column, row: number, count: number): number {
  if (column.kind === 'bigint') return Number(((column.values[row]! % BigInt(count)) + BigInt(count)) % BigInt(count));
  return (((column as NumberColumn).values[row]! % count) + count) % count;
}

const turns = new Map<string, number>();

function nextPartition(topic: string, count: number): number {
  const turn = turns.get(topic) ?? 0;
  turns.set(topic, (turn + 1) % 1_000_000);
  return turn % count;
}
