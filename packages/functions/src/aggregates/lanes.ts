import type { Column, Nulls } from '@millrace/data';

type Lane = Float64Array | Int32Array | Uint8Array | BigInt64Array | BigUint64Array;

/** The lane itself if it has room for `count` groups, else a copy at least twice as long. New entries are 0. */
export function withRoom<T extends Lane>(lane: T, count: number): T {
  if (lane.length >= count) return lane;
  const larger = new (lane.constructor as new (length: number) => T)(Math.max(count, lane.length * 2, 16));
  (larger as Float64Array).set(lane as Float64Array);
  return larger;
}

/** 1 where any argument is NULL; null if none is anywhere. */
export function nullMask(args: readonly Column[], rowCount: number): Nulls {
  const masks = args.map((column) => maskOf(column, rowCount)).filter((mask) => mask !== null);
  if (masks.length < 2) return masks[0] ?? null;
  const any = new Uint8Array(rowCount);
  for (const mask of masks) for (let row = 0; row < rowCount; row++) any[row]! |= mask[row]!;
  return any;
}

function maskOf(column: Column, rowCount: number): Nulls {
  if (column.kind !== 'value') return column.nulls;
  if (!column.values.includes(null)) return null;
  return Uint8Array.from({ length: rowCount }, (_, row) => Number(column.values[row] === null));
}

/** Lane values of these groups as a column; `seen`, where given, has 0 for the groups that are NULL. */
export function numberColumn(lane: Float64Array, groups: Int32Array, count: number, seen: Uint8Array | null = null): Column {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = lane[groups[i]!]!;
  return { kind: 'number', values, nulls: unseen(groups, count, seen) };
}

/** Counts (whole doubles of up to 53 bits) of these groups as a uint64 column, half by half: no BigInt is made. */
export function countColumn(lane: Float64Array, groups: Int32Array, count: number): Column {
  const values = new BigUint64Array(count);
  const halves = new Int32Array(values.buffer);
  for (let i = 0; i < count; i++) {
    const value = lane[groups[i]!]!;
    halves[i * 2] = value | 0;
    halves[i * 2 + 1] = Math.floor(value / 4_294_967_296);
  }
  return { kind: 'bigint', values, nulls: null };
}

/** 1 for groups that have seen no row; null if all have, or if `seen` is. */
export function unseen(groups: Int32Array, count: number, seen: Uint8Array | null): Nulls {
  let nulls: Nulls = null;
  if (seen !== null) for (let i = 0; i < count; i++) if (seen[groups[i]!] === 0) (nulls ??= new Uint8Array(count))[i] = 1;
  return nulls;
}
