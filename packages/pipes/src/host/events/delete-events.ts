import type { DeleteEvent } from '@millrace/sdk';
import type { EventBatch } from '../../stage/event-batch.ts';
import { recordKey, recordOrigin, sourceOf } from './batch-rows.ts';

/** Where the deletions come from that were shown: one that is handed on as it came is not made anew. */
const shown = new WeakMap<DeleteEvent, { readonly batch: EventBatch; readonly row: number }>();

/** A deletion of a batch as plugins see it. */
export function deleteEvent(batch: EventBatch, row: number): DeleteEvent {
  const record = sourceOf(batch, row);
  const event: DeleteEvent = Object.freeze({
    kind: 'delete',
    stream: batch.stream,
    key: recordKey(batch, record),
    time: batch.records.times[record]!,
    origin: Object.freeze(recordOrigin(batch, record)),
    isHistorical: batch.isHistorical,
  });
  shown.set(event, { batch, row });
  return event;
}

/** The row of a batch that shows as this event; undefined if it is none of this batch. */
export function rowOfDeletion(event: DeleteEvent, batch: EventBatch): number | undefined {
  const known = shown.get(event);
  return known?.batch === batch ? known.row : undefined;
}
