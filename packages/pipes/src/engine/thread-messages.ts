import type { MessagePort } from 'node:worker_threads';
import type { StreamDefinition } from '@millrace/catalog';
import type { TaskThreadCommand, TaskThreadMessage } from '@millrace/core';
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
  | TaskThreadCommand
  | { readonly kind: 'start'; readonly id: number; readonly request: PipeRequest }
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'streams'; readonly id: number; readonly streams: readonly StreamDefinition[] };

/** What a thread tells. */
export type ThreadMessage = TaskThreadMessage<PipeStatistics>;
