/** What one millisecond is in the ticks of a type of dates or times: days, seconds, fractions of them; 1 for other types. */
export function ticksPerMs(type: string): number {
  if (type === 'date' || type === 'date32') return 1 / 86_400_000;
  if (/^datetime\b(?!64)/.test(type)) return 1 / 1000;
  const precision = datetimePrecision(type);
  return precision === undefined ? 1 : 10 ** (precision - 3);
}

/** Digits below the second of a `datetime64`; undefined for other types. */
export function datetimePrecision(type: string): number | undefined {
  const match = /^datetime64(?:\((\d)\b.*\))?$/.exec(type);
  return match === null ? undefined : Number(match[1] ?? 3);
}
