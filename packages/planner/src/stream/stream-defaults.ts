import type { ColumnDefinition, StreamDefinition } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import { type DataType, defaultValue, isNullable, makeNullable, removeNullable, type Schema } from '@millrace/data';
import { type Expression, parseExpression } from '@millrace/sql';
import { ExpressionBinder } from '../bind/expression-binder.ts';
import { Scope, type ScopeColumn } from '../bind/scope.ts';
import type { PlanContext } from '../context.ts';
import { callFunction, coerce, column, constant, eventTimeType } from '../expression/build.ts';
import { columnsOf, substituteColumns } from '../expression/columns-of.ts';
import type { PlanExpression, ScanColumn } from '../plan.ts';
import { placed, planError } from '../plan-error.ts';
import { eventTimeColumnOf } from './event-time-column.ts';

export type ValueColumn = ScanColumn & { readonly from: 'value' };

/**
 * How the columns of a stream come out of its record values (and out of the rows of an INSERT): first decode, then compute.
 *
 * `decode` are the declared columns in order; behind them, where no declared column is the event time, `_tp_time`.
 * Where a DEFAULT needs computing, the decoded column is NULL for what is missing.
 */
export interface StreamDefaults {
  readonly decode: readonly ValueColumn[];
  /** The chunk of the decoded columns: nullable where NULL stands for what is missing. */
  readonly schema: Schema;
  /** The declared columns, each computed over `schema`; mostly just the decoded column. */
  readonly expressions: readonly PlanExpression[];
  /** The event time of a row over `schema`: `datetime64(3, 'UTC')`, so ms; where it is nullable, NULL stands for "none is given". */
  readonly eventTime: PlanExpression;
}

/**
 * The one place that knows DEFAULTs and event times; scans and inserts both go by it.
 *
 * - A missing or null field is its DEFAULT, else the type's default; the event time column without DEFAULT refuses the record.
 * - A declared event time column called `_time` has DEFAULT now64(3): in an INSERT the clock's time, in a record that another
 *   producer wrote without it the record's timestamp (the same at every reading).
 *
 * @param use whether rows are being inserted or records read
 * @throws {MillraceError} PLAN_* if a DEFAULT cannot be bound, with the DEFAULT's own text as source.
 */
export function defaultsFor(definition: StreamDefinition, context: PlanContext, use: 'insert' | 'scan' = 'insert'): StreamDefaults {
  return new DefaultsBuilder(definition, context, use).build();
}

class DefaultsBuilder {
  readonly #definition: StreamDefinition;
  readonly #context: PlanContext;
  readonly #use: 'insert' | 'scan';
  readonly #expressions: (PlanExpression | undefined)[] = [];
  readonly #computing: string[] = [];
  readonly #decode: ValueColumn[] = [];

  constructor(definition: StreamDefinition, context: PlanContext, use: 'insert' | 'scan') {
    this.#definition = { ...definition, eventTimeColumn: eventTimeColumnOf(definition.columns, definition.eventTimeColumn) };
    this.#context = context;
    this.#use = use;
  }

  build(): StreamDefaults {
    const { columns, eventTimeColumn, dataFormat } = this.#definition;
    const defaults = columns.map((declared) => this.#bindDefault(declared));
    this.#decode.push(...columns.map((declared, index) => this.#decodeColumn(declared, defaults[index]!)));
    const expressions = columns.map((_, index) => this.#expression(index, defaults));
    const declaresTime = columns.some(({ name }) => name === '_tp_time');
    const hasTimeField = eventTimeColumn === null && !declaresTime && hasNamedFields(dataFormat);
    if (hasTimeField) this.#decode.push({ from: 'value', name: '_tp_time', type: eventTimeType, fallback: { kind: 'null' } });
    const schema = this.#decode.map(({ name, type, fallback }) => ({ name, type: fallback.kind === 'null' ? makeNullable(type) : type }));
    return { decode: this.#decode, schema, expressions, eventTime: this.#eventTime(expressions, schema, hasTimeField) };
  }

  #eventTime(expressions: readonly PlanExpression[], schema: Schema, hasTimeField: boolean): PlanExpression {
    const index = this.#definition.columns.findIndex(({ name }) => name === this.#definition.eventTimeColumn);
    if (index >= 0) {
      const time = expressions[index]!;
      return coerce(time, isNullable(time.type) ? makeNullable(eventTimeType) : eventTimeType, this.#context);
    }
    if (hasTimeField) return column(schema.length - 1, schema.at(-1)!.type);
    return constant(makeNullable(eventTimeType), null);
  }

  /** The DEFAULT over the declared columns, or null if there is none. */
  #bindDefault(declared: ColumnDefinition): PlanExpression | null {
    const text = declared.default ?? (this.#hasImplicitTime(declared) && this.#use === 'insert' ? 'now64(3)' : null);
    if (text === null) return null;
    return bindDefault(parseExpression(text), declared, this.#definition.columns, { ...this.#context, source: text });
  }

  #hasImplicitTime({ name, default: written }: ColumnDefinition): boolean {
    return name === '_time' && this.#definition.eventTimeColumn === '_time' && written === null;
  }

  #decodeColumn(declared: ColumnDefinition, given: PlanExpression | null): ValueColumn {
    const { name, type } = declared;
    const column = { from: 'value', name, type } as const;
    if (given !== null) {
      return {
        ...column,
        fallback: given.kind === 'constant' && given.value !== null ? { kind: 'value', value: given.value } : { kind: 'null' },
      };
    }
    if (this.#hasImplicitTime(declared)) return { ...column, fallback: { kind: 'null' } };
    if (name === this.#definition.eventTimeColumn) return { ...column, fallback: { kind: 'refuse' } };
    return { ...column, fallback: isNullable(type) ? { kind: 'null' } : { kind: 'value', value: defaultValue(type) } };
  }

  /** Column `index` over the decoded columns; DEFAULTs that use other columns see these with their own DEFAULTs. */
  #expression(index: number, defaults: readonly (PlanExpression | null)[]): PlanExpression {
    const done = this.#expressions[index];
    if (done !== undefined) return done;
    const { name, type } = this.#definition.columns[index]!;
    const given = defaults[index]!;
    if (this.#decode[index]!.fallback.kind !== 'null') return (this.#expressions[index] = column(index, type));
    const decoded = column(index, makeNullable(type));
    if (given === null || given.kind === 'constant') return (this.#expressions[index] = decoded);
    if (this.#computing.includes(name)) throw circular([...this.#computing, name]);
    this.#computing.push(name);
    const used = columnsOf([given]);
    const inputs = this.#definition.columns.map((_, other) => (used.has(other) ? this.#expression(other, defaults) : given));
    this.#computing.pop();
    const computed = [decoded, substituteColumns(given, inputs)];
    if (isNullable(given.type) && !isNullable(type)) computed.push(constant(type, defaultValue(type)));
    return (this.#expressions[index] = callFunction('coalesce', computed, this.#context));
  }
}

function circular(names: readonly string[]): MillraceError {
  return new MillraceError('PLAN_QUERY_INCORRECT', `the defaults of columns use each other in a circle: ${names.join(' → ')}`);
}

/** True for formats whose records name their fields: only there a `_tp_time` can stand beside the declared columns. */
export function hasNamedFields(format: string): boolean {
  return /^json/i.test(format);
}

/** Binds a DEFAULT over the declared columns, converted to the column's type. @throws {MillraceError} PLAN_* with position. */
export function bindDefault(
  expression: Expression,
  target: { readonly name: string; readonly type: DataType },
  columns: readonly { readonly name: string; readonly type: DataType }[],
  context: PlanContext,
): PlanExpression {
  const scope = new Scope(
    columns.map(({ name, type }, index): ScopeColumn => ({ name, type, index, hidden: false })),
    [],
  );
  const bound = new ExpressionBinder(scope, context).bind(expression, { name: 'DEFAULT', aggregates: null });
  const type = isNullable(bound.type) && !isNullable(target.type) && bound.kind !== 'constant' ? makeNullable(target.type) : target.type;
  const place = { source: context.source, node: expression };
  if (removeNullable(bound.type).kind === 'nothing' && !isNullable(target.type)) {
    throw planError('PLAN_TYPE_MISMATCH', `the DEFAULT of ${target.name} is NULL, but its type is not nullable`, place);
  }
  return placed(place, () => coerce(bound, type, context));
}
