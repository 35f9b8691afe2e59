import { MillraceError } from '@millrace/core';
import { batchEnd, batchHeader, controlTypeOf, verifyCrc } from '@millrace/kafka-protocol';

/** A transaction that was aborted: records of the producer from the offset on up to the abort marker are not to be seen. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface ScanOptions {
  readonly fromOffset: number;
  readonly checkCrc: boolean;
  /** Given with read_committed only. */
  readonly aborted: readonly AbortedTransaction[] | null;
}

/** What was found in fetched bytes. */
export interface ScannedBatches {
  /** `[start, end, start, end, …]` of the batches to be read. */
  readonly batches: number[];
  /** The offset behind the last whole batch, or `fromOffset` if there is none. */
  readonly nextOffset: number;
}

/**
 * Finds the whole batches in fetched bytes, and leaves out transaction markers, batches before `fromOffset`, and those of
 * aborted transactions.
 *
 * A producer's transactions do not overlap, so that a set of the producers that are aborting now is enough: one enters it
 * when the log reaches the first offset of one of its aborted transactions, and leaves it at its abort marker. The list may
 * come in any order and may name a producer more than once.
 * @throws {MillraceError} KAFKA_RECORD_CORRUPT, KAFKA_PROTOCOL_INVALID
 * @see KIP-98
 */
export function scanBatches(bytes: Buffer, { fromOffset, checkCrc, aborted }: ScanOptions): ScannedBatches {
  const batches: number[] = [];
  const starting = aborted?.toSorted((a, b) => a.firstOffset - b.firstOffset) ?? [];
  const aborting = new Set<number>();
  let started = 0;
  let nextOffset = fromOffset;
  for (let at = 0, end = batchEnd(bytes, at, bytes.length); end !== -1; at = end, end = batchEnd(bytes, at, bytes.length)) {
    const lastOffset = batchHeader.lastOffset(bytes, at);
    if (checkCrc && !verifyCrc(bytes, at)) {
      throw new MillraceError('KAFKA_RECORD_CORRUPT', `the record batch at offset ${batchHeader.baseOffset(bytes, at)} fails its checksum`);
    }
    for (; started < starting.length && starting[started]!.firstOffset <= lastOffset; started++)
      aborting.add(starting[started]!.producerId);
    if (batchHeader.isControl(bytes, at)) {
      if (aborting.size > 0 && controlTypeOf(bytes, at) === 'abort') aborting.delete(batchHeader.producerId(bytes, at));
    } else if (lastOffset >= fromOffset && !isAborted(bytes, at, aborting)) {
      batches.push(at, end);
    }
    nextOffset = Math.max(nextOffset, lastOffset + 1);
  }
  return { batches, nextOffset };
}

function isAborted(bytes: Buffer, at: number, aborting: ReadonlySet<number>): boolean {
  return aborting.size > 0 && batchHeader.isTransactional(bytes, at) && aborting.has(batchHeader.producerId(bytes, at));
}
