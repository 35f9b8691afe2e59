import { MillraceError } from '@millrace/core';

function invalid(name: string, value: unknown, legal: string): MillraceError {
  return new MillraceError('PLAN_ARGUMENT_INVALID', `the setting ${name} is ${JSON.stringify(value)}, but must be ${legal}`);
}

/** true, false, 1, 0, or their texts. @throws {MillraceError} PLAN_ARGUMENT_INVALID. */
export function parseBool(name: string, value: unknown): boolean {
  const text = String(value).toLowerCase();
  if (text === '1' || text === 'true') return true;
  if (text === '0' || text === 'false') return false;
  throw invalid(name, value, 'a bool (1, 0, true, false)');
}

/** An integer from `min` on. @throws {MillraceError} PLAN_ARGUMENT_INVALID. */
export function parseInteger(name: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  const bounds = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
  if (typeof value === 'boolean' || !Number.isSafeInteger(number) || number < min || number > max)
    throw invalid(name, value, `an integer ${bounds}`);
  return number;
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  millisecond: 1,
  s: 1000,
  second: 1000,
  m: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};

/** A length of time in ms: `'1s'`, `'500ms'`, or a number of seconds. @throws {MillraceError} PLAN_ARGUMENT_INVALID. */
export function durationMs(name: string, value: unknown): number {
  const ms = parseDurationMs(String(value));
  if (ms === undefined || ms < 0) throw invalid(name, value, "a length of time such as '1s' or '500ms', or a number of seconds");
  return ms;
}

/** The ms of `2h`, `-30m`, `1.5` (seconds), `2 hour`; undefined if the text is no length of time. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^\s*([+-]?\d+(?:\.\d+)?)\s*([a-z]*?)s?\s*$/i.exec(text);
  if (match === null) return undefined;
  // `M` is a month everywhere else: no minute is meant by it.
  if (match[2] === 'M') return undefined;
  const written = match[2]!.toLowerCase();
  // The plural's s is the unit itself in '5s' and part of it in '5ms'.
  const unit = /ms\s*$/i.test(text) ? 'ms' : written === '' ? 's' : written;
  const factor = unitMs[unit];
  return factor === undefined ? undefined : Math.round(Number(match[1]) * factor);
}
