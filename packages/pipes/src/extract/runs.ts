import { decodeHeaders, RecordSpans } from '@millrace/kafka-protocol';
import { passedClusters } from './passed-clusters.ts';

/** Consecutive records that may share a batch. */
export interface Run {
  readonly start: number;
  readonly end: number;
  readonly isHistorical: boolean;
  readonly kind: 'rows' | 'delete';
  /** Names of the clusters that they have passed. */
  readonly clusters: readonly string[];
}

const noClusters: readonly string[] = [];

/** Cuts records where history ends, between values and deletions, and where the clusters that they have passed change. */
export function* runsOf(spans: RecordSpans, boundary: number): Generator<Run> {
  const { count, offsets, valueStarts, headerCounts } = spans;
  for (let start = 0, end = 0; start < count; start = end) {
    const isHistorical = offsets[start]! < boundary;
    const isDelete = valueStarts[start]! < 0;
    const clusters = clustersAt(spans, start);
    for (end = start + 1; end < count; end++) {
      if (valueStarts[end]! < 0 !== isDelete || offsets[end]! < boundary !== isHistorical) break;
      if ((headerCounts[end] !== 0 || clusters.length > 0) && !sameNames(clustersAt(spans, end), clusters)) break;
    }
    yield { start, end, isHistorical, kind: isDelete ? 'delete' : 'rows', clusters };
  }
}

function clustersAt(spans: RecordSpans, record: number): readonly string[] {
  return spans.headerCounts[record] === 0 ? noClusters : passedClusters(decodeHeaders(spans, record));
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** Records `start … end − 1` as spans of their own, over the same memory. */
export function sliceSpans(spans: RecordSpans, start: number, end: number): RecordSpans {
  if (start === 0 && end === spans.count) return spans;
  const part = new RecordSpans(0);
  part.bytes = spans.bytes;
  part.count = end - start;
  part.offsets = spans.offsets.subarray(start, end);
  part.timestamps = spans.timestamps.subarray(start, end);
  part.keyStarts = spans.keyStarts.subarray(start, end);
  part.keyEnds = spans.keyEnds.subarray(start, end);
  part.valueStarts = spans.valueStarts.subarray(start, end);
  part.valueEnds = spans.valueEnds.subarray(start, end);
  part.headerStarts = spans.headerStarts.subarray(start, end);
  part.headerCounts = spans.headerCounts.subarray(start, end);
  return part;
}
