import { FakeClock, SeededRandom, silentLogger } from '@millrace/core';
import { type Chunk, type DataType, type Schema, type Value, valueAt } from '@millrace/data';
import * as formats from '@millrace/formats';
import type { Argument } from '@millrace/functions';
import { aggregateFunction, scalarFunction } from '@millrace/functions';
import type { PlanAggregate, PlanExpression, PlanNode, QueryPlan, ScanNode, WatermarkPlan, WindowPlan } from '@millrace/planner';
import type { Sink } from '../src/sinks/sink.ts';
import { Task } from '../src/task/task.ts';
import { FakeKafka } from './fake-kafka.ts';

export const int32: DataType = { kind: 'int32' };
export const int64: DataType = { kind: 'int64' };
export const float64: DataType = { kind: 'float64' };
export const string: DataType = { kind: 'string' };
export const bool: DataType = { kind: 'bool' };
export const time: DataType = { kind: 'datetime64', precision: 3, zone: 'UTC' };
export const nullable = (inner: DataType): DataType => ({ kind: 'nullable', inner });

export const column = (index: number, type: DataType): PlanExpression => ({ kind: 'column', index, type });
export const constant = (type: DataType, value: Value): PlanExpression => ({ kind: 'constant', type, value });

function argumentOf(expression: PlanExpression): Argument {
  return expression.kind === 'constant' ? { type: expression.type, constant: { value: expression.value } } : { type: expression.type };
}

/** A call with the casts that the resolved function asks for. */
export function call(name: string, ...args: PlanExpression[]): PlanExpression {
  const resolvedFrom = args.map(argumentOf);
  const resolved = scalarFunction(name)!.resolve(resolvedFrom);
  const isNullable = resolved.nulls === 'propagate' && args.some(({ type }) => type.kind === 'nullable');
  const cast = args.map((argument, i) => castTo(argument, resolved.argumentTypes[i]!, resolved.nulls === 'propagate'));
  return { kind: 'call', type: isNullable ? nullable(resolved.returns) : resolved.returns, function: name, arguments: cast, resolvedFrom };
}

function castTo(argument: PlanExpression, to: DataType, keepsNullable: boolean): PlanExpression {
  const target = keepsNullable && argument.type.kind === 'nullable' && to.kind !== 'nullable' ? nullable(to) : to;
  return JSON.stringify(target) === JSON.stringify(argument.type) ? argument : { kind: 'cast', type: target, operand: argument };
}

export function aggregate(name: string, ...args: PlanExpression[]): PlanAggregate {
  const resolvedFrom = args.map(argumentOf);
  const resolved = aggregateFunction(name)!.resolve(resolvedFrom, []);
  return {
    function: name,
    type: resolved.returns,
    parameters: [],
    arguments: args.map((argument, i) => castTo(argument, resolved.argumentTypes[i]!, true)),
    resolvedFrom,
  };
}

/** k string, v int32, t datetime64(3): the stream of most tests; its topic has its name. */
export const fields: Schema = [
  { name: 'k', type: string },
  { name: 'v', type: int32 },
  { name: 't', type: time },
];

export interface ScanOptions extends Partial<Pick<ScanNode, 'start' | 'bounded' | 'batchPerChunk'>> {
  readonly watermark?: Partial<WatermarkPlan>;
}

export function scan(options: ScanOptions = {}): ScanNode {
  const { watermark, ...rest } = options;
  return {
    node: 'scan',
    schema: fields,
    stream: 's',
    topic: 's',
    format: 'JSONEachRow',
    columns: [
      { from: 'value', name: 'k', type: string, fallback: { kind: 'value', value: '' } },
      { from: 'value', name: 'v', type: int32, fallback: { kind: 'value', value: 0 } },
      { from: 'value', name: 't', type: time, fallback: { kind: 'null' } },
    ],
    start: { at: 'earliest' },
    bounded: false,
    watermark:
      watermark === undefined ? null : { time: column(2, time), delayMs: 0, idleTimeoutMs: 5000, maxFutureSkewMs: null, ...watermark },
    batchPerChunk: false,
    ...rest,
  };
}

export function windowOf(kind: 'tumble' | 'hop', slideMs: number, sizeMs: number, zone = 'UTC'): WindowPlan {
  return {
    kind,
    time: column(2, time),
    slide: { amount: slideMs, unit: 'millisecond' },
    size: { amount: sizeMs, unit: 'millisecond' },
    zone,
    boundType: time,
  };
}

export function planOf(root: PlanNode, bounded = false): QueryPlan {
  return { root, schema: root.schema, bounded, notices: [], streams: ['s'], timezone: 'UTC' };
}

/** Rows as plain values, chunk by chunk. */
export class CollectingSink implements Sink {
  readonly chunks: Value[][][] = [];
  rowsOut = 0;
  isFinished = false;
  readonly #schema: Schema;
  /** Resolves when there is room; undefined means always. */
  room: Promise<void> | undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  get rows(): Value[][] {
    return this.chunks.flat();
  }

  /** Takes away what has come so far. */
  take(): Value[][] {
    return this.chunks.splice(0).flat();
  }

  start(): void {}

  chunk(chunk: Chunk): void {
    this.rowsOut += chunk.rowCount;
    this.chunks.push(rowsOf(chunk, this.#schema));
  }

  ready(): Promise<void> | undefined {
    return this.room;
  }

  async finish(): Promise<void> {
    this.isFinished = true;
  }

  async close(): Promise<void> {}
}

export function rowsOf(chunk: Chunk, schema: Schema): Value[][] {
  return Array.from({ length: chunk.rowCount }, (_, row) => schema.map(({ type }, i) => valueAt(chunk.columns[i]!, type, row)));
}

/** A query over a fake cluster, on a clock that moves when told. */
export class Run {
  readonly clock = new FakeClock(Date.UTC(2026, 0, 1));
  readonly kafka: FakeKafka;
  readonly sink: CollectingSink;
  readonly task: Task;
  readonly warnings: [object, string][] = [];
  readonly done: Promise<void>;
  error: unknown;
  isReady = false;

  constructor(plan: QueryPlan, kafka: FakeKafka, { memoryBytes = 64 * 1024 * 1024 } = {}) {
    this.kafka = kafka;
    this.sink = new CollectingSink(plan.schema);
    const { clock } = this;
    const logger = { ...silentLogger, warn: (details: object, message: string) => void this.warnings.push([details, message]) };
    const kernels = { clock, random: new SeededRandom(1), timezone: 'UTC' };
    this.task = new Task({ queryId: 'q', plan, memoryBytes }, { kafka, formats, kernels, clock, logger }, this.sink);
    this.done = this.task
      .run(() => {
        this.isReady = true;
      })
      .catch((error: unknown) => {
        this.error = error;
      });
  }

  /** Lets everything run that can without the clock. */
  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves the clock and lets everything run. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  async cancel(): Promise<void> {
    this.task.cancel(new Error('stopped'));
    await this.done;
  }
}

/** A record of the stream `s`. */
export function record(k: string, v: number, t: number): { readonly value: string; readonly timestampMs: number } {
  return { value: JSON.stringify({ k, v, t }), timestampMs: t };
}

export function newKafka(partitions = 1, random?: SeededRandom): FakeKafka {
  const kafka = new FakeKafka(random);
  kafka.createTopic('s', partitions);
  return kafka;
}
