/** What comes to an end, by name: something new of the same name begins behind it. */
export class Endings {
  readonly #endings = new Map<string, Promise<void>>();

  /** The names of what has not ended yet. */
  get names(): Iterable<string> {
    return this.#endings.keys();
  }

  /** Resolves when everything of this name that is coming to an end has ended. */
  of(name: string): Promise<void> {
    return this.#endings.get(name) ?? Promise.resolve();
  }

  /** Adds one. Resolves when it has ended, and all of its name before it. */
  add(name: string, stopping: Promise<void> | undefined): Promise<void> {
    const ending = Promise.all([this.#endings.get(name), stopping]).then(() => {
      if (this.#endings.get(name) === ending) this.#endings.delete(name);
    });
    this.#endings.set(name, ending);
    return ending;
  }
}
