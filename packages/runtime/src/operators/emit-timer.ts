import type { Clock } from '@millrace/core';
import type { EmitPlan } from '@millrace/planner';

/** Tells when results that show unfinished groups are due: processing time, and only after the history. */
export class EmitTimer {
  readonly #emit: EmitPlan;
  readonly #clock: Clock;
  /** Monotonic; Infinity while nothing is waited for. */
  wakeAtMs = Number.POSITIVE_INFINITY;
  isLive = false;

  constructor(emit: EmitPlan, clock: Clock) {
    this.#emit = emit;
    this.#clock = clock;
  }

  goLive(): void {
    this.isLive = true;
    if (this.#emit.when === 'periodic') this.wakeAtMs = this.#clock.monotonic() + this.#emit.intervalMs;
  }

  /** As {@link goLive}, for a query that went live before it was stopped: what has come since is no history. */
  resume(hasChanged: boolean): void {
    this.goLive();
    if (hasChanged) this.changed();
  }

  /** Something changed: ON UPDATE hands it out now, or when its batch time has passed. */
  changed(): void {
    if (this.#emit.when !== 'update' || !this.isLive || this.wakeAtMs !== Number.POSITIVE_INFINITY) return;
    const nowMs = this.#clock.monotonic();
    this.wakeAtMs = this.#emit.batchMs === null ? nowMs : nowMs + this.#emit.batchMs;
  }

  isDue(): boolean {
    return this.#clock.monotonic() >= this.wakeAtMs;
  }

  /** What was due was handed out. Periods keep their beat; those missed are not made up for. */
  emitted(): void {
    if (this.#emit.when !== 'periodic') {
      this.wakeAtMs = Number.POSITIVE_INFINITY;
      return;
    }
    const { intervalMs } = this.#emit;
    const lateMs = this.#clock.monotonic() - this.wakeAtMs;
    this.wakeAtMs += Math.floor(lateMs / intervalMs + 1) * intervalMs;
  }
}
