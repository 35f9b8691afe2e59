/** Lets things through at once, but for those that must be alone: they wait for what came before, and what comes after waits for them. */
export class OrderGate {
  #before: Promise<unknown> = Promise.resolve();
  readonly #running = new Set<Promise<unknown>>();

  /** Runs beside others. */
  pass<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#before.then(run);
    const settled: Promise<unknown> = result.then(
      () => this.#running.delete(settled),
      () => this.#running.delete(settled),
    );
    this.#running.add(settled);
    return result;
  }

  /** Runs alone. */
  alone<T>(run: () => Promise<T>): Promise<T> {
    const result = Promise.all([this.#before, ...this.#running]).then(run);
    this.#before = result.catch(() => undefined);
    return result;
  }
}
