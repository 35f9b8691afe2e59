import { MillraceError, nearest, unreachable } from '@millrace/core';
import {
  canCast,
  type DataType,
  formatDataType,
  isNullable,
  makeNullable,
  parseDataType,
  removeNullable,
  type Value,
} from '@millrace/data';
import { functionNames, scalarFunction } from '@millrace/functions';
import {
  type BinaryOperator,
  type Call,
  type ColumnReference,
  type Expression,
  type Lambda,
  type Node,
  walkExpression,
} from '@millrace/sql';
import type { PlanContext } from '../context.ts';
import { argumentOf, boolType, callFunction, coerce, constant } from '../expression/build.ts';
import type { PlanExpression } from '../plan.ts';
import { type Place, placed, planError } from '../plan-error.ts';
import { type AggregateCalls, aggregateOf, resolveAggregate } from './aggregate-calls.ts';
import type { ArrayJoins } from './array-joins.ts';
import { nullConstant, numberConstant, stringConstant } from './literal.ts';
import type { Scope } from './scope.ts';

/** The clause that an expression stands in: what its errors name, and what it may hold. */
export interface Clause {
  /** `WHERE`, `SELECT`, … */
  readonly name: string;
  /** Where aggregates are gathered; null where none may stand. */
  readonly aggregates: AggregateCalls | null;
}

const operators: Readonly<Record<BinaryOperator, string>> = {
  '+': 'plus',
  '-': 'minus',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '||': 'concat',
  '=': 'equals',
  '!=': 'not_equals',
  '<': 'less',
  '<=': 'less_or_equals',
  '>': 'greater',
  '>=': 'greater_or_equals',
  and: 'and',
  or: 'or',
};

const comparisons: ReadonlySet<string> = new Set([
  'equals',
  'not_equals',
  'less',
  'less_or_equals',
  'greater',
  'greater_or_equals',
  'in',
  'not_in',
]);

const maxExpandedParts = 20_000;

interface LambdaParameter {
  readonly id: number;
  readonly type: DataType;
}

/**
 * Gives the expressions of one SELECT their meaning: names become columns, operators functions, every node a type, every
 * conversion a cast. Constant calls are computed.
 *
 * An alias of the select list may stand wherever a column may and goes before a column of its name, but not inside its own
 * expression, and not where it would put an aggregate in a place that takes none.
 */
export class ExpressionBinder {
  readonly #scope: Scope;
  readonly #context: PlanContext;
  readonly #source: string;
  readonly #aliases: ReadonlyMap<string, Expression>;
  readonly #arrayJoins: ArrayJoins | null;
  readonly #places = new WeakMap<PlanExpression, Node>();
  readonly #expanding = new Set<string>();
  #parameters: ReadonlyMap<string, LambdaParameter> = new Map();
  #nextParameter = 0;
  #insideAggregate = false;
  #expandedParts = 0;

  /** `arrayJoins`: where calls of `array_join` are gathered; null where none may stand. */
  constructor(
    scope: Scope,
    context: PlanContext,
    aliases: ReadonlyMap<string, Expression> = new Map(),
    arrayJoins: ArrayJoins | null = null,
  ) {
    this.#scope = scope;
    this.#context = context;
    this.#source = context.source;
    this.#aliases = aliases;
    this.#arrayJoins = arrayJoins;
  }

  /** @throws {MillraceError} PLAN_* with position. */
  bind(expression: Expression, clause: Clause): PlanExpression {
    if (this.#expanding.size > 0) this.#countExpanded(expression);
    const bound = this.#bind(expression, clause);
    if (bound.kind === 'column' && !this.#places.has(bound)) this.#places.set(bound, expression);
    return bound;
  }

  /** Binds the expression of an alias: inside it the alias's name means the column. @throws as {@link bind}. */
  bindAliased(expression: Expression, alias: string | undefined, clause: Clause): PlanExpression {
    if (alias === undefined || this.#expanding.has(alias)) return this.bind(expression, clause);
    this.#expanding.add(alias);
    try {
      return this.bind(expression, clause);
    } finally {
      this.#expanding.delete(alias);
    }
  }

  /** As {@link bind}, as a condition. @throws {MillraceError} also PLAN_ARGUMENT_TYPE if it is none. */
  bindCondition(expression: Expression, clause: Clause): PlanExpression {
    const bound = this.bind(expression, clause);
    const { kind } = removeNullable(bound.type);
    if (kind !== 'bool' && kind !== 'nothing' && !/^(u?int|float)\d/.test(kind)) {
      throw this.#error('PLAN_ARGUMENT_TYPE', `${clause.name} takes a condition, not ${formatDataType(bound.type)}`, expression);
    }
    return this.#placed(expression, () => coerce(bound, isNullable(bound.type) ? makeNullable(boolType) : boolType, this.#context));
  }

  /** Where a column that {@link bind} made stands in the text. */
  placeOf(column: PlanExpression, otherwise: Node): Place {
    return { source: this.#source, node: this.#places.get(column) ?? otherwise };
  }

  #bind(expression: Expression, clause: Clause): PlanExpression {
    const recur = (part: Expression) => this.bind(part, clause);
    switch (expression.kind) {
      case 'null':
        return nullConstant;
      case 'boolean':
        return constant(boolType, expression.value);
      case 'number':
        return numberConstant(expression.text);
      case 'string':
        return stringConstant(expression.value);
      case 'interval':
        return this.#bindInterval(expression, clause);
      case 'column':
        return this.#bindColumn(expression, clause);
      case 'star':
        throw this.#error('PLAN_EXPRESSION_UNEXPECTED', '* stands only in a select list and in count(*)', expression);
      case 'call':
        return this.#bindCall(expression, clause);
      case 'binary':
        return this.#call(operators[expression.operator], [expression.left, expression.right], expression, clause);
      case 'unary':
        return this.#bindUnary(expression, clause);
      case 'is_null':
        return this.#call(expression.negated ? 'is_not_null' : 'is_null', [expression.operand], expression, clause);
      case 'between':
        return this.#bindBetween(expression, clause);
      case 'in':
        return this.#bindIn(expression, clause);
      case 'like': {
        const name = `${expression.negated ? 'not_' : ''}${expression.caseInsensitive ? 'ilike' : 'like'}`;
        return this.#call(name, [expression.operand, expression.pattern], expression, clause);
      }
      case 'case':
        return this.#bindCase(expression, clause);
      case 'cast':
        return this.#bindCast(recur(expression.operand), expression.type.text, expression, expression.type);
      case 'subscript':
        return this.#bindSubscript(expression, clause);
      case 'member':
        return this.#bindMember(recur(expression.operand), expression.member, expression);
      case 'json_path':
        return this.#apply('json_path', [recur(expression.operand), ...expression.path.map(stringConstant)], expression);
      case 'array':
        return this.#call('array', expression.elements, expression, clause);
      case 'tuple':
        return this.#call('tuple', expression.elements, expression, clause);
      case 'lambda':
        throw this.#error('PLAN_EXPRESSION_UNEXPECTED', 'a lambda stands only as the argument of a function that takes one', expression);
      case 'subquery':
        throw this.#error('NOT_SUPPORTED', 'a subquery as a value is not supported', expression);
      case 'placeholder':
        throw this.#error(
          'PLAN_ARGUMENT_INVALID',
          `the parameter ${expression.name} has no value`,
          expression,
          `send it as param_${expression.name}`,
        );
      default:
        return unreachable(expression);
    }
  }

  #bindInterval(expression: Expression & { kind: 'interval' }, clause: Clause): PlanExpression {
    const type: DataType = { kind: 'interval', unit: expression.unit };
    const amount = this.bind(expression.amount, clause);
    if (amount.kind !== 'constant') return this.#apply('multiply', [constant(type, 1), amount], expression);
    const value = Number(amount.value);
    if (amount.value !== null && /^(u?int|float)/.test(amount.type.kind) && Number.isInteger(value)) return constant(type, value);
    throw this.#error(
      'PLAN_ARGUMENT_INVALID',
      'the amount of an interval is a whole number',
      expression.amount,
      'write 90s for 1.5 minutes',
    );
  }

  #bindColumn(reference: ColumnReference, clause: Clause): PlanExpression {
    const first = reference.parts[0]!.name;
    const parameter = this.#parameters.get(first);
    if (parameter !== undefined) return this.#members({ kind: 'parameter', ...parameter }, reference, 1);
    const alias = this.#aliasFor(reference, clause);
    if (alias !== undefined) return this.#expandAlias(first, alias, reference, clause);
    const found = this.#scope.resolve(reference);
    if (found === undefined) throw this.#scope.unknown(reference, this.#source, [...this.#aliases.keys(), ...this.#parameters.keys()]);
    this.#places.set(found.expression, reference);
    return this.#members(found.expression, reference, found.taken);
  }

  /** Aliases of aliases can double the expression at each step. */
  #countExpanded(expression: Expression): void {
    this.#expandedParts += 1;
    if (this.#expandedParts <= maxExpandedParts) return;
    const message = `the aliases of this SELECT stand for more than ${maxExpandedParts} parts`;
    throw this.#error('PLAN_QUERY_INCORRECT', message, expression, 'compute them in a subquery');
  }

  #aliasFor(reference: ColumnReference, clause: Clause): Expression | undefined {
    const [first, second] = reference.parts;
    const alias = this.#aliases.get(first!.name);
    if (alias === undefined || this.#expanding.has(first!.name)) return undefined;
    if (second !== undefined && this.#scope.isQualifier(first!.name)) return undefined;
    const takesAggregates = clause.aggregates !== null && !this.#insideAggregate;
    if (!takesAggregates && this.#scope.find(first!.name) !== undefined && holdsAggregate(alias)) return undefined;
    return alias;
  }

  #expandAlias(name: string, alias: Expression, reference: ColumnReference, clause: Clause): PlanExpression {
    const outer = this.#parameters;
    this.#parameters = new Map();
    try {
      return this.#members(this.bindAliased(alias, name, clause), reference, 1);
    } finally {
      this.#parameters = outer;
    }
  }

  /** `.b.c` behind a column: elements of tuples and maps, fields of JSON. */
  #members(value: PlanExpression, reference: ColumnReference, taken: number): PlanExpression {
    const rest = reference.parts.slice(taken);
    if (rest.length > 0 && removeNullable(value.type).kind === 'json') {
      return this.#apply('json_path', [value, ...rest.map(({ name }) => stringConstant(name))], reference);
    }
    return rest.reduce((inner, { name }) => this.#bindMember(inner, name, reference), value);
  }

  #bindMember(operand: PlanExpression, member: string, node: Node): PlanExpression {
    const { kind } = removeNullable(operand.type);
    if (kind === 'tuple')
      return this.#apply('tuple_element', [operand, /^\d+$/.test(member) ? numberConstant(member) : stringConstant(member)], node);
    if (kind === 'map') return this.#apply('map_element', [operand, stringConstant(member)], node);
    if (kind === 'json') return this.#apply('json_path', [operand, stringConstant(member)], node);
    const hint = kind === 'string' ? `a field of JSON text is written name:${member}` : undefined;
    throw this.#error('PLAN_IDENTIFIER_UNKNOWN', `${formatDataType(operand.type)} has no member ${member}`, node, hint);
  }

  #bindUnary(expression: Expression & { kind: 'unary' }, clause: Clause): PlanExpression {
    const { operator, operand } = expression;
    if (operator === '-' && operand.kind === 'number') return numberConstant(`-${operand.text}`);
    if (operator === '+') return this.bind(operand, clause);
    return this.#call(operator === '-' ? 'negate' : 'not', [operand], expression, clause);
  }

  #bindBetween(expression: Expression & { kind: 'between' }, clause: Clause): PlanExpression {
    const { operand, low, high, negated } = expression;
    const bounds = [
      this.#call('greater_or_equals', [operand, low], expression, clause),
      this.#call('less_or_equals', [operand, high], expression, clause),
    ];
    const inside = this.#apply('and', bounds, expression);
    return negated ? this.#apply('not', [inside], expression) : inside;
  }

  #bindIn(expression: Expression & { kind: 'in' }, clause: Clause): PlanExpression {
    if (expression.subquery !== null) throw this.#error('NOT_SUPPORTED', 'IN with a subquery is not supported', expression.subquery);
    const operand = this.bind(expression.operand, clause);
    const [only, ...others] = expression.list.map((item) => this.bind(item, clause));
    const isList = others.length === 0 && only !== undefined && only.type.kind === 'array' && removeNullable(operand.type).kind !== 'array';
    const list = isList ? only : this.#apply('array', [only!, ...others], expression);
    return this.#apply(expression.negated ? 'not_in' : 'in', [operand, list], expression, [expression.operand, expression.list[0]!]);
  }

  #bindCase(expression: Expression & { kind: 'case' }, clause: Clause): PlanExpression {
    const { operand, branches, otherwise } = expression;
    const parts = branches.flatMap(({ when, then }) => [
      operand === null ? this.bind(when, clause) : this.#call('equals', [operand, when], when, clause),
      this.bind(then, clause),
    ]);
    return this.#apply('multi_if', [...parts, otherwise === null ? nullConstant : this.bind(otherwise, clause)], expression);
  }

  #bindCast(operand: PlanExpression, typeText: string, node: Node, typeNode: Node): PlanExpression {
    const named = this.#placed(typeNode, () => parseDataType(typeText));
    // NULL stays NULL: a value that is not there is no value that does not convert.
    const type = isNullable(operand.type) ? makeNullable(named) : named;
    if (!canCast(operand.type, type)) {
      throw this.#error('PLAN_TYPE_MISMATCH', `${formatDataType(operand.type)} does not convert to ${formatDataType(named)}`, node);
    }
    return this.#placed(node, () => coerce(operand, type, this.#context));
  }

  #bindSubscript(expression: Expression & { kind: 'subscript' }, clause: Clause): PlanExpression {
    const [operand, index] = [this.bind(expression.operand, clause), this.bind(expression.index, clause)];
    const { kind } = removeNullable(operand.type);
    const name = kind === 'map' ? 'map_element' : kind === 'tuple' ? 'tuple_element' : 'array_element';
    return this.#apply(name, [operand, index], expression, [expression.operand, expression.index]);
  }

  // ---------------------------------------------------------------- calls

  #bindCall(call: Call, clause: Clause): PlanExpression {
    const aggregate = aggregateOf(call);
    if (aggregate === null)
      throw this.#error(
        'NOT_SUPPORTED',
        `${call.name.name}(DISTINCT …) is not supported`,
        call,
        'count(DISTINCT x) and group_array(DISTINCT x) are',
      );
    if (aggregate !== undefined) return this.#bindAggregate(call, aggregate, clause);
    const definition = scalarFunction(call.name.name);
    if (definition === undefined) throw this.#unknownFunction(call);
    if (call.parameters.length > 0 || call.distinct) {
      const what = call.distinct ? 'DISTINCT' : 'parameters in brackets of their own';
      throw this.#error('PLAN_ARGUMENT_INVALID', `${definition.name} is no aggregate and takes no ${what}`, call);
    }
    if (definition.unfolds) return this.#bindArrayJoin(call, clause);
    if (definition.name === 'cast') return this.#bindCastCall(call, clause);
    const index = call.arguments.findIndex((argument) => argument.kind === 'lambda');
    if (index >= 0) return this.#bindHigherOrder(call, index, clause);
    return this.#call(definition.name, call.arguments, call, clause);
  }

  /** A call that makes rows and not a value: what stands for it is the column of the unfolded elements. */
  #bindArrayJoin(call: Call, clause: Clause): PlanExpression {
    const joins = this.#arrayJoins;
    if (joins === null) {
      const message = `${call.name.name} stands where no row can be unfolded`;
      throw this.#error('PLAN_EXPRESSION_UNEXPECTED', message, call, 'it stands in the clauses of a SELECT');
    }
    const [array] = call.arguments.map((argument) => this.bind(argument, clause));
    if (array === undefined || call.arguments.length > 1) return this.#apply('array_join', [], call);
    const bound = this.#placed(call, () => joins.add(array), call.arguments);
    this.#places.set(bound, call);
    return bound;
  }

  #bindCastCall(call: Call, clause: Clause): PlanExpression {
    const [operand, type] = call.arguments;
    if (call.arguments.length !== 2 || type?.kind !== 'string') return this.#call('cast', call.arguments, call, clause);
    return this.#bindCast(this.bind(operand!, clause), type.value, call, type);
  }

  #unknownFunction(call: Call) {
    const { name } = call.name;
    const near = nearest(name, functionNames());
    return this.#error(
      'PLAN_FUNCTION_UNKNOWN',
      `unknown function ${name}`,
      call.name,
      near === undefined ? 'SHOW FUNCTIONS lists them' : `did you mean ${near}?`,
    );
  }

  #bindHigherOrder(call: Call, index: number, clause: Clause): PlanExpression {
    const definition = scalarFunction(call.name.name)!;
    const lambda = call.arguments[index] as Lambda;
    if (definition.lambdaParameters === undefined) {
      throw this.#error('PLAN_ARGUMENT_TYPE', `${definition.name} takes no lambda`, lambda);
    }
    const plain = call.arguments.map((argument, i) => (i === index ? null : this.bind(argument, clause)));
    const sofar = plain.map((argument) => (argument === null ? { type: { kind: 'nothing' } as const } : argumentOf(argument)));
    const types = this.#placed(call, () => definition.lambdaParameters!(index, sofar));
    const bound = this.#bindLambda(lambda, types, clause);
    const args = plain.map((argument) => argument ?? bound);
    return this.#apply(definition.name, args, call, call.arguments);
  }

  #bindLambda(lambda: Lambda, types: readonly DataType[], clause: Clause): PlanExpression {
    const outer = this.#parameters;
    const parameters = lambda.parameters.map((_, index) => ({
      id: this.#nextParameter++,
      type: types[index] ?? { kind: 'nothing' as const },
    }));
    this.#parameters = new Map([...outer, ...lambda.parameters.map(({ name }, index) => [name, parameters[index]!] as const)]);
    try {
      const body = this.bind(lambda.body, clause);
      return { kind: 'lambda', type: body.type, parameters, body };
    } finally {
      this.#parameters = outer;
    }
  }

  #bindAggregate(call: Call, definition: NonNullable<ReturnType<typeof aggregateOf>>, clause: Clause): PlanExpression {
    if (this.#insideAggregate) {
      throw this.#error(
        'PLAN_AGGREGATION_ILLEGAL',
        `the aggregate ${definition.name} stands inside another`,
        call,
        'aggregate the result of a subquery',
      );
    }
    if (clause.aggregates === null) {
      const hint = clause.name === 'WHERE' ? 'conditions on aggregates stand in HAVING' : undefined;
      throw this.#error('PLAN_AGGREGATION_ILLEGAL', `the aggregate ${definition.name} stands in ${clause.name}`, call, hint);
    }
    if (this.#parameters.size > 0)
      throw this.#error('PLAN_AGGREGATION_ILLEGAL', `the aggregate ${definition.name} stands in a lambda`, call);
    const parameters = call.parameters.map((parameter) => this.#constantValue(parameter, clause));
    const args = this.#aggregateArguments(call, definition.name, clause);
    const aggregate = this.#placed(call, () => resolveAggregate(definition, args, parameters, this.#context), call.arguments);
    const bound = clause.aggregates.add(aggregate);
    this.#places.set(bound, call);
    return bound;
  }

  #aggregateArguments(call: Call, name: string, clause: Clause): PlanExpression[] {
    const isCount = name === 'count' || name === 'count_if';
    const args = call.arguments.filter(({ kind }, index) => !(isCount && index === 0 && kind === 'star'));
    this.#insideAggregate = true;
    try {
      return args.map((argument) => this.bind(argument, clause));
    } finally {
      this.#insideAggregate = false;
    }
  }

  #constantValue(expression: Expression, clause: Clause): Value {
    const bound = this.bind(expression, { ...clause, aggregates: null });
    if (bound.kind === 'constant') return bound.value;
    throw this.#error('PLAN_ARGUMENT_INVALID', 'a parameter of an aggregate is a constant', expression);
  }

  #call(name: string, args: readonly Expression[], node: Node, clause: Clause): PlanExpression {
    return this.#apply(
      name,
      args.map((argument) => this.bind(argument, clause)),
      node,
      args,
    );
  }

  /** `parts` are the texts of the arguments, where they have any: an error about one of them points at it. */
  #apply(name: string, args: readonly PlanExpression[], node: Node, parts: readonly Node[] = []): PlanExpression {
    const placeless = () => callFunction(name, args, this.#context);
    if (!comparisons.has(name)) return this.#placed(node, placeless, parts);
    return this.#placed(node, () => this.#compare(name, args, placeless), parts);
  }

  /** A text that is no value of the type it is compared with is a value that does not convert, not a wrong argument. */
  #compare(name: string, args: readonly PlanExpression[], compute: () => PlanExpression): PlanExpression {
    try {
      return compute();
    } catch (error) {
      const text = args.findIndex(
        (argument) => argument.kind === 'constant' && /^(string|array)$/.test(removeNullable(argument.type).kind),
      );
      if (!(error instanceof MillraceError) || error.code !== 'PLAN_ARGUMENT_INVALID' || text < 0) throw error;
      const message = error.message.replace(`${name}: `, '');
      throw new MillraceError('PLAN_TYPE_MISMATCH', message, { hint: error.hint, details: { ...error.details, argument: text + 1 } });
    }
  }

  #placed<T>(node: Node, compute: () => T, parts: readonly Node[] = []): T {
    return placed({ source: this.#source, node }, compute, ({ details: { argument } }) => {
      const part = typeof argument === 'number' ? parts[argument - 1] : undefined;
      return { source: this.#source, node: part ?? node };
    });
  }

  #error(code: MillraceError['code'], message: string, node: Node, hint?: string) {
    return planError(code, message, { source: this.#source, node }, hint);
  }
}

/** True if the expression calls an aggregate (outside of subqueries). */
export function holdsAggregate(expression: Expression): boolean {
  let found = false;
  walkExpression(expression, (node) => {
    if (node.kind === 'call' && aggregateOf(node) !== undefined) found = true;
    return !found;
  });
  return found;
}
