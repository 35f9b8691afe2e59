import { randomUUID } from 'node:crypto';

/** Requests whose outcome is not known. More than this are of pipes that have long gone. */
const undecidedMax = 10_000;

/**
 * Ids of requests: the same as long as it is not known whether the rows have arrived, however often the connector is opened anew in between. When they
 * have, the next request for the same rows is a new one: a pipe that was dropped and made again sends everything anew.
 */
export class RequestIds {
  readonly #undecided = new Map<string, string>();

  /** @param rows where the rows come from, and what they are */
  begin(rows: string): string {
    const id = this.#undecided.get(rows) ?? `${rows}/${randomUUID()}`;
    this.#undecided.set(rows, id);
    if (this.#undecided.size > undecidedMax) this.#undecided.delete(this.#undecided.keys().next().value!);
    return id;
  }

  /** They have arrived, or were refused. */
  end(rows: string): void {
    this.#undecided.delete(rows);
  }
}
