import { unreachable } from '@millrace/core';
import type { Binary, BinaryOperator, Call, Case, ColumnReference, Expression, In, IntervalLiteral, JsonPath, Member } from '../ast.ts';
import { precedences } from '../expression/operators.ts';
import { printIdentifier, printMemberName, printString } from './names.ts';
import { printQuery } from './print-query.ts';

const { or, and, not, comparison, bounds, concat, additive, multiplicative } = precedences;
const lambdaPrecedence = 0;
const unaryPrecedence = 9;
const intervalPrecedence = 10;
const postfixPrecedence = 11;
const primaryPrecedence = 12;

const binaryPrecedences: Readonly<Record<BinaryOperator, number>> = {
  or,
  and,
  '=': comparison,
  '!=': comparison,
  '<': comparison,
  '<=': comparison,
  '>': comparison,
  '>=': comparison,
  '||': concat,
  '+': additive,
  '-': additive,
  '*': multiplicative,
  '/': multiplicative,
  '%': multiplicative,
};

/** How tightly the printed form of an expression holds together. */
function precedenceOf(expression: Expression): number {
  switch (expression.kind) {
    case 'lambda':
      return lambdaPrecedence;
    case 'binary':
      return binaryPrecedences[expression.operator];
    case 'unary':
      return expression.operator === 'not' ? not : unaryPrecedence;
    case 'is_null':
    case 'between':
    case 'in':
    case 'like':
      return comparison;
    case 'interval':
      return intervalPrecedence;
    case 'subscript':
    case 'member':
    case 'json_path':
      return postfixPrecedence;
    default:
      return primaryPrecedence;
  }
}

/** The canonical text of an expression: brackets only where they are needed. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'null':
      return 'NULL';
    case 'boolean':
      return expression.value ? 'TRUE' : 'FALSE';
    case 'number':
      return expression.text;
    case 'string':
      return printString(expression.value);
    case 'interval':
      return printInterval(expression);
    case 'column':
      return printReference(expression);
    case 'star':
      return expression.qualifier === null ? '*' : `${printIdentifier(expression.qualifier)}.*`;
    case 'call':
      return printCall(expression);
    case 'binary':
      return printBinary(expression);
    case 'unary':
      if (expression.operator === 'not') return `NOT ${at(not, expression.operand)}`;
      return `${expression.operator}${at(intervalPrecedence, expression.operand)}`;
    case 'is_null':
      return `${at(comparison, expression.operand)} IS ${expression.negated ? 'NOT ' : ''}NULL`;
    case 'between':
      return `${negatable('BETWEEN', expression)} ${at(concat, expression.low)} AND ${at(concat, expression.high)}`;
    case 'in':
      return printIn(expression);
    case 'like':
      return `${negatable(expression.caseInsensitive ? 'ILIKE' : 'LIKE', expression)} ${at(bounds, expression.pattern)}`;
    case 'case':
      return printCase(expression);
    case 'cast':
      return `CAST(${printExpression(expression.operand)} AS ${expression.type.text})`;
    case 'subscript':
      return `${printSubscripted(expression.operand)}[${printExpression(expression.index)}]`;
    case 'member':
      return printMember(expression);
    case 'json_path':
      return printJsonPath(expression);
    case 'array':
      return `[${printExpressions(expression.elements)}]`;
    case 'tuple':
      return expression.elements.length === 1
        ? `(${printExpression(expression.elements[0]!)},)`
        : `(${printExpressions(expression.elements)})`;
    case 'lambda':
      return `${printParameters(expression.parameters.map(printIdentifier))} -> ${printExpression(expression.body)}`;
    case 'subquery':
      return `(${printQuery(expression.query)})`;
    case 'placeholder':
      return `{${printMemberName(expression.name)}:${expression.type.text}}`;
    default:
      return unreachable(expression);
  }
}

/** Expressions with commas between them. */
export function printExpressions(expressions: readonly Expression[]): string {
  return expressions.map(printExpression).join(', ');
}

/** An expression where only a single operand with its signs may stand (an interval of EMIT, a key). */
export function printOperand(expression: Expression): string {
  return at(unaryPrecedence, expression);
}

/** The expression, in brackets if it holds together less tightly than its place demands. */
function at(precedence: number, expression: Expression): string {
  const text = printExpression(expression);
  return precedenceOf(expression) < precedence ? `(${text})` : text;
}

function printInterval({ amount, unit }: IntervalLiteral): string {
  const isPlain = amount.kind === 'number' || amount.kind === 'placeholder';
  return `INTERVAL ${isPlain ? printExpression(amount) : `(${printExpression(amount)})`} ${unit.toUpperCase()}`;
}

/** Behind the first name every word is one, so that only the first may need quotes for being a keyword. */
function printReference({ parts }: ColumnReference): string {
  return parts.map((part, index) => (index === 0 || part.quoted ? printIdentifier(part) : printMemberName(part.name))).join('.');
}

function printCall({ name, parameters, arguments: list, distinct }: Call): string {
  const given = parameters.length === 0 ? '' : `(${printExpressions(parameters)})`;
  return `${printFunctionName(name)}${given}(${distinct ? 'DISTINCT ' : ''}${printExpressions(list)})`;
}

const operatorFunctions: ReadonlySet<string> = new Set(['LIKE', 'ILIKE', 'IN', 'AND', 'OR']);

function printFunctionName(name: Call['name']): string {
  return !name.quoted && operatorFunctions.has(name.name.toUpperCase()) ? name.name : printIdentifier(name);
}

/** Operators group to the left, so that an equal on the right needs brackets. */
function printBinary({ operator, left, right }: Binary): string {
  const precedence = binaryPrecedences[operator];
  return `${at(precedence, left)} ${operator.toUpperCase()} ${at(precedence + 1, right)}`;
}

function negatable(word: string, { operand, negated }: { operand: Expression; negated: boolean }): string {
  return `${at(comparison, operand)} ${negated ? 'NOT ' : ''}${word}`;
}

function printIn(expression: In): string {
  const { list, subquery } = expression;
  return `${negatable('IN', expression)} (${subquery === null ? printExpressions(list) : printQuery(subquery)})`;
}

function printCase({ operand, branches, otherwise }: Case): string {
  const head = operand === null ? 'CASE' : `CASE ${printExpression(operand)}`;
  const arms = branches.map(({ when, then }) => ` WHEN ${printExpression(when)} THEN ${printExpression(then)}`);
  return `${head}${arms.join('')}${otherwise === null ? '' : ` ELSE ${printExpression(otherwise)}`} END`;
}

/** Behind a JSON path, `[n]` and `.name` would be steps of the path. */
function printSubscripted(operand: Expression): string {
  return operand.kind === 'json_path' ? `(${printExpression(operand)})` : at(postfixPrecedence, operand);
}

function printMember({ operand, member }: Member): string {
  const isIndex = /^\d+$/.test(member);
  const needsBrackets = operand.kind === 'number' || (operand.kind === 'column' && !isIndex);
  const base = needsBrackets ? `(${printExpression(operand)})` : printSubscripted(operand);
  return `${base}.${isIndex ? member : printMemberName(member)}`;
}

function printJsonPath({ operand, path }: JsonPath): string {
  const steps = path.map((step, index) => {
    if (/^\d+$/.test(step)) return `[${step}]`;
    return `${index === 0 ? '' : '.'}${printMemberName(step)}`;
  });
  return `${printSubscripted(operand)}:${steps.join('')}`;
}

function printParameters(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `(${names.join(', ')})`;
}
