import { delay, type SeededRandom, systemClock } from '@millrace/core';
import type { Producer } from '@millrace/kafka-client';

/** A row as it is written to a stream of `(id int64, device string, v int64, at datetime64(3, 'UTC'))`, which views aggregate. */
export interface Row {
  readonly id: number;
  readonly device: string;
  readonly v: number;
  /** Event time, ms since the epoch. */
  readonly at: number;
}

const deviceCount = 20;
const windowMs = 5000;
/** Bound on disorder: the windows wait for so long. */
const disorderMs = 2000;
/** Event time moves by so much a record. */
const stepMs = 5;
const startMs = Date.UTC(2026, 0, 1);

/** A view that counts windows: `window` is `tumble($, at, 5s)` or `hop($, at, <slide>, 5s)`, $ being the stream `from`. */
export const windowedView = (name: string, window: string, from: string, settings: string) =>
  `CREATE MATERIALIZED VIEW ${name} AS SELECT device, window_start, count() AS n, sum(v) AS s, max(id) AS last FROM ${window.replace('$', from)}
   GROUP BY device, window_start EMIT AFTER WATERMARK WITH DELAY 2s ${settings}`;

/** Writes rows until told to stop, out of order within the bound on disorder. */
export class RowWriter {
  /** By partition. */
  readonly written: readonly Row[][];
  readonly #producer: Producer;
  readonly #topic: string;
  readonly #random: SeededRandom;
  #stopped = false;
  #nextId = 0;
  /** So many rows there may be by now, however slow the machine: every kill meets some on their way. */
  #allowed = 0;

  constructor(producer: Producer, topic: string, partitionCount: number, random: SeededRandom) {
    this.#producer = producer;
    this.#topic = topic;
    this.#random = random;
    this.written = Array.from({ length: partitionCount }, () => []);
  }

  get rows(): Row[] {
    return this.written.flat();
  }

  allow(rows: number): void {
    this.#allowed = this.#nextId + rows;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#nextId < this.#allowed) await this.write(50);
      await delay(systemClock, 10);
    }
  }

  async write(count: number): Promise<void> {
    const random = this.#random;
    for (let i = 0; i < count; i++) {
      const id = this.#nextId++;
      const partition = random.below(this.written.length);
      // A batch is judged as a whole by what came before it: half of the bound keeps every row in time.
      const at = startMs + id * stepMs - random.below(disorderMs / 2);
      const row = { id, device: `d${random.below(deviceCount)}`, v: random.below(1000), at };
      this.written[partition]!.push(row);
      const room = this.#producer.append(this.#topic, partition, at, null, Buffer.from(JSON.stringify({ ...row, at: timeText(at) })));
      if (room) await room;
    }
  }

  /** The last windows close by rows behind them. Resolves when all is acknowledged. */
  async finish(): Promise<void> {
    this.#stopped = true;
    await this.write(3000);
    await this.#producer.flush();
  }
}

interface Totals {
  n: number;
  s: number;
  last: number;
}

/** The windows that the watermark has closed, computed plainly, as sorted rows of `device, window_start, n, s, last`. */
export function closedWindows(partitions: readonly (readonly Row[])[], slideMs = windowMs): string[] {
  const watermark = Math.min(...partitions.map((rows) => rows.reduce((max, { at }) => Math.max(max, at), 0))) - disorderMs;
  const windows = new Map<string, Totals>();
  for (const row of partitions.flat()) {
    for (let start = Math.floor(row.at / slideMs) * slideMs; start > row.at - windowMs; start -= slideMs) {
      if (start + windowMs > watermark) continue;
      const key = `${row.device}\t${timeText(start)}`;
      const totals = windows.get(key) ?? { n: 0, s: 0, last: 0 };
      windows.set(key, { n: totals.n + 1, s: totals.s + row.v, last: Math.max(totals.last, row.id) });
    }
  }
  return [...windows].map(([key, { n, s, last }]) => `${key}\t${n}\t${s}\t${last}`).sort();
}

/** As SQL writes times, and reads them. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}
