import type { SerializedError, TaskThreadCommand, TaskThreadMessage } from '@millrace/core';
import type { QueryRequest } from '../task/query-request.ts';
import type { QueryStatistics } from '../task/statistics.ts';
import type { ViewRequest } from '../view/view-request.ts';

/** What a worker thread is told. `id` numbers the tasks of a worker. */
export type WorkerCommand =
  | TaskThreadCommand
  | { readonly kind: 'start'; readonly id: number; readonly request: QueryRequest }
  | { readonly kind: 'start_view'; readonly id: number; readonly request: ViewRequest }
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'grant'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'cancel'; readonly id: number; readonly error: SerializedError };

/** Rows of a query, as they are sent to its client. */
export interface DataMessage {
  readonly kind: 'data';
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** What a worker thread tells. */
export type WorkerMessage = TaskThreadMessage<QueryStatistics> | DataMessage;
