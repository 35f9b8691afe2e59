import type { ColumnReader } from '../events.ts';
import type { Column, Row, Value } from '../values.ts';
import { ticksPerMs } from './time-type.ts';

/** A column over rows in memory. */
export class MemoryColumn implements ColumnReader {
  readonly name: string;
  readonly type: string;
  readonly #values: readonly Value[];
  #lane: ColumnReader['lane'] | null = null;

  constructor({ name, type }: Column, rows: readonly Row[]) {
    this.name = name;
    this.type = type;
    this.#values = rows.map((row) => row[name] ?? null);
  }

  get lane(): ColumnReader['lane'] {
    if (this.#lane === null) this.#lane = laneOf(this.type, this.#values);
    return this.#lane;
  }

  value(row: number): Value {
    return this.#values[row] ?? null;
  }

  isNull(row: number): boolean {
    return this.value(row) === null;
  }

  bytes(row: number): Uint8Array | undefined {
    const value = this.value(row);
    return typeof value === 'string' ? new TextEncoder().encode(value) : undefined;
  }
}

function laneOf(type: string, values: readonly Value[]): ColumnReader['lane'] {
  const bare = type.replace(/^nullable\((.*)\)$/, '$1');
  if (values.some((value) => typeof value === 'bigint')) {
    const bigints = values.map((value) => (typeof value === 'bigint' ? value : 0n));
    return bare === 'uint64' ? BigUint64Array.from(bigints) : BigInt64Array.from(bigints);
  }
  const isNumeric = values.every((value) => value === null || typeof value === 'number' || typeof value === 'boolean');
  if (!isNumeric || values.length === 0) return undefined;
  const scale = ticksPerMs(bare);
  return Float64Array.from(values, (value) => Number(value ?? 0) * scale);
}
