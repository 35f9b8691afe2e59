import { type Column, isNullAt, valueKey } from '@millrace/data';
import { murmur2 } from '@millrace/kafka-protocol';

const lane = new Float64Array(1);
const halves = new Int32Array(lane.buffer);
const bytesOfNull = 0x5bd1_e995;

/**
 * The part of the groups, from 0 to `partCount` − 1, that each row belongs to. Rows of one group are in one part, now and ever after:
 * the state of a view lies where this says. Without keys there is one group.
 */
export function keyGroups(keys: readonly Column[], rowCount: number, partCount: number): Int32Array {
  const parts = new Int32Array(rowCount);
  if (keys.length === 0) return parts;
  for (const key of keys) mixIn(key, parts, rowCount);
  for (let row = 0; row < rowCount; row++) parts[row] = (finished(parts[row]!) >>> 0) % partCount;
  return parts;
}

function mixIn(key: Column, hashes: Int32Array, rowCount: number): void {
  for (let row = 0; row < rowCount; row++) {
    const hash = isNullAt(key, row) ? bytesOfNull : hashAt(key, row);
    hashes[row] = Math.imul(hashes[row]! ^ hash, 0x85eb_ca6b) + 0x27d4_eb2f;
  }
}

function hashAt(key: Column, row: number): number {
  switch (key.kind) {
    case 'string':
      return murmur2(key.bytes, key.starts[row]!, key.ends[row]!);
    case 'number':
      // −0 is 0, and one NaN like another.
      lane[0] = Number.isNaN(key.values[row]) ? Number.NaN : key.values[row]! + 0;
      return mixed(halves[0]!, halves[1]!);
    case 'bigint': {
      const { buffer, byteOffset } = key.values;
      const [low, high] = new Int32Array(buffer, byteOffset + row * 8, 2);
      return mixed(low!, high!);
    }
    case 'value': {
      const text = Buffer.from(String(valueKey(key.values[row]!)));
      return murmur2(text, 0, text.length);
    }
  }
}

function mixed(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, 0x9e37_79b1), 0xc2b2_ae35);
}

/** Spreads what differs in few bits over all of them. */
function finished(hash: number): number {
  let bits = hash ^ (hash >>> 16);
  bits = Math.imul(bits, 0x85eb_ca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2_ae35);
  return bits ^ (bits >>> 16);
}
