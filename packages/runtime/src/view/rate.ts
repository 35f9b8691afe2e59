import type { Clock } from '@millrace/core';

const spanMs = 5000;
const stepMs = 500;

/** How much comes in a second, over the last seconds. */
export class Rate {
  readonly #clock: Clock;
  readonly #samples: { readonly atMs: number; readonly total: number }[];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#samples = [{ atMs: clock.monotonic(), total: 0 }];
  }

  /** Notes how much it is in all by now. */
  observe(total: number): void {
    const atMs = this.#clock.monotonic();
    if (atMs - this.#samples.at(-1)!.atMs < stepMs) return;
    this.#samples.push({ atMs, total });
    while (this.#samples.length > 2 && this.#samples[1]!.atMs < atMs - spanMs) this.#samples.shift();
  }

  /** @param total how much it is in all by now */
  perSecond(total: number): number {
    const atMs = this.#clock.monotonic();
    const from = this.#samples.findLast((sample) => sample.atMs <= atMs - spanMs) ?? this.#samples[0]!;
    const elapsedMs = atMs - from.atMs;
    return elapsedMs <= 0 ? 0 : (Math.max(0, total - from.total) * 1000) / elapsedMs;
  }
}
