import { type CalendarUnit, fixedLengthMs } from '@millrace/data';
import type { PlanExpression, PlanInterval } from '../plan.ts';

/** The interval that a bound expression is, or undefined if it is no constant interval. */
export function intervalOf(expression: PlanExpression): PlanInterval | undefined {
  if (expression.kind !== 'constant' || expression.type.kind !== 'interval') return undefined;
  return { amount: Number(expression.value), unit: expression.type.unit };
}

const dayMs = 86_400_000;
const nominalMs: Readonly<Partial<Record<CalendarUnit, number>>> = {
  day: dayMs,
  week: 7 * dayMs,
  month: 30 * dayMs,
  quarter: 91 * dayMs,
  year: 365 * dayMs,
};

/** The length in ms of an interval of processing time: a day is 24 h, a month 30 days, a quarter 91, a year 365. */
export function lengthMs({ amount, unit }: PlanInterval): number {
  return amount * (fixedLengthMs(unit) ?? nominalMs[unit]!);
}

/** True for days and longer units, whose length the calendar says. */
export function isCalendar({ unit }: PlanInterval): boolean {
  return fixedLengthMs(unit) === null;
}
