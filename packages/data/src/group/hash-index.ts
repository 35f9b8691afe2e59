/**
 * The bare hash table under the dictionaries: open addressing with linear probing over typed arrays, at most half full.
 * It maps hashes to ids and gives ids out; what an id stands for is its owner's business, who probes {@link slots} itself:
 * from `hash & mask` on, each slot holds id + 1, and 0 ends the search.
 */
export class HashIndex {
  slots = new Int32Array(64);
  mask = 63;
  /** How many ids are in use. */
  size = 0;
  /** One more than the highest id ever given. */
  indexBound = 0;
  /** The hash of each id. */
  hashes = new Int32Array(32);
  #free: number[] = [];

  /** Gives the hash an id: one that was released, else the next. Owners must reload `slots` and `mask` afterwards. */
  add(hash: number): number {
    const id = this.#free.pop() ?? this.indexBound++;
    if (id >= this.hashes.length) this.hashes = grown(this.hashes, id + 1);
    this.hashes[id] = hash;
    this.size += 1;
    if (this.size * 2 > this.slots.length) this.#rebuild(this.slots.length * 2);
    this.#insert(hash, id);
    return id;
  }

  /** Takes an id in use out and closes the gap in its probe sequence. */
  remove(id: number): void {
    const { slots, mask, hashes } = this;
    let gap = hashes[id]! & mask;
    while (slots[gap] !== id + 1) gap = (gap + 1) & mask;
    for (let next = (gap + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = hashes[slots[next]! - 1]! & mask;
      // What lies between gap and next may stay only if its home does too.
      if (((next - home) & mask) < ((next - gap) & mask)) continue;
      slots[gap] = slots[next]!;
      gap = next;
    }
    slots[gap] = 0;
    this.#free.push(id);
    this.size -= 1;
  }

  /** Makes room for so many ids at once. */
  reserve(count: number): void {
    if (count > this.hashes.length) this.hashes = grown(this.hashes, count);
    let slotCount = this.slots.length;
    while (slotCount < count * 2) slotCount *= 2;
    if (slotCount > this.slots.length) this.#rebuild(slotCount);
  }

  clear(): void {
    this.slots = new Int32Array(64);
    this.hashes = new Int32Array(32);
    this.mask = 63;
    this.size = 0;
    this.indexBound = 0;
    this.#free = [];
  }

  get sizeBytes(): number {
    return 4 * (this.slots.length + this.hashes.length) + 8 * this.#free.length;
  }

  #insert(hash: number, id: number): void {
    let slot = hash & this.mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
    this.slots[slot] = id + 1;
  }

  #rebuild(slotCount: number): void {
    const old = this.slots;
    this.slots = new Int32Array(slotCount);
    this.mask = slotCount - 1;
    for (const entry of old) if (entry !== 0) this.#insert(this.hashes[entry - 1]!, entry - 1);
  }
}

/** A copy of at least twice the length with room for `needed`. */
export function grown<T extends Int32Array | Float64Array>(array: T, needed: number): T {
  const larger = new (array.constructor as new (length: number) => T)(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
}

/** Mixes two 32-bit words into a hash whose low bits depend on all of them. @see MurmurHash3, finalizer */
export function hashWords(low: number, high: number): number {
  let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}

/** Hashes bytes, four at a time: a view reads a word at once. */
export function hashBytes(bytes: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ bytes.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ bytes.getUint8(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
