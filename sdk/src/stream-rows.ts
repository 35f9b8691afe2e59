import type { RowsEvent } from './events.ts';
import type { Row } from './values.ts';

/** Rows of the streams of a catalog, by the streams' names: the file that `millrace gen types` writes fills it. */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be augmented
export interface StreamRows {}

/** Row of a stream of the catalog, e.g. `map: (row: StreamRow<'clicks'>) => …`. */
export type StreamRow<S extends keyof StreamRows> = StreamRows[S] extends Row ? StreamRows[S] : never;

/** Whether an event is of a stream: then its rows are typed. */
export function isOf<S extends keyof StreamRows & string>(event: RowsEvent, stream: S): event is RowsEvent<StreamRow<S>> {
  return event.stream === stream;
}
