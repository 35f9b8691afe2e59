import { MillraceError } from '@millrace/core';
import type { StageFailure } from '../../stage/stage.ts';
import { RowRefused } from '../events/row-columns.ts';
import { describeValue } from '../events/stored-value.ts';
import { HookTimedOut } from '../run-hook.ts';

/** Of which plugin and hook a failure is. */
export interface Hook {
  readonly plugin: string;
  readonly hook: string;
}

const longestMessage = 2000;

/** A failure as stages tell it: PLUGIN_FAILED with a {@link StageFailure} as its details. */
export function stageError(failure: StageFailure, message: string, cause?: unknown): MillraceError {
  const isPassing = failure.cause === 'not-connected' || failure.cause === 'retryable';
  const text = `the plugin ${failure.plugin} failed in ${failure.hook}: ${message}`;
  return new MillraceError('PLUGIN_FAILED', text, { details: { ...failure }, retryable: isPassing, cause });
}

/**
 * What a hook has thrown, as stages tell it. The errors of the SDK are known by their names: another copy of it may have made them.
 * @param row of the batch, where the host knows which one was in hand
 * @param rowCount of the batch: what a plugin blames must be there
 */
export function hookError({ plugin, hook }: Hook, thrown: unknown, row?: number, rowCount = Number.POSITIVE_INFINITY): MillraceError {
  if (isStageError(thrown)) return thrown;
  const message = messageOf(thrown);
  const inHand = row === undefined ? {} : { row };
  if (thrown instanceof HookTimedOut) return stageError({ cause: 'timeout', plugin, hook }, message, thrown);
  if (thrown instanceof RowRefused) return stageError({ cause: 'error', plugin, hook, row: thrown.row }, message, thrown);
  switch (nameOf(thrown)) {
    case 'NotConnected':
      return stageError({ cause: 'not-connected', plugin, hook }, message, thrown);
    case 'Retryable': {
      const { afterMs } = thrown as { readonly afterMs?: unknown };
      const wait = typeof afterMs === 'number' && afterMs >= 0 ? { afterMs } : {};
      return stageError({ cause: 'retryable', plugin, hook, ...wait }, message, thrown);
    }
    case 'BadRecord':
      return badRecord({ plugin, hook }, thrown, message, row, rowCount);
    default:
      return stageError({ cause: 'error', plugin, hook, ...inHand }, message, thrown);
  }
}

/** Never throws itself, whatever was thrown. */
function nameOf(thrown: unknown): unknown {
  try {
    return (thrown as { readonly name?: unknown } | null | undefined)?.name;
  } catch {
    return undefined;
  }
}

function badRecord({ plugin, hook }: Hook, thrown: unknown, message: string, inHand: number | undefined, rowCount: number): MillraceError {
  const { row } = thrown as { readonly row?: unknown };
  const isThere = Number.isInteger(row) && (row as number) >= 0 && (row as number) < rowCount;
  // A hook that had one row in hand cannot mean another one.
  const blamed = inHand ?? (isThere ? (row as number) : undefined);
  if (blamed !== undefined) return stageError({ cause: 'bad-record', plugin, hook, row: blamed }, message, thrown);
  return stageError(
    { cause: 'error', plugin, hook },
    `${message} (BadRecord names the row ${describeValue(row)}, which is not there)`,
    thrown,
  );
}

/** The failure that an error of a stage tells. */
export function failureOf(error: unknown): StageFailure | undefined {
  return isStageError(error) ? (error.details as unknown as StageFailure) : undefined;
}

function isStageError(thrown: unknown): thrown is MillraceError {
  return thrown instanceof MillraceError && thrown.code === 'PLUGIN_FAILED' && typeof thrown.details['cause'] === 'string';
}

/** What was thrown, in words. Never throws itself, whatever it is. */
export function messageOf(thrown: unknown): string {
  let message: unknown;
  try {
    message = (thrown as { readonly message?: unknown } | null | undefined)?.message;
  } catch {
    message = undefined;
  }
  const text = typeof message === 'string' && message !== '' ? message : describeValue(thrown);
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
}
