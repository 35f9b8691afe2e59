import type { BoundedQueue } from '@millrace/core';
import type { RecordReader } from '@millrace/kafka-client';
import type { Extraction } from '../extract/extraction.ts';
import { Lease } from '../extract/lease.ts';
import type { Unit } from '../extract/unit.ts';
import type { Progress } from '../progress/progress.ts';
import type { PipeCounters } from './pipe-counters.ts';
import type { UnitSource } from './unit-source.ts';

/** Reads the partitions of streams. */
export class StreamSource implements UnitSource {
  readonly #reader: RecordReader;
  readonly #extraction: Extraction;
  readonly #progress: Progress;
  readonly #counters: PipeCounters;
  #isClosed = false;

  /** @param progress has the partitions, each where it is to be begun */
  constructor(reader: RecordReader, extraction: Extraction, progress: Progress, counters: PipeCounters) {
    this.#reader = reader;
    this.#extraction = extraction;
    this.#progress = progress;
    this.#counters = counters;
  }

  async run(units: BoundedQueue<Unit>): Promise<void> {
    const starts = [...this.#progress.partitions].filter(({ deliveredOffset, limit }) => deliveredOffset < limit);
    this.#reader.assign(starts.map(({ topic, partition, deliveredOffset }) => ({ topic, partition, offset: deliveredOffset })));
    while (!this.#isClosed) {
      for (const fetched of await this.#reader.next()) {
        const phases = this.#progress.of(fetched);
        if (phases === undefined) continue;
        phases.saw(fetched);
        const lease = new Lease(() => this.#reader.release(fetched));
        for (const unit of this.#extraction.units(fetched, phases, lease)) if (!(await units.put(unit))) return;
        lease.release();
        // Nothing behind history is to be read; what lies there shows in the figures of the log only.
        if (fetched.nextOffset >= phases.limit) this.#reader.pause(fetched.topic, fetched.partition);
        this.#count();
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#reader.close();
    this.#count();
  }

  /** Moves what was counted since to the figures of the pipe. */
  #count(): void {
    const [from, to] = [this.#extraction, this.#counters];
    to.recordsIn += from.recordsIn;
    to.bytesIn += from.bytesIn;
    to.extracted += from.eventsOut;
    to.loops += from.loops;
    from.recordsIn = from.bytesIn = from.eventsOut = from.loops = 0;
  }
}
