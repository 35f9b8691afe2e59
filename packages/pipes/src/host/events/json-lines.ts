import type { Schema } from '@millrace/data';
import { createRecordEncoder, type EncodedRows, type RecordEncoder } from '@millrace/formats';
import type { EventBatch } from '../../stage/event-batch.ts';

const lines = new WeakMap<EventBatch, EncodedRows>();
const encoders = new WeakMap<Schema, { readonly timezone: string; readonly encoder: RecordEncoder }>();

/** The rows of a batch as JSON, each on a line: encoded once, however many events show it. */
export function jsonLines(batch: EventBatch, timezone: string): EncodedRows {
  let encoded = lines.get(batch);
  if (encoded === undefined) lines.set(batch, (encoded = encoderOf(batch.schema, timezone).encode(batch.chunk)));
  return encoded;
}

function encoderOf(schema: Schema, timezone: string): RecordEncoder {
  const known = encoders.get(schema);
  if (known?.timezone === timezone) return known.encoder;
  const encoder = createRecordEncoder('JSONEachRow', schema, { timezone, quote64BitIntegers: false, quoteDenormals: false });
  encoders.set(schema, { timezone, encoder });
  return encoder;
}
