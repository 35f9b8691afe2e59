import type { Clock } from '@millrace/core';
import type { Database } from './database.ts';

/** What an ingest request is answered with: plain JSON. */
export type IngestResult = Readonly<Record<string, unknown>>;

export interface IngestRow {
  readonly id: string;
  readonly result: string;
  readonly atMs: number;
}

interface Limits {
  readonly clock: Clock;
  readonly maxIds: number;
  readonly ttlMs: number;
}

/** Forgetting costs a statement: it is done for so many writes at once. */
const writesBetweenCleanups = 256;

/** The results of ingest requests by the ids that their clients gave, bounded in number and age. Oldest first in the map. */
export class IngestMemory {
  readonly #limits: Limits;
  readonly #results = new Map<string, { readonly result: IngestResult; readonly atMs: number }>();
  #writesSinceCleanup = 0;

  /** @param rows in the order of their age, oldest first */
  constructor(rows: readonly IngestRow[], limits: Limits) {
    this.#limits = limits;
    for (const { id, result, atMs } of rows) this.#results.set(id, { result: JSON.parse(result) as IngestResult, atMs });
    this.#forgetOld();
  }

  recall(id: string): IngestResult | undefined {
    const remembered = this.#results.get(id);
    return remembered === undefined || this.#isExpired(remembered.atMs) ? undefined : remembered.result;
  }

  async remember(database: Database, id: string, result: IngestResult): Promise<void> {
    const atMs = this.#limits.clock.now();
    await database.run('INSERT OR REPLACE INTO ingests (id, result, at_ms) VALUES (?, ?, ?)', [id, JSON.stringify(result), atMs]);
    this.#results.delete(id);
    this.#results.set(id, { result, atMs });
    this.#forgetOld();
    if (++this.#writesSinceCleanup >= writesBetweenCleanups) await this.#cleanUp(database);
  }

  /** The file may hold some more than memory does, never without bound. */
  async #cleanUp(database: Database): Promise<void> {
    this.#writesSinceCleanup = 0;
    const { clock, maxIds, ttlMs } = this.#limits;
    await database.run('DELETE FROM ingests WHERE at_ms <= ? OR rowid <= (SELECT max(rowid) FROM ingests) - ?', [
      clock.now() - ttlMs,
      maxIds,
    ]);
  }

  #forgetOld(): void {
    for (const [id, { atMs }] of this.#results) {
      if (this.#results.size <= this.#limits.maxIds && !this.#isExpired(atMs)) break;
      this.#results.delete(id);
    }
  }

  #isExpired(atMs: number): boolean {
    return this.#limits.clock.now() - atMs >= this.#limits.ttlMs;
  }
}
