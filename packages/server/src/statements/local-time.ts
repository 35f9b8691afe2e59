import { zone } from '@millrace/data';

/** A moment as `2022-03-30T20:58:30.689` in a time zone. */
export function localTime(atMs: number, timezone: string): string {
  return new Date(zone(timezone).toLocal(atMs)).toISOString().slice(0, -1);
}
