/** What a log keeps. */
export interface RetentionLimits {
  /** Records older than this may go; Infinity keeps all. */
  readonly ageMs: number;
  /** A segment may go as long as so many bytes are left without it; Infinity keeps all. */
  readonly bytes: number;
}

interface SegmentFacts {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly sizeBytes: number;
  /** Highest timestamp in ms, −1 for none: such a segment expires with the next one that has one. */
  readonly maxTimestamp: number;
}

/**
 * Where the log is to begin: segments go whole and from the oldest on, up to the first that one of the limits keeps.
 * @param segments in order, at least one.
 * @see Kafka's `UnifiedLog.deleteOldSegments`
 */
export function retentionEnd(segments: readonly SegmentFacts[], limits: RetentionLimits, nowMs: number): number {
  return Math.max(endByAge(segments, limits.ageMs, nowMs), endBySize(segments, limits.bytes));
}

function endByAge(segments: readonly SegmentFacts[], ageMs: number, nowMs: number): number {
  let end = segments[0]!.baseOffset;
  for (const { sizeBytes, maxTimestamp, nextOffset } of segments) {
    if (sizeBytes === 0 || (maxTimestamp >= 0 && nowMs - maxTimestamp <= ageMs)) break;
    if (maxTimestamp >= 0) end = nextOffset;
  }
  return end;
}

function endBySize(segments: readonly SegmentFacts[], bytes: number): number {
  let surplus = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) - bytes;
  let end = segments[0]!.baseOffset;
  for (const { sizeBytes, nextOffset } of segments) {
    surplus -= sizeBytes;
    if (sizeBytes === 0 || surplus < 0) break;
    end = nextOffset;
  }
  return end;
}
