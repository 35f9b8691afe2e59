import { addToDate, type CalendarUnit, type DataType, precisionOf, rescaleTicks, zone, zoneOf } from '@millrace/data';
import { inline, perQuery } from '../define-function.ts';
import type { Kernel, ResolvedFunction } from '../definition.ts';
import { isWide } from '../numeric-type.ts';
import { digitsOf, scaleOf, type Tick, ticksOf } from './scale.ts';

/**
 * The type of a time moved by units: a date stays one under days and longer units, and becomes a datetime under shorter ones;
 * units below a second need a datetime64 that can hold them.
 */
function shiftedType(type: DataType, unit: CalendarUnit): DataType {
  if (type.kind === 'date' && ticksOf(unit, 0) === null) return type;
  const digits = digitsOf(unit);
  const named = zoneOf(type);
  if (type.kind !== 'datetime64')
    return digits === 0 ? { kind: 'datetime', zone: named } : { kind: 'datetime64', precision: digits, zone: named };
  return { ...type, precision: Math.max(type.precision, digits) };
}

/**
 * `(time, amount)` moved by `amount` units (`sign` −1: back), calendar aware in the type's zone.
 * @see Zone.add for what days and longer units keep
 */
export function resolveShift(type: DataType, amount: DataType, unit: CalendarUnit, sign: 1 | -1): ResolvedFunction {
  return { returns: shiftedType(type, unit), argumentTypes: [type, amount], nulls: 'propagate', kernel: shiftKernel(type, unit, sign) };
}

function shiftKernel(type: DataType, unit: CalendarUnit, sign: 1 | -1): Kernel {
  const returns = shiftedType(type, unit);
  const ticks = ticksOf(unit, precisionOf(returns));
  const sameScale = type.kind === returns.kind && precisionOf(type) === precisionOf(returns);
  if (ticks !== null && sameScale) return addTicks(isWide(returns), ticks * sign);
  if (returns.kind === 'date') return perQuery(() => (days: number, amount: Tick) => addToDate(days, sign * Number(amount), unit as 'day'));
  return perQuery(({ timezone }) => {
    const place = zone(zoneOf(type) ?? timezone);
    const [from, to] = [scaleOf(type), scaleOf(returns)];
    if (ticks !== null) {
      return (value: Tick, amount: Tick) => {
        const start =
          type.kind === 'date' ? to.join(from.split(value, place), place) : rescaleTicks(value, precisionOf(type), precisionOf(returns));
        return typeof start === 'bigint' ? start + BigInt(ticks * sign) * BigInt(amount) : start + ticks * sign * Number(amount);
      };
    }
    return (value: Tick, amount: Tick) => {
      const { ms, rest } = from.split(value, place);
      return to.join({ ms: place.add(ms, sign * Number(amount), unit), rest }, place);
    };
  });
}

function addTicks(wide: boolean, ticks: number): Kernel {
  if (wide) return inline((value, amount) => `(${value} + BigInt(${amount}) * ${ticks < 0 ? `(${ticks}n)` : `${ticks}n`})`);
  return inline((value, amount) => `(${value} + Number(${amount}) * ${ticks < 0 ? `(${ticks})` : ticks})`);
}
