import { unreachable } from '@millrace/core';
import type {
  Binary,
  BinaryOperator,
  Call,
  Case,
  ColumnReference,
  Expression,
  In,
  IntervalLiteral,
  JsonPath,
  Member,
  Query,
} from '../ast.ts';
import { precedences } from '../expression/operators.ts';
import { printIdentifier, printMemberName, printString } from './names.ts';

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

const operatorFunctions: ReadonlySet<string> = new Set(['LIKE', 'ILIKE', 'IN', 'AND', 'OR']);
/** Words that mean something else before a bracket. */
const specialForms: ReadonlySet<string> = new Set(['CAST', 'EXISTS', 'INTERVAL']);

/** Prints expressions; how a subquery is printed it is told. */
export class ExpressionPrinter {
  readonly #printQuery: (query: Query) => string;

  constructor(printQuery: (query: Query) => string) {
    this.#printQuery = printQuery;
  }

  /** The canonical text of an expression: brackets only where they are needed. */
  print(expression: Expression): string {
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
        return this.#printInterval(expression);
      case 'column':
        return this.#printReference(expression);
      case 'star':
        return expression.qualifier === null ? '*' : `${printIdentifier(expression.qualifier)}.*`;
      case 'call':
        return this.#printCall(expression);
      case 'binary':
        return this.#printBinary(expression);
      case 'unary':
        if (expression.operator === 'not') return `NOT ${this.#at(not, expression.operand)}`;
        return `${expression.operator}${this.#at(intervalPrecedence, expression.operand)}`;
      case 'is_null':
        return `${this.#at(comparison, expression.operand)} IS ${expression.negated ? 'NOT ' : ''}NULL`;
      case 'between':
        return `${this.#negatable('BETWEEN', expression)} ${this.#at(concat, expression.low)} AND ${this.#at(concat, expression.high)}`;
      case 'in':
        return this.#printIn(expression);
      case 'like':
        return `${this.#negatable(expression.caseInsensitive ? 'ILIKE' : 'LIKE', expression)} ${this.#at(bounds, expression.pattern)}`;
      case 'case':
        return this.#printCase(expression);
      case 'cast':
        return `CAST(${this.print(expression.operand)} AS ${expression.type.text})`;
      case 'subscript':
        return `${this.#printSubscripted(expression.operand)}[${this.print(expression.index)}]`;
      case 'member':
        return this.#printMember(expression);
      case 'json_path':
        return this.#printJsonPath(expression);
      case 'array':
        return `[${this.printList(expression.elements)}]`;
      case 'tuple':
        return expression.elements.length === 1 ? `(${this.print(expression.elements[0]!)},)` : `(${this.printList(expression.elements)})`;
      case 'lambda':
        return `${this.#printParameters(expression.parameters.map(printIdentifier))} -> ${this.print(expression.body)}`;
      case 'subquery':
        return `(${this.#printQuery(expression.query)})`;
      case 'placeholder':
        return `{${printMemberName(expression.name)}:${expression.type.text}}`;
      default:
        return unreachable(expression);
    }
  }

  /** Expressions with commas between them. */
  printList(expressions: readonly Expression[]): string {
    return expressions.map((expression) => this.print(expression)).join(', ');
  }

  /** An expression where only a single operand with its signs may stand (an interval of EMIT, a key). */
  printOperand(expression: Expression): string {
    return this.#at(unaryPrecedence, expression);
  }

  /** The expression, in brackets if it holds together less tightly than its place demands. */
  #at(precedence: number, expression: Expression): string {
    const text = this.print(expression);
    return precedenceOf(expression) < precedence ? `(${text})` : text;
  }

  #printInterval({ amount, unit }: IntervalLiteral): string {
    const isPlain = amount.kind === 'number' || amount.kind === 'placeholder';
    return `INTERVAL ${isPlain ? this.print(amount) : `(${this.print(amount)})`} ${unit.toUpperCase()}`;
  }

  /** Behind the first name every word is one, so that only the first may need quotes for being a keyword. */
  #printReference({ parts }: ColumnReference): string {
    return parts.map((part, index) => (index === 0 || part.quoted ? printIdentifier(part) : printMemberName(part.name))).join('.');
  }

  #printCall({ name, parameters, arguments: list, distinct }: Call): string {
    const given = parameters.length === 0 ? '' : `(${this.printList(parameters)})`;
    return `${this.#printFunctionName(name)}${given}(${distinct ? 'DISTINCT ' : ''}${this.printList(list)})`;
  }

  #printFunctionName(name: Call['name']): string {
    const word = name.quoted ? '' : name.name.toUpperCase();
    if (operatorFunctions.has(word)) return name.name;
    return printIdentifier(specialForms.has(word) ? { ...name, quoted: true } : name);
  }

  /** Operators group to the left, so that an equal on the right needs brackets. */
  #printBinary({ operator, left, right }: Binary): string {
    const precedence = binaryPrecedences[operator];
    return `${this.#at(precedence, left)} ${operator.toUpperCase()} ${this.#at(precedence + 1, right)}`;
  }

  #negatable(word: string, { operand, negated }: { operand: Expression; negated: boolean }): string {
    return `${this.#at(comparison, operand)} ${negated ? 'NOT ' : ''}${word}`;
  }

  #printIn(expression: In): string {
    const { list, subquery } = expression;
    return `${this.#negatable('IN', expression)} (${subquery === null ? this.printList(list) : this.#printQuery(subquery)})`;
  }

  #printCase({ operand, branches, otherwise }: Case): string {
    const head = operand === null ? 'CASE' : `CASE ${this.print(operand)}`;
    const arms = branches.map(({ when, then }) => ` WHEN ${this.print(when)} THEN ${this.print(then)}`);
    return `${head}${arms.join('')}${otherwise === null ? '' : ` ELSE ${this.print(otherwise)}`} END`;
  }

  /** Behind a JSON path, `[n]` and `.name` would be steps of the path. */
  #printSubscripted(operand: Expression): string {
    return operand.kind === 'json_path' ? `(${this.print(operand)})` : this.#at(postfixPrecedence, operand);
  }

  #printMember({ operand, member }: Member): string {
    const isIndex = /^\d+$/.test(member);
    const needsBrackets = operand.kind === 'number' || (operand.kind === 'column' && !isIndex);
    const base = needsBrackets ? `(${this.print(operand)})` : this.#printSubscripted(operand);
    return `${base}.${isIndex ? member : printMemberName(member)}`;
  }

  #printJsonPath({ operand, path }: JsonPath): string {
    const steps = path.map((step, index) => {
      if (/^\d+$/.test(step)) return `[${step}]`;
      return `${index === 0 ? '' : '.'}${printMemberName(step)}`;
    });
    return `${this.#printSubscripted(operand)}:${steps.join('')}`;
  }

  #printParameters(names: readonly string[]): string {
    return names.length === 1 ? names[0]! : `(${names.join(', ')})`;
  }
}
