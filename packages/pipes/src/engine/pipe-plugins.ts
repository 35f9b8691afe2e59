import type { MessagePort } from 'node:worker_threads';
import type { Clock, Random } from '@millrace/core';
import type { StageOpener } from '../stage/stage.ts';

/** Where the stages of pipes come from: what the plugin host is to the engine. */
export interface PipePlugins {
  /** For pipes in this thread. */
  readonly stages: StageOpener;
  /** For pipes in a new thread: it imports the module, whose `openStages` ({@link OpenStages}) gets the port; the port ends with the thread. */
  connect(): { readonly module: string; readonly port: MessagePort };
}

/** Opens the stages of a thread. */
export type OpenStages = (port: MessagePort, ports: { readonly clock: Clock; readonly random: Random }) => Promise<ThreadStages>;

/** The stages of a thread. */
export interface ThreadStages extends StageOpener {
  /** Closes what is still open. */
  close(): Promise<void>;
}
