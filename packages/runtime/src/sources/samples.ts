/** A record that could not be decoded, as it is shown. */
export interface UndecodableSample {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
}

const maxSamples = 10;

/** Counts records that could not be decoded and keeps the first ones. */
export class UndecodableRecords {
  count = 0;
  readonly samples: UndecodableSample[] = [];

  /** Those of several, as one. */
  static together(all: readonly UndecodableRecords[]): UndecodableRecords {
    if (all.length === 1) return all[0]!;
    const together = new UndecodableRecords();
    for (const { count, samples } of all) {
      together.count += count;
      together.samples.push(...samples.slice(0, maxSamples - together.samples.length));
    }
    return together;
  }

  add(topic: string, partition: number, offset: number, reason: string): void {
    this.count++;
    if (this.samples.length < maxSamples) this.samples.push({ topic, partition, offset, reason });
  }
}
