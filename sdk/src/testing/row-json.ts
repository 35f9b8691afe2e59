import type { Column, Row, Value } from '../values.ts';
import { isMap } from './infer-columns.ts';
import { datetimePrecision } from './time-type.ts';

/** A row as a line of JSONEachRow: 64-bit integers as numbers, times as text in UTC, what JSON has no numbers for as null. */
export function rowJson(columns: readonly Column[], row: Row): string {
  return `{${columns.map(({ name, type }) => `${JSON.stringify(name)}:${cell(type, row[name] ?? null)}`).join(',')}}`;
}

function cell(type: string, value: Value): string {
  const bare = type.replace(/^nullable\((.*)\)$/, '$1');
  if (value !== null && (bare.startsWith('date') || bare.startsWith('datetime'))) return JSON.stringify(timeText(bare, value));
  return json(value);
}

function json(value: Value): string {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (!isMap(value)) return `[${value.map(json).join(',')}]`;
  return `{${[...value].map(([key, item]) => `${JSON.stringify(String(key))}:${json(item)}`).join(',')}}`;
}

function timeText(type: string, value: Value): string {
  const precision = datetimePrecision(type) ?? 0;
  const ticks = typeof value === 'bigint' ? value : BigInt(Math.round(Number(value) * 10 ** Math.max(0, precision - 3)));
  const perSecond = 10n ** BigInt(typeof value === 'bigint' ? precision : Math.max(3, precision));
  const seconds = floorDivide(ticks, perSecond);
  const [day, time] = new Date(Number(seconds) * 1000).toISOString().slice(0, 19).split('T');
  if (type.startsWith('date') && !type.startsWith('datetime')) return day!;
  const fraction = String(ticks - seconds * perSecond).padStart(String(perSecond).length - 1, '0');
  return `${day} ${time}${precision === 0 ? '' : `.${fraction.slice(0, precision)}`}`;
}

function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}
