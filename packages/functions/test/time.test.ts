import { zone } from '@millrace/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allScalarFunctions } from '../src/scalar-functions.ts';
import { call, evaluate, type Typed, testContext, toPlain } from './evaluate.ts';

const string = (value: string): Typed => ({ type: { kind: 'string' }, value });
const dateTime = (seconds: number, name = 'UTC'): Typed => ({ type: { kind: 'datetime', zone: name }, value: seconds });
const number = (value: number): Typed => ({ type: { kind: 'int32' }, value });

const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe');
const seconds = fc.integer({ min: Date.UTC(1971, 0, 1) / 1000, max: Date.UTC(2037, 0, 1) / 1000 });

/** The wall clock by way of Intl: slow, and nothing of ours. */
function wallClock(
  epochSeconds: number,
  timeZone: string,
): { year: number; month: number; day: number; hour: number; minute: number; second: number } {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = Object.fromEntries(format.formatToParts(epochSeconds * 1000).map(({ type, value }) => [type, Number(value)]));
  return parts as ReturnType<typeof wallClock>;
}

describe('parts of a time', () => {
  it('are those of the wall clock', () => {
    fc.assert(
      fc.property(seconds, zones, (at, name) => {
        const local = wallClock(at, name);
        for (const part of ['year', 'month', 'day', 'hour', 'minute', 'second'] as const) {
          expect(call(`to_${part}`, [dateTime(at, name)]).value, part).toBe(local[part]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('can be asked for in another zone', () => {
    expect(evaluate("to_hour(to_datetime('2026-01-01 23:30:00', 'UTC'), 'Asia/Kolkata')").value).toBe(5);
  });
});

describe('date_add and date_diff', () => {
  it('undo each other for fixed units', () => {
    fc.assert(
      fc.property(seconds, fc.integer({ min: -5000, max: 5000 }), fc.constantFrom('second', 'minute', 'hour'), (at, amount, unit) => {
        const later = call('date_add', [string(unit), number(amount), dateTime(at)]);
        expect(call('date_diff', [string(unit), dateTime(at), later]).value).toBe(BigInt(amount));
        expect(call('date_sub', [string(unit), number(amount), later]).value).toBe(at);
      }),
      { numRuns: 200 },
    );
  });

  it('date_diff of days is the difference of the dates on the wall clock', () => {
    fc.assert(
      fc.property(seconds, seconds, zones, (start, end, name) => {
        const day = (at: number) => {
          const { year, month, day } = wallClock(at, name);
          return Date.UTC(year, month - 1, day) / 86_400_000;
        };
        expect(call('date_diff', [string('day'), dateTime(start, name), dateTime(end, name)]).value).toBe(BigInt(day(end) - day(start)));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["date_diff('week', to_date('2026-01-04'), to_date('2026-01-05'))", 1],
    ["date_diff('quarter', to_date('2025-12-31'), to_date('2026-04-01'))", 2],
    ["date_diff('year', to_date('2026-12-31'), to_date('2027-01-01'))", 1],
    ["date_diff('us', to_datetime64('2026-01-01 00:00:00.000001', 6, 'UTC'), to_datetime64('2026-01-01 00:00:00.000005', 6, 'UTC'))", 4],
    [
      "date_diff('ns', to_datetime64('1969-12-31 23:59:59.999999999', 9, 'UTC'), to_datetime64('1970-01-01 00:00:00.000000001', 9, 'UTC'))",
      2,
    ],
    ["date_diff('ms', to_date('2026-01-01'), to_datetime64('2026-01-01 00:00:00.250', 3, 'UTC'))", 250],
    ["to_datetime64('2026-01-01 00:00:00.123456789', 9, 'UTC') + INTERVAL 1 MONTH", '2026-02-01 00:00:00.123456789'],
    ["to_datetime64('2026-01-01 00:00:00.123456', 6, 'UTC') + INTERVAL 1 HOUR", '2026-01-01 01:00:00.123456'],
    ["to_datetime('2026-01-01 00:00:00', 'UTC') - INTERVAL 1 NANOSECOND", '2025-12-31 23:59:59.999999999'],
    ["INTERVAL 1 DAY + to_date('2026-01-01')", '2026-01-02'],
    ["to_date('2026-03-01') - to_date('2026-02-01')", 28],
    ["to_datetime64('2026-01-01 00:00:01.900', 3, 'UTC') - to_datetime('2026-01-01 00:00:00', 'UTC')", 1],
  ])('%s is %s', (sql, expected) => {
    expect(toPlain(evaluate(sql))).toBe(expected);
  });

  it('keep the wall clock over days, and elapsed time over hours, where clocks change', () => {
    const berlin = (text: string) => `to_datetime('${text}', 'Europe/Berlin')`;
    const show = (sql: string) => evaluate(`to_string(${sql})`).value;
    expect(show(`${berlin('2026-03-28 12:00:00')} + INTERVAL 1 DAY`)).toBe('2026-03-29 12:00:00');
    expect(show(`${berlin('2026-03-28 12:00:00')} + INTERVAL 24 HOUR`)).toBe('2026-03-29 13:00:00');
    expect(evaluate(`date_diff('hour', ${berlin('2026-03-29 00:00:00')}, ${berlin('2026-03-30 00:00:00')})`).value).toBe(23n);
    expect(evaluate(`${berlin('2026-03-30 00:00:00')} - ${berlin('2026-03-29 00:00:00')}`).value).toBe(23n * 3600n);
  });

  it('name the legal units', () => {
    expect(() => evaluate("date_diff('fortnight', today(), today())")).toThrow(/date_diff: 'fortnight' is no unit of time/);
  });
});

describe('starts of units', () => {
  it('lie at or before the time, and are their own starts', () => {
    const units = fc.constantFrom('minute', 'hour', 'day', 'week', 'month', 'quarter', 'year');
    fc.assert(
      fc.property(seconds, zones, units, (at, name, unit) => {
        const start = call(`to_start_of_${unit}`, [dateTime(at, name)]);
        const startSeconds = start.type.kind === 'date' ? zone(name).startOfDay(start.value as number) / 1000 : (start.value as number);
        expect(startSeconds).toBeLessThanOrEqual(at);
        expect(call('date_diff', [string(unit), dateTime(startSeconds, name), dateTime(at, name)]).value).toBe(0n);
        expect(call(`to_start_of_${unit}`, [dateTime(startSeconds, name)]).value).toBe(start.value);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ["date_trunc('second', to_datetime64('2026-05-28 13:14:15.678', 3, 'UTC'))", '2026-05-28 13:14:15.000'],
    ["date_trunc('microsecond', to_datetime64('2026-05-28 13:14:15.678901234', 9, 'UTC'))", '2026-05-28 13:14:15.678901000'],
    ["date_trunc('us', to_datetime64('1960-05-28 13:14:15.678901234', 9, 'UTC'))", '1960-05-28 13:14:15.678901000'],
    ["date_trunc('millisecond', to_datetime('2026-05-28 13:14:15', 'UTC'))", '2026-05-28 13:14:15.000'],
    ["date_trunc('ns', to_datetime('2026-05-28 13:14:15', 'UTC'))", '2026-05-28 13:14:15.000000000'],
    ["date_trunc('ns', to_date('2026-05-28'))", '2026-05-28 00:00:00.000000000'],
    ["to_timezone(date_trunc('day', to_datetime('2026-05-28 03:14:15', 'UTC'), 'America/New_York'), 'UTC')", '2026-05-27 04:00:00'],
  ])('%s is %s', (sql, expected) => {
    expect(toPlain(evaluate(sql))).toBe(expected);
  });
});

describe('format_datetime and parse_datetime', () => {
  it('undo each other', () => {
    fc.assert(
      fc.property(seconds, fc.constantFrom('%F %T %z', '%d.%m.%Y %H:%i:%S %z', '%b %e %Y %I:%M:%S %p %z'), zones, (at, pattern, name) => {
        const text = call('format_datetime', [dateTime(at, name), string(pattern)]);
        expect(call('parse_datetime', [text, string(pattern), string(name)]).value).toBe(at);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    [
      "format_datetime(to_datetime64('2026-01-02 03:04:05.678', 3, 'UTC'), '%f|%Q|%V|%j|%G|%u|%w|%W|%y|%%')",
      '678000|1|01|002|2026|5|5|Friday|26|%',
    ],
    ["format_datetime(to_datetime('2026-01-02 00:04:05', 'UTC'), '%h %I %k %l %p %r')", '12 12  0 12 AM 12:04 AM'],
    ["format_datetime(to_date('2026-01-02'), '%F %T')", '2026-01-02 00:00:00'],
    ["format_datetime(to_datetime('2026-01-02 00:00:00', 'UTC'), '%z', 'America/St_Johns')", '-0330'],
  ])('%s is %s', (sql, expected) => {
    expect(toPlain(evaluate(sql))).toBe(expected);
  });

  it('refuse what does not fit, and codes that there are not', () => {
    expect(() => evaluate("parse_datetime('2026-02-30', '%Y-%m-%d', 'UTC')")).toThrow(
      expect.objectContaining({ code: 'DATA_CAST_FAILED' }),
    );
    expect(() => evaluate("parse_datetime('x', '%Y', 'UTC')")).toThrow("parse_datetime: 'x' does not fit the pattern '%Y'");
    expect(() => evaluate("format_datetime(now(), '%O')")).toThrow("format_datetime: '%O' is no code of a format");
    expect(() => evaluate("parse_datetime('x', '%Q')")).toThrow(expect.objectContaining({ code: 'PLAN_ARGUMENT_INVALID' }));
  });
});

describe('the clock', () => {
  it('is read in the server’s zone unless one is named', () => {
    const context = testContext('Asia/Tokyo');
    expect(toPlain(evaluate('to_string(now())', new Map(), context))).toBe('2026-01-02 12:04:05');
    expect(toPlain(evaluate("to_string(now('UTC'))", new Map(), context))).toBe('2026-01-02 03:04:05');
    expect(toPlain(evaluate('to_hour(now64())', new Map(), context))).toBe(12);
  });

  it('is never folded', () => {
    for (const name of ['now', 'now64', 'today', 'uuid', 'rand', 'rand64']) expect(deterministic(name), name).toBe(false);
    expect(deterministic('earliest_ts')).toBe(true);
  });
});

function deterministic(name: string): boolean {
  return allScalarFunctions.find((definition) => definition.name === name)!.deterministic;
}
