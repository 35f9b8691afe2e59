import type { MessagePort } from 'node:worker_threads';
import type { LogFields, SerializedError } from '@millrace/core';
import type { StreamDescription } from '@millrace/sdk';
import type { PluginReference } from '../../stage/stage.ts';
import type { PluginMetric, StageEnvironment } from '../stage-environment.ts';
import type { StageEnd } from './remote-stage.ts';

/** What a thread of pipes asks of the host of plugins, or tells it. Stages are numbered by the host. */
export type ThreadMessage =
  /** For a stage whose plugin is not built in. */
  | { readonly kind: 'open'; readonly id: number; readonly plugin: PluginReference; readonly pipe: string }
  | { readonly kind: 'metrics'; readonly metrics: readonly PluginMetric[] }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly fields: LogFields; readonly message: string };

/** What the host of plugins tells a thread of pipes: first of all what it needs to open stages. */
export type HostMessage =
  | { readonly kind: 'begin'; readonly environment: StageEnvironment; readonly streams: readonly StreamDescription[] }
  | { readonly kind: 'streams'; readonly streams: readonly StreamDescription[] }
  /** `plugin` is what the name stands for now. */
  | { readonly kind: 'opened'; readonly id: number; readonly stage: number; readonly plugin: PluginReference; readonly port: MessagePort }
  | { readonly kind: 'refused'; readonly id: number; readonly error: SerializedError }
  | { readonly kind: 'ended'; readonly stage: number; readonly end: StageEnd };
