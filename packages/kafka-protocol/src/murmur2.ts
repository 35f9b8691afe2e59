const seed = 0x9747b28c | 0;
const multiplier = 0x5bd1e995;
const shift = 24;

/** The 32-bit murmur2 hash (signed) of `bytes[start … end)`, as Kafka's Java client computes it. */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start;
  let hash = seed ^ length;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    k = Math.imul(k, multiplier);
    k ^= k >>> shift;
    hash = Math.imul(hash, multiplier) ^ Math.imul(k, multiplier);
  }
  const rest = end - at;
  if (rest >= 3) hash ^= bytes[at + 2]! << 16;
  if (rest >= 2) hash ^= bytes[at + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ bytes[at]!, multiplier);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return hash ^ (hash >>> 15);
}

/** The partition that Kafka's default partitioner gives a record with this key. */
export function partitionForKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitions;
}
