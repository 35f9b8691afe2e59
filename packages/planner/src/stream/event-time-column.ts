import { type DataType, isTemporal } from '@millrace/data';

/**
 * Which declared column is the event time: the one that `event_time_column` names, else a declared `_tp_time` or `_time`
 * of a date-time type; null if there is none.
 */
export function eventTimeColumnOf(
  columns: readonly { readonly name: string; readonly type: DataType }[],
  named: string | null,
): string | null {
  if (named !== null) return named;
  const candidates = ['_tp_time', '_time'];
  return candidates.find((candidate) => columns.some(({ name, type }) => name === candidate && isTemporal(type))) ?? null;
}
