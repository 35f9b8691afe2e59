import { type DataType, formatDataType, isTemporal, precisionOf, removeNullable, toText, zone, zoneOf } from '@millrace/data';
import type { Expression, FunctionSource } from '@millrace/sql';
import { ExpressionBinder } from '../bind/expression-binder.ts';
import { intervalOf, isCalendar, lengthMs } from '../bind/interval.ts';
import { Scope } from '../bind/scope.ts';
import { asEventTime } from '../expression/build.ts';
import { isDeterministic } from '../expression/expression-key.ts';
import type { PlanExpression, PlanInterval, WindowPlan } from '../plan.ts';
import { placed, planError } from '../plan-error.ts';
import type { Planning } from './planning.ts';
import { type DefaultTime, type Relation, windowEndIndex, windowStartIndex } from './relation.ts';

const usages = {
  tumble: 'tumble(stream, [time column], size, [time zone])',
  hop: 'hop(stream, [time column], slide, [size], [time zone])',
} as const;

type WindowKind = keyof typeof usages;

/** The `tumble` or `hop` over a relation. @throws {MillraceError} PLAN_ARGUMENT_*, NOT_SUPPORTED. */
export function planWindow(kind: WindowKind, source: FunctionSource, input: Relation, planning: Planning): Relation {
  const plan = new WindowArguments(kind, source, input, planning).plan();
  return { ...input, window: { name: kind, plan, startIndex: windowStartIndex, endIndex: windowEndIndex } };
}

class WindowArguments {
  readonly #kind: WindowKind;
  readonly #source: FunctionSource;
  readonly #input: Relation;
  readonly #planning: Planning;
  readonly #bound: readonly PlanExpression[];

  constructor(kind: WindowKind, source: FunctionSource, input: Relation, planning: Planning) {
    this.#kind = kind;
    this.#source = source;
    this.#input = input;
    this.#planning = planning;
    const binder = new ExpressionBinder(new Scope(input.columns, input.qualifiers), planning.context);
    this.#bound = source.arguments.map((argument) => binder.bind(argument, { name: kind, aggregates: null }));
  }

  plan(): WindowPlan {
    const [kind, last] = [this.#kind, this.#bound.length - 1];
    const hasZone = last >= 0 && this.#bound[last]!.type.kind === 'string';
    const hasTime = this.#bound.length > 0 && this.#bound[0]!.type.kind !== 'interval';
    const [from, to] = [hasTime ? 1 : 0, hasZone ? last : last + 1];
    const intervals = this.#bound.slice(from, to).map((_, index) => this.#interval(from + index));
    if (intervals.length === 0 && hasTime && !isTemporal(this.#bound[0]!.type)) throw this.#notAnInterval(0);
    const most = kind === 'tumble' ? 1 : 2;
    if (intervals.length < 1 || intervals.length > most || from > to)
      throw this.#error('PLAN_ARGUMENT_COUNT', this.#countMessage(intervals.length));
    const [slide, size = slide] = intervals as [PlanInterval, PlanInterval?];
    this.#checkSizes(slide, size);
    const zoneName = hasZone ? this.#zone(last) : null;
    return { kind, slide, size, ...this.#time(hasTime, zoneName, slide, size) };
  }

  #countMessage(given: number): string {
    return given === 0 ? `${this.#kind} has no window size` : `${this.#kind} has ${given} intervals`;
  }

  #interval(index: number): PlanInterval {
    const bound = this.#bound[index]!;
    const node = this.#source.arguments[index]!;
    const interval = intervalOf(bound);
    if (interval === undefined) throw this.#notAnInterval(index);
    if (interval.amount <= 0) throw this.#error('PLAN_ARGUMENT_INVALID', `an interval of ${this.#kind} must be greater than 0`, node);
    if (lengthMs(interval) > longestMs)
      throw this.#error('PLAN_ARGUMENT_INVALID', `an interval of ${this.#kind} is at most 400 years`, node);
    if (!isCalendar(interval) && !Number.isInteger(Math.round(lengthMs(interval) * 1e6) / 1e6)) {
      throw this.#error('NOT_SUPPORTED', 'windows of less than a millisecond are not supported', node);
    }
    return interval;
  }

  #notAnInterval(index: number) {
    const given = formatDataType(this.#bound[index]!.type);
    const message = `${this.#kind} takes a constant interval such as 5s or INTERVAL 5 SECOND here, not ${given}`;
    return this.#error('PLAN_ARGUMENT_TYPE', message, this.#source.arguments[index]!);
  }

  #checkSizes(slide: PlanInterval, size: PlanInterval): void {
    if (isCalendar(slide) !== isCalendar(size)) {
      throw this.#error(
        'PLAN_ARGUMENT_INVALID',
        `hop mixes ${slide.unit} with ${size.unit}: slide and size are both of days and longer, or both shorter`,
      );
    }
    if (lengthMs(slide) > lengthMs(size)) {
      const [written, window] = [slide, size].map(({ amount, unit }) => `${amount} ${unit}`);
      throw this.#error(
        'PLAN_ARGUMENT_INVALID',
        `hop has a slide of ${written}, longer than its size of ${window}: rows between the windows would be lost`,
      );
    }
    const windows = Math.ceil(lengthMs(size) / lengthMs(slide));
    if (windows > mostWindows) {
      const message = `this hop would put each row into ${windows} windows, and ${mostWindows} is the bound`;
      throw this.#error('PLAN_ARGUMENT_INVALID', message, undefined, 'take a longer slide or a shorter size');
    }
  }

  #zone(index: number): string {
    const node = this.#source.arguments[index]!;
    const bound = this.#bound[index]!;
    if (bound.kind !== 'constant') throw this.#error('PLAN_ARGUMENT_INVALID', 'the time zone is a constant', node);
    const name = toText(bound.value as string);
    return placed({ source: this.#planning.context.source, node }, () => zone(name)).name;
  }

  #time(
    hasTime: boolean,
    zoneName: string | null,
    slide: PlanInterval,
    size: PlanInterval,
  ): Pick<WindowPlan, 'time' | 'zone' | 'boundType'> {
    const { context } = this.#planning;
    const { column, boundType } = hasTime ? this.#explicitTime() : this.#defaultTime();
    const named = boundTypeOf(boundType, zoneName, slide, size);
    return { time: asEventTime(column, context), zone: zoneOf(named) ?? context.timezone, boundType: named };
  }

  #explicitTime(): DefaultTime {
    const column = this.#bound[0]!;
    const node = this.#source.arguments[0]!;
    if (!isDeterministic(column))
      throw this.#error('NOT_SUPPORTED', `${this.#kind} over processing time is not supported`, node, 'name a time column');
    if (!isTemporal(column.type)) {
      throw this.#error(
        'PLAN_ARGUMENT_TYPE',
        `${this.#kind} takes a date-time as time column, not ${formatDataType(column.type)}`,
        node,
        usages[this.#kind],
      );
    }
    return { column, boundType: removeNullable(column.type) };
  }

  #defaultTime(): DefaultTime {
    const { defaultTime, flow } = this.#input;
    if (defaultTime !== null) return defaultTime;
    const hint = flow === 'windows' ? `name its window_end: ${usages[this.#kind]}` : 'select _tp_time in it, or name a time column';
    throw this.#error('PLAN_ARGUMENT_INVALID', `the subquery under ${this.#kind} gives no _tp_time`, undefined, hint);
  }

  #error(
    code: Parameters<typeof planError>[0],
    message: string,
    node: Expression | FunctionSource = this.#source,
    hint: string = usages[this.#kind],
  ) {
    return planError(code, message, { source: this.#planning.context.source, node }, hint);
  }
}

/** The calendar repeats after so long, and date-times hold no more. */
const longestMs = 400 * 366 * 86_400_000;
/** Each of them is an emission: more keep a worker busy with a single row for seconds. */
const mostWindows = 10_000;

/** Bounds are of the time column's type, shown in the zone of the windows, and fine enough for their size. */
function boundTypeOf(type: DataType, zoneName: string | null, slide: PlanInterval, size: PlanInterval): DataType {
  const isFine = [slide, size].some((interval) => !isCalendar(interval) && lengthMs(interval) % 1000 !== 0);
  const zone = zoneName ?? zoneOf(type);
  if (type.kind === 'datetime64') return { ...type, precision: isFine ? Math.max(3, precisionOf(type)) : precisionOf(type), zone };
  return isFine ? { kind: 'datetime64', precision: 3, zone } : { kind: 'datetime', zone };
}
