import type { RecordReader } from '@millrace/kafka-client';
import { decodeRecords, RecordSpans } from '@millrace/kafka-protocol';

/** Records that are sent at a steady rate, and how each is known again when it arrives. */
export interface Stream {
  /** Records a second. */
  readonly rate: number;
  readonly total: number;
  /** The first so many do not count: by then everything is compiled. */
  readonly warmUp: number;
  send(index: number): void;
  indexOf(value: string): number;
}

/** Sends and reads them all. @returns how long they took, in ms: the time that so large a share (0 to 1) of them did not exceed */
export async function measureLatency(
  reader: RecordReader,
  { rate, total, warmUp, send, indexOf }: Stream,
): Promise<(share: number) => number> {
  const sentMs = new Float64Array(total);
  const latenciesMs = new Float64Array(total);
  let sent = 0;
  const startMs = performance.now();
  const sender = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - startMs) * rate) / 1000));
    for (; sent < due; sent++) {
      sentMs[sent] = performance.now();
      send(sent);
    }
    if (sent === total) clearInterval(sender);
  }, 1);
  const records = new RecordSpans();
  for (let received = 0; received < total; ) {
    for (const fetched of await reader.next()) {
      const nowMs = performance.now();
      for (let i = 0; i < fetched.batches.length; i += 2) {
        records.clear();
        decodeRecords(fetched.bytes, fetched.batches[i]!, fetched.batches[i + 1]!, records, { fromOffset: fetched.fromOffset });
        for (let at = 0; at < records.count; at++, received++) {
          const index = indexOf(records.value(at)!.toString());
          latenciesMs[index] = nowMs - sentMs[index]!;
        }
      }
    }
  }
  const sorted = latenciesMs.slice(warmUp).sort();
  return (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}
