import type { MessagePort } from 'node:worker_threads';
import type { LogFields, SerializedError } from '@millrace/core';
import type { StreamDescription } from '@millrace/sdk';
import type { ExportDescription } from '../plugin-description.ts';
import type { PluginMetric, StageEnvironment } from '../stage-environment.ts';

/** What the worker of a package begins with. */
export interface PluginWorkerData {
  readonly environment: StageEnvironment;
  readonly streams: readonly StreamDescription[];
  /** Shared with who watches it. */
  readonly memory: Int32Array;
}

/** What the worker of a package is told. */
export type PluginWorkerCommand =
  | { readonly kind: 'describe'; readonly module: string }
  | { readonly kind: 'stage'; readonly stage: number; readonly port: MessagePort }
  | { readonly kind: 'streams'; readonly streams: readonly StreamDescription[] };

/** What it tells. */
export type PluginWorkerMessage =
  /** The first: from now on it can be watched. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'described'; readonly exports: readonly ExportDescription[] }
  | { readonly kind: 'undescribed'; readonly error: SerializedError }
  | { readonly kind: 'closed'; readonly stage: number }
  | { readonly kind: 'metrics'; readonly metrics: readonly PluginMetric[] }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly fields: LogFields; readonly message: string };
