import type { LogFields, SerializedError } from '@millrace/core';
import type { QueryRequest } from '../task/query-request.ts';
import type { QueryStatistics } from '../task/statistics.ts';
import type { ViewRequest } from '../view/view-request.ts';

/** What a worker thread is told. `id` numbers the tasks of a worker. */
export type WorkerCommand =
  | { readonly kind: 'start'; readonly id: number; readonly request: QueryRequest }
  | { readonly kind: 'start_view'; readonly id: number; readonly request: ViewRequest }
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'grant'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'cancel'; readonly id: number; readonly error: SerializedError }
  | { readonly kind: 'statistics'; readonly id: number }
  | { readonly kind: 'close' };

/** What a worker thread tells. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly id: number }
  | { readonly kind: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly id: number; readonly error: SerializedError | null; readonly statistics: QueryStatistics }
  | { readonly kind: 'statistics'; readonly id: number; readonly statistics: QueryStatistics }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly fields: LogFields; readonly message: string };
