import { MillraceError } from '@millrace/core';
import { castValue, type DataType, fromText } from '@millrace/data';
import type { PlanContext } from '../context.ts';
import type { StartPosition } from '../plan.ts';
import { parseDurationMs } from './setting-values.ts';

const millisecondType: DataType = { kind: 'datetime64', precision: 3, zone: null };

/**
 * The position that `seek_to` names: `earliest`, `latest`, offsets by partition (`5,3,11`; one holds for all), an interval
 * back from now (`-2h`), or a time in the server's zone.
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID.
 */
export function parseSeekTo(text: string, context: PlanContext): StartPosition {
  const value = text.trim();
  const word = value.toLowerCase();
  if (word === 'earliest' || word === 'latest') return { at: word };
  if (/^\d+(\s*,\s*\d+)*$/.test(value)) return { at: 'offsets', offsets: value.split(',').map(Number) };
  const backMs = value.startsWith('-') ? parseDurationMs(value) : undefined;
  if (backMs !== undefined) return { at: 'time', timeMs: context.clock.now() + backMs };
  try {
    return { at: 'time', timeMs: castValue(fromText(value), { kind: 'string' }, millisecondType, context) as number };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    throw new MillraceError(
      'PLAN_ARGUMENT_INVALID',
      `the setting seek_to is ${JSON.stringify(text)}, but must be 'earliest', 'latest', a time such as '2026-01-01 00:00:00', an interval back such as '-2h', or offsets such as '5,3,11'`,
    );
  }
}
