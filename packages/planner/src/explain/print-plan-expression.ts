import {
  type CastOptions,
  type DataType,
  formatDataType,
  formatValue,
  isNumeric,
  quoteText,
  removeNullable,
  type Schema,
  toText,
} from '@millrace/data';
import type { PlanAggregate, PlanExpression, PlanInterval } from '../plan.ts';

const infix: Readonly<Record<string, readonly [symbol: string, precedence: number]>> = {
  or: ['OR', 1],
  and: ['AND', 2],
  equals: ['=', 4],
  not_equals: ['!=', 4],
  less: ['<', 4],
  less_or_equals: ['<=', 4],
  greater: ['>', 4],
  greater_or_equals: ['>=', 4],
  like: ['LIKE', 4],
  not_like: ['NOT LIKE', 4],
  ilike: ['ILIKE', 4],
  not_ilike: ['NOT ILIKE', 4],
  in: ['IN', 4],
  not_in: ['NOT IN', 4],
  plus: ['+', 6],
  minus: ['-', 6],
  multiply: ['*', 7],
  divide: ['/', 7],
  modulo: ['%', 7],
};

/** Prints bound expressions as SQL-like text, with the names of the columns that they use. */
export class PlanExpressionPrinter {
  readonly #schema: Schema;
  readonly #options: CastOptions;

  constructor(schema: Schema, options: CastOptions) {
    this.#schema = schema;
    this.#options = options;
  }

  print(expression: PlanExpression): string {
    switch (expression.kind) {
      case 'constant':
        return this.#constant(expression);
      case 'column':
        return this.#schema[expression.index]?.name ?? `#${expression.index}`;
      case 'parameter':
        return `$${expression.id}`;
      case 'cast':
        return `CAST(${this.print(expression.operand)} AS ${formatDataType(expression.type)})`;
      case 'lambda': {
        const names = expression.parameters.map(({ id }) => `$${id}`);
        return `${names.length === 1 ? names[0] : `(${names.join(', ')})`} -> ${this.print(expression.body)}`;
      }
      case 'call':
        return this.#call(expression);
    }
  }

  printAggregate({ function: name, parameters, arguments: args }: PlanAggregate): string {
    const given = parameters.length === 0 ? '' : `(${parameters.map(String).join(', ')})`;
    return `${name}${given}(${args.map((argument) => this.print(argument)).join(', ')})`;
  }

  #constant({ type, value }: PlanExpression & { kind: 'constant' }): string {
    if (value === null) return 'NULL';
    const inner = removeNullable(type);
    if (inner.kind === 'interval') return printInterval({ amount: Number(value), unit: inner.unit });
    const text = toText(formatValue(value, type, this.#options));
    return isPlain(inner) ? text : quoteText(text);
  }

  #call({ function: name, arguments: args }: PlanExpression & { kind: 'call' }): string {
    const operator = infix[name];
    if (operator !== undefined && args.length >= 2) {
      const [symbol, precedence] = operator;
      return args.map((argument, index) => this.#operand(argument, precedence + (index > 0 ? 1 : 0))).join(` ${symbol} `);
    }
    if (name === 'not') return `NOT ${this.#operand(args[0]!, 3)}`;
    return `${name}(${args.map((argument) => this.print(argument)).join(', ')})`;
  }

  #operand(expression: PlanExpression, precedence: number): string {
    const own = expression.kind === 'call' ? (infix[expression.function]?.[1] ?? (expression.function === 'not' ? 3 : 9)) : 9;
    return own < precedence ? `(${this.print(expression)})` : this.print(expression);
  }
}

function isPlain(type: DataType): boolean {
  return isNumeric(type) || ['bool', 'array', 'tuple', 'map'].includes(type.kind);
}

/** `5 second`. */
export function printInterval({ amount, unit }: PlanInterval): string {
  return `${amount} ${unit}`;
}

/** A length of time as it would be written: `2s`, `500ms`. */
export function printMs(ms: number): string {
  if (ms % 3_600_000 === 0 && ms !== 0) return `${ms / 3_600_000}h`;
  if (ms % 60_000 === 0 && ms !== 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
