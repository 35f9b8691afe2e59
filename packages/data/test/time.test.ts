import { MillraceError } from '@millrace/core';
import {
  addToDate,
  type CalendarUnit,
  civilFromDays,
  dayOfYear,
  daysFromCivil,
  fixedLengthMs,
  floorDate,
  formatDate,
  formatDateTime,
  parseDateSpan,
  parseDateTime,
  parseDateTimeBigInt,
  parseDateTimeSpan,
  rescaleTicks,
  temporalFromMs,
  temporalToMs,
  zone,
} from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const utc = zone('UTC');
const names = [
  'Europe/London',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Pacific/Apia',
  'Africa/Casablanca',
  '+02:00',
];
const instants = fc.integer({ min: Date.UTC(1971, 0, 1), max: Date.UTC(2060, 0, 1) });

const oracles = new Map<string, Intl.DateTimeFormat>();

/** The wall clock as Intl shows it, in ms. */
function oracleLocal(name: string, ms: number): number {
  let format = oracles.get(name);
  if (format === undefined) {
    const two = '2-digit' as const;
    format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: name,
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    });
    oracles.set(name, format);
  }
  return Date.parse(`${format.format(ms).replace(' ', 'T')}Z`) + (((ms % 1000) + 1000) % 1000);
}

/** All instants at which the wall clock shows a local time, found by trying every quarter-hour offset. */
function oracleInstants(name: string, localMs: number): number[] {
  const found: number[] = [];
  for (let offset = -14 * 4; offset <= 14 * 4; offset++) {
    const ms = localMs - offset * 900_000;
    if (oracleLocal(name, ms) === localMs) found.push(ms);
  }
  return found.sort((a, b) => a - b);
}

/** Instants around changes of the offset, where mistakes are made. */
const changes = [
  Date.UTC(2026, 2, 29, 1),
  Date.UTC(2026, 9, 25, 1),
  Date.UTC(2026, 2, 8, 7),
  Date.UTC(2026, 10, 1, 6),
  Date.UTC(2026, 3, 4, 15),
  Date.UTC(2026, 9, 3, 15, 30),
];
const delicate = fc.tuple(fc.constantFrom(...changes), fc.integer({ min: -7_500_000, max: 7_500_000 })).map(([at, by]) => at + by);
const anyInstant = fc.oneof(instants, delicate);
const anyZone = fc.constantFrom(...names);

describe('Zone', () => {
  it('shows the wall clock that Intl shows', () => {
    fc.assert(
      fc.property(anyZone, anyInstant, (name, ms) => {
        expect(zone(name).toLocal(ms)).toBe(oracleLocal(name, ms));
      }),
      { numRuns: 100 },
    );
  });

  it('finds the first instant of a local time, and moves on by the jump where there is none', () => {
    fc.assert(
      fc.property(anyZone, anyInstant, (name, ms) => {
        const wall = Math.floor(ms / 1000) * 1000;
        const [first] = oracleInstants(name, wall);
        const found = zone(name).fromLocal(wall);
        if (first !== undefined) expect(found).toBe(first);
        else expect(oracleLocal(name, found)).toBeGreaterThan(wall);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['Europe/London', '2026-03-29 01:30:00', '2026-03-29 02:30:00'],
    ['America/New_York', '2026-03-08 02:30:00', '2026-03-08 03:30:00'],
    ['Australia/Lord_Howe', '2026-10-04 02:15:00', '2026-10-04 02:45:00'],
  ])('in %s %s does not exist and is read as %s', (name, missing, shown) => {
    expect(formatDateTime(parseDateTime(missing, 0, zone(name)), 0, zone(name))).toBe(shown);
  });

  it('reads a local time that comes twice as the first', () => {
    expect(formatDateTime(parseDateTime('2026-10-25 01:30:00', 0, zone('Europe/London')), 0, utc)).toBe('2026-10-25 00:30:00');
    expect(formatDateTime(parseDateTime('2026-04-05 01:45:00', 0, zone('Australia/Lord_Howe')), 0, utc)).toBe('2026-04-04 14:45:00');
  });

  it('starts calendar windows where the oracle sees a new period', () => {
    const periodOf: Record<string, (date: Date) => number> = {
      day: (date) => Math.floor(date.getTime() / 86_400_000),
      week: (date) => Math.floor((Math.floor(date.getTime() / 86_400_000) + 3) / 7),
      month: (date) => date.getUTCFullYear() * 12 + date.getUTCMonth(),
      quarter: (date) => date.getUTCFullYear() * 4 + Math.floor(date.getUTCMonth() / 3),
      year: (date) => date.getUTCFullYear(),
    };
    fc.assert(
      fc.property(anyZone, anyInstant, fc.constantFrom<CalendarUnit>('day', 'week', 'month', 'quarter', 'year'), (name, ms, unit) => {
        const period = (at: number) => periodOf[unit]!(new Date(oracleLocal(name, at)));
        const start = zone(name).floor(ms, 1, unit);
        const end = zone(name).add(start, 1, unit);
        expect(start).toBeLessThanOrEqual(ms);
        expect(end).toBeGreaterThan(ms);
        expect(period(start)).toBe(period(ms));
        expect(period(start - 1)).toBeLessThan(period(ms));
        expect(period(end)).toBeGreaterThan(period(ms));
        expect(zone(name).floor(start, 1, unit)).toBe(start);
        expect(zone(name).floor(end, 1, unit)).toBe(end);
      }),
      { numRuns: 100 },
    );
  });

  it('aligns fixed windows to the local hour and keeps their length', () => {
    fc.assert(
      fc.property(
        anyZone,
        anyInstant,
        fc.constantFrom<[number, CalendarUnit]>([5, 'second'], [15, 'minute'], [1, 'hour'], [250, 'millisecond']),
        (name, ms, [amount, unit]) => {
          const start = zone(name).floor(ms, amount, unit);
          const length = amount * fixedLengthMs(unit)!;
          expect(ms - start).toBeGreaterThanOrEqual(0);
          expect(ms - start).toBeLessThan(length);
          expect((start + zone(name).offsetAt(ms)) % length).toBe(0);
        },
      ),
    );
  });

  it('keeps the wall clock when it adds days, and elapsed time when it adds hours', () => {
    const london = zone('Europe/London');
    const noon = parseDateTime('2026-03-28 12:00:00', 3, london);
    expect(london.add(noon, 1, 'day') - noon).toBe(23 * 3_600_000);
    expect(london.add(noon, 24, 'hour') - noon).toBe(24 * 3_600_000);
    const autumn = parseDateTime('2026-10-25 00:00:00', 3, london);
    expect(london.add(autumn, 1, 'day') - autumn).toBe(25 * 3_600_000);
  });

  it('turns a day that the month has not into its last', () => {
    const add = (text: string, amount: number, unit: CalendarUnit) =>
      formatDateTime(utc.add(parseDateTime(text, 3, utc), amount, unit), 0 + 3, utc);
    expect(add('2026-01-31 10:00:00', 1, 'month')).toBe('2026-02-28 10:00:00.000');
    expect(add('2024-02-29 10:00:00', 1, 'year')).toBe('2025-02-28 10:00:00.000');
    expect(add('2026-03-31 10:00:00', -1, 'quarter')).toBe('2025-12-31 10:00:00.000');
    expect(add('2026-01-05 10:00:00', -1, 'week')).toBe('2025-12-29 10:00:00.000');
  });

  it('counts windows of several units from 1970', () => {
    const floor = (text: string, amount: number, unit: CalendarUnit) =>
      formatDateTime(utc.floor(parseDateTime(text, 3, utc), amount, unit), 3, utc);
    expect(floor('2026-05-20 10:00:00', 5, 'year')).toBe('2025-01-01 00:00:00.000');
    expect(floor('2026-05-20 10:00:00', 2, 'quarter')).toBe('2026-01-01 00:00:00.000');
    expect(floor('2026-05-20 10:00:00', 1, 'week')).toBe('2026-05-18 00:00:00.000');
  });

  it('takes local time apart', () => {
    expect(zone('Asia/Kolkata').parts(Date.UTC(2026, 0, 1, 18, 45, 7, 9))).toEqual({
      year: 2026,
      month: 1,
      day: 2,
      hour: 0,
      minute: 15,
      second: 7,
      millisecond: 9,
      dayOfWeek: 5,
    });
  });

  it('is one object for each name, and refuses names that the tz database does not know', () => {
    expect(zone('Europe/London')).toBe(zone('Europe/London'));
    try {
      zone('Europe/Lodnon');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(MillraceError);
      expect(error).toMatchObject({ code: 'PLAN_ARGUMENT_INVALID', hint: 'did you mean Europe/London?' });
    }
  });
});

describe('the calendar', () => {
  it('agrees with Date from 1900 to 2299', () => {
    fc.assert(
      fc.property(fc.integer({ min: -25_567, max: 120_529 }), (days) => {
        const date = new Date(days * 86_400_000);
        const civil = civilFromDays(days);
        expect(civil).toEqual({ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() });
        expect(daysFromCivil(civil.year, civil.month, civil.day)).toBe(days);
        expect(dayOfYear(days)).toBe(Math.round((date.getTime() - Date.UTC(civil.year, 0, 1)) / 86_400_000) + 1);
        expect(formatDate(days)).toBe(date.toISOString().slice(0, 10));
      }),
    );
  });

  it('moves and floors dates', () => {
    expect(formatDate(addToDate(daysFromCivil(2026, 1, 31), 1, 'month'))).toBe('2026-02-28');
    expect(formatDate(floorDate(daysFromCivil(2026, 5, 20), 1, 'week'))).toBe('2026-05-18');
  });
});

describe('parseDateTime', () => {
  it.each([
    ['2026-01-01', Date.UTC(2026, 0, 1)],
    ['2026-01-01 00:00', Date.UTC(2026, 0, 1)],
    ['2026-01-01 12:34:56', Date.UTC(2026, 0, 1, 12, 34, 56)],
    ['2026-01-01 12:34:56.7', Date.UTC(2026, 0, 1, 12, 34, 56, 700)],
    ['2026-01-01T12:34:56.123456Z', Date.UTC(2026, 0, 1, 12, 34, 56, 123)],
    ['2026-01-01T12:34:56+05:30', Date.UTC(2026, 0, 1, 7, 4, 56)],
    ['2026-01-01T12:34:56-0800', Date.UTC(2026, 0, 1, 20, 34, 56)],
    ['2026-01-01 12:34:56+01', Date.UTC(2026, 0, 1, 11, 34, 56)],
    ['1900-01-01 00:00:00', Date.UTC(1900, 0, 1)],
    ['2299-12-31 23:59:59.999', Date.UTC(2299, 11, 31, 23, 59, 59, 999)],
    ['1767225600123', 1767225600123],
    ['1767225600.5', 1767225600500],
    ['-1500', -1500],
    ['-1.5', -1500],
    ['0', 0],
  ])('reads %s', (text, expected) => {
    expect(parseDateTime(text, 3, utc)).toBe(expected);
    expect(parseDateTimeBigInt(text, 3, utc)).toBe(BigInt(expected));
  });

  it.each([
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-01-32',
    '2026-1-01',
    '26-01-01',
    '1899-12-31',
    '2300-01-01',
    '2026-01-01 24:00:00',
    '2026-01-01 12:60:00',
    '2026-01-01 12:34:60',
    '2026-01-01 12:34:56.',
    '2026-01-01 12',
    '2026-01-01 12:34:5',
    '2026-01-01x12:34:56',
    '2026-01-01 12:34:56 ',
    '2026-01-01T12:34:56+5:30',
    '2026-01-01T12:34:56+05:3',
    '2026-01-01T12:34:56Zx',
    '',
    '-',
    '.',
    '1.',
    '12a',
    '99999999999999999',
    '2026-01-01 12:34:56+24:00',
    '20a6-01-01',
  ])('refuses %j', (text) => {
    expect(parseDateTime(text, 3, utc)).toBeNaN();
    expect(parseDateTimeBigInt(text, 3, utc)).toBeNull();
  });

  it('reads nanoseconds without loss', () => {
    expect(parseDateTimeBigInt('2026-01-01 00:00:00.123456789', 9, utc)).toBe(1767225600123456789n);
    expect(parseDateTimeBigInt('1767225600123456789', 9, utc)).toBe(1767225600123456789n);
    expect(formatDateTime(1767225600123456789n, 9, utc)).toBe('2026-01-01 00:00:00.123456789');
    expect(formatDateTime(-1n, 9, utc)).toBe('1969-12-31 23:59:59.999999999');
  });

  it('reads a span in the middle of other bytes', () => {
    const bytes = Buffer.from('"ts":"2026-01-01 00:00:01.5","x"');
    expect(parseDateTimeSpan(bytes, 6, 27, 3, utc)).toBe(1767225601500);
    expect(parseDateSpan(bytes, 6, 16)).toBe(20454);
  });

  it('reads what formatDateTime writes, in every zone and precision', () => {
    fc.assert(
      fc.property(anyZone, instants, fc.constantFrom(0, 3, 6), (name, ms, precision) => {
        const ticks = Math.floor(ms / 1000) * 10 ** precision;
        const text = formatDateTime(ticks, precision, zone(name));
        const back = parseDateTime(text, precision, zone(name));
        // Of a local time that comes twice only the first is read.
        expect(formatDateTime(back, precision, zone(name))).toBe(text);
        expect(ticks - back).toBeGreaterThanOrEqual(0);
        expect(formatDateTime(ticks, precision, utc)).toBe(
          new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19).replace('T', ' ') +
            (precision === 0 ? '' : `.${'0'.repeat(precision)}`),
        );
      }),
    );
  });
});

describe('ticks', () => {
  it('are cut towards the past when they become coarser', () => {
    expect(rescaleTicks(-1, 3, 0)).toBe(-1);
    expect(rescaleTicks(1500, 3, 0)).toBe(1);
    expect(rescaleTicks(-1n, 9, 6)).toBe(-1);
    expect(rescaleTicks(5, 3, 9)).toBe(5_000_000n);
  });

  it('become instants and come back', () => {
    const type = { kind: 'datetime64', precision: 9, zone: null } as const;
    expect(temporalToMs(1767225600123000000n, type, 'UTC')).toBe(1767225600123);
    expect(temporalFromMs(1767225600123, type, 'UTC')).toBe(1767225600123000000n);
    expect(temporalToMs(20454, { kind: 'date' }, 'Asia/Kolkata')).toBe(Date.UTC(2025, 11, 31, 18, 30));
    expect(temporalFromMs(Date.UTC(2025, 11, 31, 18, 30), { kind: 'date' }, 'Asia/Kolkata')).toBe(20454);
  });
});
