import { SeededRandom } from '@millrace/core';
import type { Producer } from '@millrace/kafka-client';
import { timeText } from '../recovery/windowed-rows.ts';

export const partitionCount = 2;
const deviceCount = 100;
/** Windows wait for so long. */
const disorderMs = 2000;
const paneMs = 1000;
const startMs = Date.UTC(2026, 0, 1);
/** Of the values 0 to 999 of `v` those are kept that are divisible by it. */
export const keptEvery = 50;

interface Totals {
  n: number;
  s: number;
  last: number;
}

/**
 * Writes the rows of one stream, `(id int64, device string, v int64, at datetime64(3, 'UTC'))`, out of order within the bound on disorder, and counts
 * plainly, in seconds of event time, what windows over them have to come to.
 */
export class CountedRows {
  readonly topic: string;
  /** The rows that a view keeps whose filter is `v % 50 = 0`. */
  readonly keptIds: number[] = [];
  readonly #producer: Producer;
  readonly #random: SeededRandom;
  readonly #perMs: number;
  /** By second, then by device. */
  readonly #panes: Totals[] = [];
  readonly #latestMs: number[] = Array.from({ length: partitionCount }, () => 0);
  count = 0;

  /** @param rate rows in a second of event time */
  constructor(topic: string, producer: Producer, rate: number, seed: number) {
    this.topic = topic;
    this.#producer = producer;
    this.#random = new SeededRandom(seed);
    this.#perMs = rate / 1000;
  }

  async write(): Promise<void> {
    const id = this.count++;
    const random = this.#random;
    const partition = random.below(partitionCount);
    const at = Math.floor(startMs + id / this.#perMs) - random.below(disorderMs / 2);
    const [device, v] = [random.below(deviceCount), random.below(1000)];
    this.#latestMs[partition] = Math.max(this.#latestMs[partition]!, at);
    if (v % keptEvery === 0) this.keptIds.push(id);
    const totals = this.#pane(at, device);
    totals.n++;
    totals.s += v;
    totals.last = Math.max(totals.last, id);
    const value = Buffer.from(`{"id":${id},"device":"d${device}","v":${v},"at":"${timeText(at)}"}`);
    const room = this.#producer.append(this.topic, partition, at, null, value);
    if (room !== undefined) await room;
  }

  /** The windows that the watermark has closed, as sorted rows of `device, window_start, n, s, last`. */
  closedWindows(sizeMs: number, slideMs = sizeMs): string[] {
    const watermark = Math.min(...this.#latestMs) - disorderMs;
    const rows: string[] = [];
    const first = Math.floor((startMs - disorderMs) / slideMs) * slideMs - sizeMs;
    for (let start = first; start + sizeMs <= watermark; start += slideMs)
      for (let device = 0; device < deviceCount; device++) {
        const { n, s, last } = this.#sum(start, start + sizeMs, device);
        if (n > 0) rows.push(`d${device}\t${timeText(start)}\t${n}\t${s}\t${last}`);
      }
    return rows.sort();
  }

  /** Of all rows, as sorted rows of `device, n, s`. */
  totals(): string[] {
    const end = startMs + this.#panes.length * paneMs;
    const devices = Array.from({ length: deviceCount }, (_, device) => ({ device, ...this.#sum(startMs - paneMs, end, device) }));
    return devices
      .filter(({ n }) => n > 0)
      .map(({ device, n, s }) => `d${device}\t${n}\t${s}`)
      .sort();
  }

  #pane(at: number, device: number): Totals {
    return (this.#panes[paneIndex(at) * deviceCount + device] ??= { n: 0, s: 0, last: 0 });
  }

  #sum(fromMs: number, toMs: number, device: number): Totals {
    const sum = { n: 0, s: 0, last: 0 };
    for (let pane = Math.max(0, paneIndex(fromMs)); pane < paneIndex(toMs); pane++) {
      const totals = this.#panes[pane * deviceCount + device];
      if (totals === undefined) continue;
      sum.n += totals.n;
      sum.s += totals.s;
      sum.last = Math.max(sum.last, totals.last);
    }
    return sum;
  }
}

/** The first rows may be from before the start. */
function paneIndex(ms: number): number {
  return Math.floor((ms - startMs + disorderMs) / paneMs);
}
