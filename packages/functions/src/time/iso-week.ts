import { civilFromDays, dayOfWeek, dayOfYear } from '@millrace/data';

/** The ISO week of a day (days since 1970-01-01) and the year it belongs to: week 1 holds the year's first Thursday. */
export function isoWeek(day: number): { readonly year: number; readonly week: number } {
  const thursday = day - dayOfWeek(day) + 4;
  return { year: civilFromDays(thursday).year, week: Math.ceil(dayOfYear(thursday) / 7) };
}
