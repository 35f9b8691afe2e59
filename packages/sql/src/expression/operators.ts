import type { BinaryOperator } from '../ast.ts';

/**
 * What an operator builds. `not` and `is_null` have one operand: jsep sees them as binary with an empty place beside them
 * (`␀ NOT a`, `a IS NULL ␀`), which puts prefix and postfix operators at any precedence.
 * `between` has its bounds joined by `bounds`, which binds just a little tighter.
 */
export type Operation =
  | { readonly kind: 'binary'; readonly operator: BinaryOperator }
  | { readonly kind: 'not' | 'bounds' }
  | { readonly kind: 'is_null'; readonly negated: boolean }
  | { readonly kind: 'in' | 'between'; readonly negated: boolean }
  | { readonly kind: 'like'; readonly negated: boolean; readonly caseInsensitive: boolean };

export interface Operator {
  /** The one character that stands for the operator in the text that jsep reads. */
  readonly mark: string;
  readonly precedence: number;
  readonly rightAssociative: boolean;
  readonly operation: Operation;
}

/** How tightly operators bind, as in ClickHouse; a unary minus, `::` and subscripts bind tighter than all of these. */
export const precedences = { or: 1, and: 2, not: 3, comparison: 4, bounds: 5, concat: 6, additive: 7, multiplicative: 8 } as const;

/** The empty place beside an operator with one operand. */
export const emptyMark = '\ue000';
/** The place behind IN, where brackets mean a list or a subquery. */
export const listMark = '\ue001';

const operators: Operator[] = [];

function define(precedence: number, operation: Operation, rightAssociative = false): string {
  const mark = String.fromCharCode(0xe010 + operators.length);
  operators.push({ mark, precedence, rightAssociative, operation });
  return mark;
}

function binary(precedence: number, operator: BinaryOperator): string {
  return define(precedence, { kind: 'binary', operator });
}

const { comparison } = precedences;
const equal = binary(comparison, '=');
const notEqual = binary(comparison, '!=');

/** The marks of operators that are one symbol. */
export const symbolMarks: Readonly<Record<string, string>> = {
  '=': equal,
  '!=': notEqual,
  '<>': notEqual,
  '<': binary(comparison, '<'),
  '<=': binary(comparison, '<='),
  '>': binary(comparison, '>'),
  '>=': binary(comparison, '>='),
  '||': binary(precedences.concat, '||'),
  '+': binary(precedences.additive, '+'),
  '-': binary(precedences.additive, '-'),
  '*': binary(precedences.multiplicative, '*'),
  '/': binary(precedences.multiplicative, '/'),
  '%': binary(precedences.multiplicative, '%'),
};

/** The marks of operators that are words. */
export const wordMarks = {
  or: binary(precedences.or, 'or'),
  and: binary(precedences.and, 'and'),
  not: define(precedences.not, { kind: 'not' }, true),
  bounds: define(precedences.bounds, { kind: 'bounds' }),
  isNull: define(comparison, { kind: 'is_null', negated: false }),
  isNotNull: define(comparison, { kind: 'is_null', negated: true }),
} as const;

/** The marks of the word operators that NOT may precede: plain and negated. */
export const negatableMarks: Readonly<Record<string, readonly [plain: string, negated: string]>> = {
  IN: pair((negated) => ({ kind: 'in', negated })),
  BETWEEN: pair((negated) => ({ kind: 'between', negated })),
  LIKE: pair((negated) => ({ kind: 'like', negated, caseInsensitive: false })),
  ILIKE: pair((negated) => ({ kind: 'like', negated, caseInsensitive: true })),
};

function pair(operation: (negated: boolean) => Operation): readonly [string, string] {
  return [define(comparison, operation(false)), define(comparison, operation(true))];
}

/** The unary operators, by their marks. */
export const unaryMarks: Readonly<Record<string, '-' | '+'>> = { [symbolMarks['-']!]: '-', [symbolMarks['+']!]: '+' };

/** Every operator, by its mark. */
export const operatorsByMark: ReadonlyMap<string, Operator> = new Map(operators.map((operator) => [operator.mark, operator]));
