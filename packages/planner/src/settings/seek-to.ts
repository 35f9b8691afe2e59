import { MillraceError } from '@millrace/core';
import { type CalendarUnit, castValue, type DataType, fromText, zone } from '@millrace/data';
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
  const timeMs = backFromNow(value, context);
  if (timeMs !== undefined) return { at: 'time', timeMs };
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

const calendarUnits: Readonly<Record<string, CalendarUnit>> = {
  M: 'month',
  month: 'month',
  q: 'quarter',
  quarter: 'quarter',
  y: 'year',
  year: 'year',
};

/** The time so long ago: `-2h`, and `-1M`, `-2 years` by the calendar of the server's zone; undefined if the text is no interval back. */
function backFromNow(value: string, { clock, timezone }: PlanContext): number | undefined {
  const [, amount, unit] = /^-\s*(\d+)\s*(M|q|y|(?:month|quarter|year)(?=s?$))s?$/.exec(value) ?? [];
  if (unit !== undefined) return zone(timezone).add(clock.now(), -Number(amount), calendarUnits[unit]!);
  const backMs = value.startsWith('-') ? parseDurationMs(value) : undefined;
  return backMs === undefined ? undefined : clock.now() + backMs;
}
