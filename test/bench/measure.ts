/** What a benchmark's process measured of itself. */
export interface Measured {
  readonly records: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** CPU seconds of the second half of the records: what a long run costs. */
  readonly warmCpuSeconds: number;
  readonly maxRssMb: number;
  /** A figure of the result that all contestants must agree on. */
  readonly checksum: number;
}

/** Measures this process from its creation to `finish`; `half` marks the middle. */
export class Meter {
  readonly #startMs = performance.now();
  readonly #startCpu = process.cpuUsage();
  #halfCpu: NodeJS.CpuUsage | undefined;

  half(): void {
    this.#halfCpu ??= process.cpuUsage();
  }

  finish(records: number, checksum: number): Measured {
    const end = process.cpuUsage();
    const half = this.#halfCpu ?? this.#startCpu;
    return {
      records,
      seconds: (performance.now() - this.#startMs) / 1_000,
      cpuSeconds: cpuSeconds(end) - cpuSeconds(this.#startCpu),
      warmCpuSeconds: cpuSeconds(end) - cpuSeconds(half),
      maxRssMb: process.resourceUsage().maxRSS / 1_024,
      checksum,
    };
  }
}

function cpuSeconds(usage: NodeJS.CpuUsage): number {
  return (usage.user + usage.system) / 1e6;
}
