import type { StreamSelection } from '@millrace/sdk';
import { describeValue } from '../events/stored-value.ts';

/** What an extractor selects, if it is a selection. @throws {TypeError} */
export function checkSelection(value: unknown): StreamSelection {
  const { pattern, history, realtime, forwardsPipeRecords } = (value ?? {}) as Partial<Record<keyof StreamSelection, unknown>>;
  if (typeof pattern !== 'string') throw wrong('pattern', 'a text', pattern);
  if (typeof realtime !== 'boolean') throw wrong('realtime', 'true or false', realtime);
  if (typeof forwardsPipeRecords !== 'boolean') throw wrong('forwardsPipeRecords', 'true or false', forwardsPipeRecords);
  return { pattern, history: checkHistory(history), realtime, forwardsPipeRecords };
}

function checkHistory(history: unknown): StreamSelection['history'] {
  if (history === null) return null;
  const { startMs, endMs } = (history ?? {}) as { readonly startMs?: unknown; readonly endMs?: unknown };
  // Infinite where it has no bound; what is no number bounds nothing.
  const isTime = (time: unknown): time is number => typeof time === 'number' && !Number.isNaN(time);
  if (isTime(startMs) && isTime(endMs)) return { startMs, endMs };
  throw wrong('history', 'null, or startMs and endMs', history);
}

function wrong(name: string, legal: string, value: unknown): TypeError {
  return new TypeError(`select gave no selection: ${name} is ${legal}, not ${describeValue(value)}`);
}
