import type { SerializedError } from '@millrace/core';
import type { Json, StreamSelection } from '@millrace/sdk';
import type { StageRequest } from '../../stage/stage.ts';
import type { PackedBatch } from './pack-batch.ts';

/** What a pipe asks of a stage in the worker of its plugin. The first call opens it, or is its only one. */
export type StageCall =
  | { readonly method: 'openProcessor' | 'openConnector' | 'select' | 'check'; readonly request: StageRequest }
  | { readonly method: 'openExtractor'; readonly request: StageRequest; readonly position: Json | undefined }
  | { readonly method: 'process' | 'transfer'; readonly batch: PackedBatch; readonly attempt: number }
  | { readonly method: 'restore'; readonly topic: string; readonly partition: number; readonly state: ReadonlyMap<string, Json> }
  | { readonly method: 'rollBack' | 'heartbeat' | 'next' | 'close' };

/** What it answers: of each method something else. */
export interface StageAnswers {
  readonly openProcessor: null;
  readonly openConnector: { readonly order: 'ordered' | 'unordered'; readonly concurrency: number };
  readonly openExtractor: null;
  readonly select: StreamSelection | null;
  readonly check: null;
  readonly process: { readonly parts: readonly ProcessedPart[]; readonly stateChanges: ReadonlyMap<string, Json | null> };
  readonly transfer: null;
  readonly restore: null;
  readonly rollBack: null;
  readonly heartbeat: null;
  readonly next: { readonly batch: PackedBatch; readonly position: Json } | null;
  readonly close: null;
}

/** One batch of what a processor has made: the batch that it was given, rows of it, or another one. Only the last crosses the border. */
export type ProcessedPart =
  | { readonly kind: 'same' }
  | { readonly kind: 'picked'; readonly rows: Int32Array }
  | { readonly kind: 'made'; readonly batch: PackedBatch };

export interface CallMessage {
  readonly id: number;
  readonly call: StageCall;
}

export type AnswerMessage =
  | { readonly id: number; readonly answer: StageAnswers[keyof StageAnswers] }
  | { readonly id: number; readonly error: SerializedError };
