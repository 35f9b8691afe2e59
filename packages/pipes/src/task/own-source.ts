import type { BoundedQueue } from '@millrace/core';
import type { Json } from '@millrace/sdk';
import type { Unit } from '../extract/unit.ts';
import type { EventBatch } from '../stage/event-batch.ts';
import type { ExtractorStage } from '../stage/stage.ts';
import type { PipeCounters } from './pipe-counters.ts';
import { maxTries, type StageKeeper } from './stage-keeper.ts';
import type { UnitSource } from './unit-source.ts';

/** Takes what an extractor with a source of its own hands out. Its events are numbered, as the offsets of a partition. */
export class OwnSource implements UnitSource {
  readonly #extractor: StageKeeper<ExtractorStage>;
  readonly #partition: { readonly topic: string; readonly partition: number };
  readonly #counters: PipeCounters;
  /** Where it goes on if it has to be opened again. */
  position: Json | undefined;
  #nextOffset = 0;
  readonly #closing = Promise.withResolvers<void>();
  #isClosed = false;

  /** @param partition stands for the source where progress is counted */
  constructor(
    extractor: StageKeeper<ExtractorStage>,
    partition: { readonly topic: string; readonly partition: number },
    counters: PipeCounters,
    position: Json | undefined,
  ) {
    this.#extractor = extractor;
    this.#partition = partition;
    this.#counters = counters;
    this.position = position;
  }

  async run(units: BoundedQueue<Unit>): Promise<void> {
    while (!this.#isClosed) {
      const extracted = await this.#next();
      if (extracted === undefined) return;
      if (extracted === null) {
        // Its end: the pipe stays as it is, and shows that it has nothing to do.
        await this.#closing.promise;
        return;
      }
      const batch = this.#numbered(extracted.batch);
      this.position = extracted.position;
      this.#counters.recordsIn += batch.records.count;
      this.#counters.extracted += batch.chunk.rowCount;
      const unit = { ...this.#partition, nextOffset: this.#nextOffset, batch, undecodable: null, spans: null, lease: null };
      if (!(await units.put({ ...unit, position: extracted.position }))) return;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.resolve();
    await this.#extractor.close();
  }

  /** @returns undefined once it is closed */
  async #next() {
    const next = this.#extractor.call((stage) => stage.next(), maxTries);
    next.catch(() => {});
    return Promise.race([next, this.#closing.promise.then(() => undefined)]);
  }

  #numbered(batch: EventBatch): EventBatch {
    const { count } = batch.records;
    const first = this.#nextOffset;
    this.#nextOffset += count;
    const offsets = Float64Array.from({ length: count }, (_, i) => first + i);
    return { ...batch, ...this.#partition, isHistorical: false, clusters: [], records: { ...batch.records, offsets } };
  }
}
