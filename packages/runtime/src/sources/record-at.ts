import { decodeHeaders, type RecordSpans } from '@millrace/kafka-protocol';

/** One record of decoded batches, whole. Its bytes are parts of theirs. */
export function recordAt(spans: RecordSpans, record: number) {
  const part = (starts: Int32Array, ends: Int32Array) =>
    starts[record]! < 0 ? null : spans.bytes.subarray(starts[record]!, ends[record]!);
  return {
    offset: spans.offsets[record]!,
    timestampMs: spans.timestamps[record]!,
    key: part(spans.keyStarts, spans.keyEnds),
    value: part(spans.valueStarts, spans.valueEnds),
    headers: decodeHeaders(spans, record),
  };
}
