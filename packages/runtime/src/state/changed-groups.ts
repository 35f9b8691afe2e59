import { damaged } from '@millrace/data';
import type { GroupStateReader, GroupStateWriter } from '@millrace/functions';

/** The groups that changed since they were last handed out, in the order of their first change. */
export class ChangedGroups {
  /** By group: its place among those that changed, plus 1; 0 if it did not. */
  #places = new Int32Array(0);
  #groups = new Int32Array(0);
  count = 0;

  get sizeBytes(): number {
    return this.#places.byteLength + this.#groups.byteLength;
  }

  /** @param groupCount how many groups there are */
  add(groups: Int32Array, count: number, groupCount: number): void {
    this.resize(groupCount);
    for (let i = 0; i < count; i++) {
      const group = groups[i]!;
      if (this.#places[group] !== 0) continue;
      this.#groups[this.count++] = group;
      this.#places[group] = this.count;
    }
  }

  /** The changed groups; from now on none is. */
  take(): Int32Array {
    const taken = this.#groups.slice(0, this.count);
    this.clear();
    return taken;
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) this.#places[this.#groups[i]!] = 0;
    this.count = 0;
  }

  /** The changed groups, which stay so; valid until the next call. */
  get groups(): Int32Array {
    return this.#groups.subarray(0, this.count);
  }

  /** Makes room for so many groups. */
  resize(groupCount: number): void {
    if (this.#places.length >= groupCount) return;
    const [places, groups] = [new Int32Array(groupCount * 2), new Int32Array(groupCount * 2)];
    places.set(this.#places);
    groups.set(this.#groups);
    this.#places = places;
    this.#groups = groups;
  }

  save(from: number, to: number, { out }: GroupStateWriter): void {
    out.uint8(Number(this.count > 0));
    if (this.count > 0) out.counts(this.#places, from, to);
  }

  load(from: number, to: number, states: GroupStateReader): void {
    if (states.in.uint8() === 0) return;
    states.in.counts(this.#places, from, to);
    for (let group = from; group < to; group++) {
      const place = this.#places[group]!;
      if (place === 0) continue;
      if (place < 1 || place > this.#groups.length) throw damaged(`group ${group} changed as number ${place}`);
      this.#groups[place - 1] = group;
      this.count++;
    }
  }
}
