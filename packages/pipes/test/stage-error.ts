import { MillraceError } from '@millrace/core';
import type { StageFailure } from '../src/stage/stage.ts';

/** A failure as the plugin host tells it. */
export function stageError(cause: StageFailure['cause'], message: string, more: Partial<StageFailure> = {}): MillraceError {
  return new MillraceError('PLUGIN_FAILED', message, { details: { cause, plugin: 'fake-connector', hook: 'transfer', ...more } });
}
