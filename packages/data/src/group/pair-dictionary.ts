import { grown, HashIndex, hashWords } from './hash-index.ts';

/** Whose ids a pair is made of: told when no pair needs an id any more. */
export interface IdOwner {
  release(id: number): void;
}

/** Gives pairs of ids an id of their own: how keys of several columns come together. */
export class PairDictionary implements IdOwner {
  readonly #index = new HashIndex();
  readonly #left: IdOwner;
  readonly #right: IdOwner;
  #lefts = new Int32Array(32);
  #rights = new Int32Array(32);
  /** How many pairs hold each id of the left and of the right. */
  #leftUses = new Int32Array(32);
  #rightUses = new Int32Array(32);

  constructor(left: IdOwner, right: IdOwner) {
    this.#left = left;
    this.#right = right;
  }

  get size(): number {
    return this.#index.size;
  }

  get indexBound(): number {
    return this.#index.indexBound;
  }

  get sizeBytes(): number {
    return this.#index.sizeBytes + 8 * this.#lefts.length + 4 * (this.#leftUses.length + this.#rightUses.length);
  }

  /** Replaces `ids` (of the left) by the ids of the pairs with `rights`; −1 stays. */
  intern(ids: Int32Array, rights: Int32Array, rowCount: number): void {
    let { slots, mask } = this.#index;
    for (let row = 0; row < rowCount; row++) {
      const left = ids[row]!;
      if (left < 0) continue;
      const right = rights[row]!;
      const hash = hashWords(left, right);
      let slot = hash & mask;
      let id = slots[slot]! - 1;
      while (id >= 0 && (this.#lefts[id] !== left || this.#rights[id] !== right)) {
        slot = (slot + 1) & mask;
        id = slots[slot]! - 1;
      }
      if (id < 0) {
        id = this.#add(left, right, hash);
        ({ slots, mask } = this.#index);
      }
      ids[row] = id;
    }
  }

  lefts(ids: Int32Array, count: number): Int32Array {
    return ids.subarray(0, count).map((id) => this.#lefts[id]!);
  }

  rights(ids: Int32Array, count: number): Int32Array {
    return ids.subarray(0, count).map((id) => this.#rights[id]!);
  }

  reserve(count: number): void {
    this.#index.reserve(count);
  }

  release(id: number): void {
    const [left, right] = [this.#lefts[id]!, this.#rights[id]!];
    this.#index.remove(id);
    this.#leftUses[left]! -= 1;
    this.#rightUses[right]! -= 1;
    if (this.#leftUses[left] === 0) this.#left.release(left);
    if (this.#rightUses[right] === 0) this.#right.release(right);
  }

  clear(): void {
    this.#index.clear();
    this.#lefts = new Int32Array(32);
    this.#rights = new Int32Array(32);
    this.#leftUses = new Int32Array(32);
    this.#rightUses = new Int32Array(32);
  }

  #add(left: number, right: number, hash: number): number {
    const id = this.#index.add(hash);
    if (id >= this.#lefts.length) {
      this.#lefts = grown(this.#lefts, id + 1);
      this.#rights = grown(this.#rights, id + 1);
    }
    if (left >= this.#leftUses.length) this.#leftUses = grown(this.#leftUses, left + 1);
    if (right >= this.#rightUses.length) this.#rightUses = grown(this.#rightUses, right + 1);
    this.#lefts[id] = left;
    this.#rights[id] = right;
    this.#leftUses[left]! += 1;
    this.#rightUses[right]! += 1;
    return id;
  }
}
