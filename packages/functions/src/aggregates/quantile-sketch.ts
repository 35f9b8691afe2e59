import { SeededRandom } from '@millrace/core';
import { type BinaryReader, type BinaryWriter, damaged } from '@millrace/data';

/** Width of the highest level. With 800 the rank error stays below 0.6 % in 99 of 100 cases. */
const topCapacity = 800;
const shrink = 2 / 3;
const minCapacity = 8;

/**
 * A KLL sketch of numbers: answers quantiles of any number of values from a few thousand of them, with a rank error
 * below 1 %. Level h holds values that stand for 2^h each; a level that is full is sorted and every second value moves up.
 * Which half is drawn from a fixed seed, so the same input gives the same answer. Smallest and greatest are exact.
 * @see Karnin, Lang, Liberty, Optimal Quantile Approximation in Streams, FOCS 2016
 */
export class QuantileSketch {
  #levels: number[][] = [[]];
  #count = 0;
  #min = Infinity;
  #max = -Infinity;
  #compactions = 0;
  #held = 0;
  #capacity = topCapacity;
  /** True from the first change on until whoever saves it says otherwise. */
  isChanged = true;

  get sizeBytes(): number {
    return this.#held * 8 + this.#levels.length * 32;
  }

  add(value: number): void {
    this.isChanged = true;
    this.#levels[0]!.push(value);
    this.#count += 1;
    this.#held += 1;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (this.#held > this.#capacity) this.#compress();
  }

  merge(other: QuantileSketch): void {
    this.isChanged = true;
    for (const [level, values] of other.#levels.entries()) {
      while (this.#levels.length <= level) this.#levels.push([]);
      for (const value of values) this.#levels[level]!.push(value);
    }
    this.#count += other.#count;
    this.#held += other.#held;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#capacity = this.#totalCapacity();
    while (this.#held > this.#capacity) this.#compress();
  }

  /** The value at rank `level` × (count − 1), between neighbours interpolated; nan of no values. */
  quantile(level: number): number {
    if (this.#count === 0) return Number.NaN;
    if (level <= 0) return this.#min;
    if (level >= 1) return this.#max;
    const weighted = this.#levels.flatMap((values, height) => values.map((value) => ({ value, weight: 2 ** height })));
    weighted.sort((a, b) => a.value - b.value);
    const target = level * (this.#count - 1);
    // A value of weight w stands in the middle of its w ranks.
    let [previousRank, previousValue] = [0, this.#min];
    let before = 0;
    for (const { value, weight } of weighted) {
      const rank = before + (weight - 1) / 2;
      if (rank >= target) return interpolate(previousRank, previousValue, rank, value, target);
      [previousRank, previousValue] = [rank, value];
      before += weight;
    }
    return interpolate(previousRank, previousValue, this.#count - 1, this.#max, target);
  }

  write(out: BinaryWriter): void {
    out.count(this.#count);
    out.float64(this.#min);
    out.float64(this.#max);
    out.count(this.#compactions);
    out.count(this.#levels.length);
    for (const level of this.#levels) {
      out.count(level.length);
      for (const value of level) out.float64(value);
    }
  }

  /** The inverse of {@link write}. @throws {MillraceError} STATE_INVALID */
  static read(bytes: BinaryReader): QuantileSketch {
    const sketch = new QuantileSketch();
    sketch.#count = bytes.count();
    sketch.#min = bytes.float64();
    sketch.#max = bytes.float64();
    sketch.#compactions = bytes.count();
    sketch.#levels = Array.from({ length: bytes.countOf(1) }, () => Array.from({ length: bytes.countOf(8) }, () => bytes.float64()));
    if (sketch.#levels.length === 0) throw damaged('a sketch without levels');
    sketch.#held = sketch.#levels.reduce((sum, level) => sum + level.length, 0);
    sketch.#capacity = sketch.#totalCapacity();
    sketch.isChanged = false;
    return sketch;
  }

  /** Compacts the lowest level that is full. */
  #compress(): void {
    for (let height = 0; height < this.#levels.length; height++) {
      const level = this.#levels[height]!;
      if (level.length < 2 || level.length < this.#capacityAt(height)) continue;
      if (height + 1 === this.#levels.length) {
        this.#levels.push([]);
        this.#capacity = this.#totalCapacity();
      }
      this.#compact(level, this.#levels[height + 1]!);
      return;
    }
  }

  #compact(level: number[], above: number[]): void {
    level.sort((a, b) => a - b);
    // An odd one out stays, so that no weight is lost.
    const kept = level.length % 2 === 1 ? [level.pop()!] : [];
    const offset = new SeededRandom(this.#compactions++).uint32() & 1;
    for (let i = offset; i < level.length; i += 2) above.push(level[i]!);
    this.#held -= level.length / 2;
    level.length = 0;
    level.push(...kept);
  }

  #capacityAt(height: number): number {
    return Math.max(minCapacity, Math.ceil(topCapacity * shrink ** (this.#levels.length - 1 - height)));
  }

  #totalCapacity(): number {
    return this.#levels.reduce((sum, _, height) => sum + this.#capacityAt(height), 0);
  }
}

function interpolate(lowRank: number, low: number, highRank: number, high: number, target: number): number {
  if (highRank <= lowRank || low === high) return high;
  return low + ((high - low) * (target - lowRank)) / (highRank - lowRank);
}
