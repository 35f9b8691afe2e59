import { type Chunk, type Column, createComparator, type DataType, removeNullable, valueReader } from '@millrace/data';
import type { KernelContext } from '@millrace/functions';
import type { SortKey } from '@millrace/planner';
import { compareSpans } from '../expression/byte-compare.ts';
import { compileProjection, type Projection } from '../expression/compile-projection.ts';

/** Compares two rows of the chunk at hand. */
type RowComparator = (a: number, b: number) => number;

/** Orders the rows of chunks by keys. NULL stands first or last as the key says, whichever the direction, and nan beside it. */
export class RowOrder {
  readonly #keys: readonly SortKey[];
  readonly #project: Projection;

  constructor(keys: readonly SortKey[], context: KernelContext) {
    this.#keys = keys;
    this.#project = compileProjection(
      keys.map(({ expression }) => expression),
      context,
    );
  }

  /** The rows of the chunk in order; equal ones as they came. */
  sorted(chunk: Chunk): Int32Array {
    const columns = this.#project(chunk);
    const comparators = this.#keys.map((key, i) => comparatorOf(columns[i]!, key));
    const rows = new Int32Array(chunk.rowCount);
    for (let row = 0; row < rows.length; row++) rows[row] = row;
    return rows.sort((a, b) => {
      for (const compare of comparators) {
        const order = compare(a, b);
        if (order !== 0) return order;
      }
      return a - b;
    });
  }
}

function comparatorOf(column: Column, { expression: { type }, descending, nullsFirst }: SortKey): RowComparator {
  const compare = plainComparator(column, removeNullable(type));
  const directed: RowComparator = descending ? (a, b) => -compare(a, b) : compare;
  const rank = rankOf(column);
  if (rank === null) return directed;
  const sign = nullsFirst ? -1 : 1;
  return (a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left > 0 || right > 0 ? sign * (left - right) : directed(a, b);
  };
}

/** 0 for a value, 1 for nan, 2 for NULL; null where neither can be. */
function rankOf(column: Column): ((row: number) => number) | null {
  if (column.kind === 'value') return (row) => (column.values[row] === null ? 2 : 0);
  const { nulls } = column;
  if (column.kind === 'number') {
    const { values } = column;
    return (row) => (nulls !== null && nulls[row] === 1 ? 2 : Number.isNaN(values[row]) ? 1 : 0);
  }
  return nulls === null ? null : (row) => nulls[row]! * 2;
}

function plainComparator(column: Column, type: DataType): RowComparator {
  if (column.kind === 'number') {
    const { values } = column;
    return (a, b) => values[a]! - values[b]! || 0;
  }
  if (column.kind === 'bigint') {
    const { values } = column;
    return (a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0);
  }
  if (column.kind === 'string' && (type.kind === 'string' || type.kind === 'fixed_string')) {
    const { bytes, starts, ends } = column;
    return (a, b) => compareSpans(bytes, starts[a]!, ends[a]!, bytes, starts[b]!, ends[b]!);
  }
  const [read, compare] = [valueReader(column, type), createComparator(type)];
  return (a, b) => compare(read(a), read(b));
}
