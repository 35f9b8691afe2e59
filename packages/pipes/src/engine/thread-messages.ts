import type { MessagePort } from 'node:worker_threads';
import type { StreamDefinition } from '@millrace/catalog';
import type { LogFields, SerializedError } from '@millrace/core';
import type { PipeRequest } from '../task/pipe-request.ts';
import type { PipeStatistics } from '../task/pipe-statistics.ts';

/** What a thread is made with. */
export interface ThreadData {
  /** URL of the module whose `openStages` opens stages there. */
  readonly module: string;
  /** What that is called with. */
  readonly port: MessagePort;
}

/** What a thread is told. `id` numbers its pipes. */
export type ThreadCommand =
  | { readonly kind: 'start'; readonly id: number; readonly request: PipeRequest }
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'streams'; readonly id: number; readonly streams: readonly StreamDefinition[] }
  | { readonly kind: 'statistics'; readonly id: number }
  | { readonly kind: 'close' };

/** What a thread tells. */
export type ThreadMessage =
  | { readonly kind: 'ready'; readonly id: number }
  | { readonly kind: 'end'; readonly id: number; readonly error: SerializedError | null; readonly statistics: PipeStatistics }
  | { readonly kind: 'statistics'; readonly id: number; readonly statistics: PipeStatistics }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly fields: LogFields; readonly message: string };
