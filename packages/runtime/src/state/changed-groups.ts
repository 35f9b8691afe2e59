/** The groups that changed since they were last handed out, in the order of their first change. */
export class ChangedGroups {
  #isChanged = new Uint8Array(0);
  #groups = new Int32Array(0);
  count = 0;

  get sizeBytes(): number {
    return this.#isChanged.byteLength + this.#groups.byteLength;
  }

  /** @param groupCount how many groups there are */
  add(groups: Int32Array, count: number, groupCount: number): void {
    if (this.#isChanged.length < groupCount) this.#grow(groupCount * 2);
    for (let i = 0; i < count; i++) {
      const group = groups[i]!;
      if (this.#isChanged[group] === 1) continue;
      this.#isChanged[group] = 1;
      this.#groups[this.count++] = group;
    }
  }

  /** The changed groups; from now on none is. */
  take(): Int32Array {
    const taken = this.#groups.slice(0, this.count);
    this.clear();
    return taken;
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) this.#isChanged[this.#groups[i]!] = 0;
    this.count = 0;
  }

  #grow(length: number): void {
    const [isChanged, groups] = [new Uint8Array(length), new Int32Array(length)];
    isChanged.set(this.#isChanged);
    groups.set(this.#groups);
    this.#isChanged = isChanged;
    this.#groups = groups;
  }
}
