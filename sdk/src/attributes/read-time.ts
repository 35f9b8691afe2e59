const iso = /^(\d{4,6})([-./])(\d{1,2})\2(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * A point in time: epoch milliseconds, or a date with or without time and offset. `-`, `.` and `/` may stand between the parts of the date.
 * @param zone of dates without offset. Where clocks are put forward the gap is read with the offset before it, where they are put
 * back the earlier of the two times is meant
 * @returns milliseconds since the epoch
 */
export function readTime(text: string, zone = 'UTC'): number {
  if (/^[+-]?\d+$/.test(text)) return epochMs(text);
  const match = iso.exec(text);
  if (match === null) throw new Error('is not a time');
  const [, year, , month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  const local = localMs([year, month, day, hour, minute, second].map(Number)) + Math.trunc(Number(`0.${fraction || 0}`) * 1000);
  return offset === undefined ? local - offsetAt(local, zone) : local - readOffset(offset);
}

function epochMs(text: string): number {
  const ms = BigInt(text);
  if (BigInt.asIntN(64, ms) !== ms) throw new Error('does not fit into 64 bits');
  return Number(ms);
}

function localMs([year, month, day, hour, minute, second]: readonly number[]): number {
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day!);
  date.setUTCHours(hour!, minute!, second!);
  // A date that is not in the calendar comes out as another one.
  const isReal = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  if (!isReal || minute! > 59 || second! > 59) throw new Error('is not in the calendar');
  return date.getTime();
}

function readOffset(text: string): number {
  if (text.toUpperCase() === 'Z') return 0;
  const digits = text.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  if (minutes > 18 * 60) throw new Error('has an offset of more than 18 hours');
  return (text.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** The offset that makes `local` a time of the zone. */
function offsetAt(local: number, zone: string): number {
  const before = zoneOffset(local - 86_400_000, zone);
  return zoneOffset(local - before, zone) === before ? before : laterOffset(local, before, zone);
}

function laterOffset(local: number, before: number, zone: string): number {
  const after = zoneOffset(local + 86_400_000, zone);
  return zoneOffset(local - after, zone) === after ? after : before;
}

function zoneOffset(utc: number, zone: string): number {
  const parts = new Map(
    formatter(zone)
      .formatToParts(utc)
      .map((part) => [part.type, Number(part.value)]),
  );
  const wall = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((type) => parts.get(type as Intl.DateTimeFormatPartTypes)!);
  return localMs(wall) - Math.floor(utc / 1000) * 1000;
}

function formatter(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-u-ca-iso8601-hc-h23', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
}
