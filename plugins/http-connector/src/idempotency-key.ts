import { createHash } from 'node:crypto';
import type { RowsEvent, TransferContext } from '@millrace/sdk';
import type { RowRange } from './row-range.ts';

/**
 * The same for the same rows, whenever they are sent: where they come from, and a digest of what is sent, since a processor may have made
 * several rows of one record. Shape: `<cluster>/<pipe>/<topic>/<partition>/<first offset>-<last offset>/<digest>`.
 */
export function idempotencyKey(event: RowsEvent, { start, end }: RowRange, body: string, context: TransferContext): string {
  const { topic, partition, offset: first } = event.origin(start);
  const last = event.origin(end - 1).offset;
  const digest = createHash('sha256').update(body).digest('hex').slice(0, 16);
  const names = [context.clusters.at(-1) ?? '', context.pipe, topic].map(encodeURIComponent);
  return `${names.join('/')}/${partition}/${first}-${last}/${digest}`;
}
