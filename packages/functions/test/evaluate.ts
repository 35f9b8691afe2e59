/**
 * Evaluates constant SQL expressions row at a time, straight from the syntax tree: the plainest thing that can be right.
 * It shares with the compiled engine only the definitions of the functions, and so serves as an oracle for it.
 */
import { FakeClock, SeededRandom } from '@millrace/core';
import {
  castValue,
  createCast,
  type DataType,
  fromText,
  parseDataType,
  removeNullable,
  sameType,
  toText,
  type Value,
} from '@millrace/data';
import { type Expression, parseExpression } from '@millrace/sql';
import type { Argument, Kernel, KernelContext, ResolvedFunction, ScalarFunction } from '../src/definition.ts';
import { FunctionNames } from '../src/function-names.ts';
import { allScalarFunctions } from '../src/scalar-functions.ts';

/** A value and its type. Functions see it as a constant unless it is a column's. */
export interface Typed {
  readonly type: DataType;
  readonly value: Value;
  readonly column?: boolean;
}

/** What names stand for: columns, or parameters of a lambda. */
export type Scope = ReadonlyMap<string, Typed>;

const functions = new FunctionNames<ScalarFunction>(allScalarFunctions);

/** The surroundings of every evaluation: 2026-01-02 03:04:05.678 UTC, seeded random numbers. */
export function testContext(timezone = 'UTC'): KernelContext {
  return { clock: new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678)), random: new SeededRandom(1), timezone };
}

/** The value of an expression over the names in `scope`. */
export function evaluate(sql: string, scope: Scope = new Map(), context = testContext()): Typed {
  return new Evaluator(context).evaluate(parseExpression(sql), scope);
}

/** Calls a function with values of these types, as the engine does after planning. */
export function call(name: string, args: readonly Typed[], context = testContext()): Typed {
  return new Evaluator(context).apply(name, args);
}

const operators: Record<string, string> = {
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

const nothing: DataType = { kind: 'nullable', inner: { kind: 'nothing' } };

class Evaluator {
  readonly #context: KernelContext;

  constructor(context: KernelContext) {
    this.#context = context;
  }

  evaluate(expression: Expression, scope: Scope): Typed {
    const recur = (inner: Expression) => this.evaluate(inner, scope);
    switch (expression.kind) {
      case 'null':
        return { type: nothing, value: null };
      case 'boolean':
        return { type: { kind: 'bool' }, value: expression.value };
      case 'number':
        return numberLiteral(expression.text);
      case 'string':
        return { type: { kind: 'string' }, value: fromText(expression.value) };
      case 'interval':
        return { type: { kind: 'interval', unit: expression.unit }, value: Number(recur(expression.amount).value) };
      case 'column':
        return lookUp(expression.parts.map((part) => part.name).join('.'), scope);
      case 'binary':
        return this.apply(operators[expression.operator]!, [recur(expression.left), recur(expression.right)]);
      case 'unary':
        return this.#unary(expression.operator, expression.operand, scope);
      case 'is_null':
        return this.apply(expression.negated ? 'is_not_null' : 'is_null', [recur(expression.operand)]);
      case 'in':
        return this.apply(expression.negated ? 'not_in' : 'in', [
          recur(expression.operand),
          this.apply('array', expression.list.map(recur)),
        ]);
      case 'like':
        return this.apply(`${expression.negated ? 'not_' : ''}${expression.caseInsensitive ? 'ilike' : 'like'}`, [
          recur(expression.operand),
          recur(expression.pattern),
        ]);
      case 'case':
        return this.#case(expression, scope);
      case 'cast':
        return this.#cast(recur(expression.operand), parseDataType(expression.type.text));
      case 'subscript':
        return this.apply('array_element', [recur(expression.operand), recur(expression.index)]);
      case 'member':
        return this.apply('tuple_element', [recur(expression.operand), memberName(expression.member)]);
      case 'json_path':
        return this.apply('json_path', [recur(expression.operand), ...expression.path.map(stringLiteral)]);
      case 'array':
        return this.apply('array', expression.elements.map(recur));
      case 'tuple':
        return this.apply('tuple', expression.elements.map(recur));
      case 'call':
        return this.#call(expression, scope);
      default:
        throw new Error(`${expression.kind} is not a constant expression`);
    }
  }

  apply(name: string, args: readonly Typed[]): Typed {
    const definition = find(name);
    return this.#run(definition.resolve(args.map(asArgument)), args);
  }

  #unary(operator: '-' | '+' | 'not', operand: Expression, scope: Scope): Typed {
    if (operator === '-' && operand.kind === 'number') return numberLiteral(`-${operand.text}`);
    const value = this.evaluate(operand, scope);
    return operator === '+' ? value : this.apply(operator === '-' ? 'negate' : 'not', [value]);
  }

  #case({ operand, branches, otherwise }: Expression & { kind: 'case' }, scope: Scope): Typed {
    const subject = operand && this.evaluate(operand, scope);
    const args = branches.flatMap(({ when, then }) => {
      const condition = this.evaluate(when, scope);
      return [subject === null ? condition : this.apply('equals', [subject, condition]), this.evaluate(then, scope)];
    });
    return this.apply('multi_if', [...args, otherwise === null ? { type: nothing, value: null } : this.evaluate(otherwise, scope)]);
  }

  #cast({ type, value, column = false }: Typed, target: DataType): Typed {
    const returns: DataType = type.kind === 'nullable' && target.kind !== 'nullable' ? { kind: 'nullable', inner: target } : target;
    return { type: returns, value: castValue(value, type, returns, this.#context), column };
  }

  #call({ name, arguments: args }: Expression & { kind: 'call' }, scope: Scope): Typed {
    const definition = find(name.name);
    const index = args.findIndex((argument) => argument.kind === 'lambda');
    if (index < 0)
      return this.apply(
        name.name,
        args.map((argument) => this.evaluate(argument, scope)),
      );
    const lambda = args[index] as Expression & { kind: 'lambda' };
    const plain = args.map(
      (argument, i): Typed => (i === index ? { type: { kind: 'nothing' }, value: null } : this.evaluate(argument, scope)),
    );
    const types = definition.lambdaParameters!(index, plain.map(asArgument));
    const body = (values: readonly Value[]) => {
      const inner = new Map(scope);
      for (const [i, parameter] of lambda.parameters.entries()) inner.set(parameter.name, { type: types[i]!, value: values[i]! });
      return this.evaluate(lambda.body, inner);
    };
    const argument: Argument = { type: body(types.map(sampleOf)).type, lambda: { parameterCount: lambda.parameters.length } };
    const resolved = definition.resolve(plain.map((typed, i) => (i === index ? argument : asArgument(typed))));
    const compute = (...values: Value[]) => body(values).value;
    return this.#run(
      resolved,
      plain.map((typed, i) => (i === index ? { type: argument.type, value: compute as never } : typed)),
    );
  }

  #run({ returns, argumentTypes, nulls, kernel }: ResolvedFunction, args: readonly Typed[]): Typed {
    const isNull = nulls === 'propagate' && args.some(({ value }) => value === null);
    const anyNullable = nulls === 'propagate' && args.some(({ type }) => type.kind === 'nullable');
    const type: DataType = anyNullable ? { kind: 'nullable', inner: removeNullable(returns) } : returns;
    if (isNull) return { type, value: null, column: args.some(({ column }) => column) };
    const values = args.map(({ type: from, value }, i) => this.#convert(value, from, argumentTypes[i]!, nulls));
    return { type, value: runKernel(kernel, values, this.#context), column: args.some(({ column }) => column) };
  }

  #convert(value: Value, from: DataType, to: DataType, nulls: 'propagate' | 'manual'): Value {
    if (typeof value === 'function') return value;
    const source = nulls === 'propagate' ? removeNullable(from) : from;
    return sameType(source, to) ? value : createCast(source, to, this.#context)(value);
  }
}

function runKernel(kernel: Kernel, values: readonly Value[], context: KernelContext): Value {
  switch (kernel.kind) {
    case 'row':
      return kernel.create(context)(...(values as never[]));
    case 'constant':
      return kernel.create(context)();
    case 'code': {
      const names = values.map((_, i) => `v${i}`);
      return new Function(...names, `return ${kernel.emit(...names)}`)(...values) as Value;
    }
  }
}

function find(name: string): ScalarFunction {
  const definition = functions.find(name);
  if (definition === undefined) throw new Error(`there is no function ${name}`);
  return definition;
}

function asArgument({ type, value, column }: Typed): Argument {
  return column ? { type } : { type, constant: { value } };
}

function lookUp(name: string, scope: Scope): Typed {
  const found = scope.get(name);
  if (found === undefined) throw new Error(`there is no name ${name}`);
  return { ...found, column: true };
}

/** Typed as the planner does: the narrowest integer, else float64. */
function numberLiteral(text: string): Typed {
  if (!/^-?(\d+|0x[0-9a-f]+)$/i.test(text)) return { type: { kind: 'float64' }, value: Number(text) };
  const negative = text.startsWith('-');
  const magnitude = BigInt(negative ? text.slice(1) : text);
  const value = negative ? -magnitude : magnitude;
  for (const bits of [8, 16, 32, 64]) {
    const fits = negative ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
    if (fits) return { type: { kind: `${negative ? '' : 'u'}int${bits}` } as DataType, value: bits === 64 ? value : Number(value) };
  }
  return { type: { kind: 'float64' }, value: Number(value) };
}

const stringLiteral = (text: string): Typed => ({ type: { kind: 'string' }, value: fromText(text) });

function memberName(member: string): Typed {
  return /^\d+$/.test(member) ? numberLiteral(member) : stringLiteral(member);
}

/** Any value of a type, to learn the type of a lambda's body. */
function sampleOf(type: DataType): Value {
  if (type.kind === 'nullable') return null;
  if (type.kind === 'array') return [];
  if (type.kind === 'tuple') return type.elements.map((element) => sampleOf(element.type));
  if (type.kind === 'bool') return true;
  if (type.kind === 'int64' || type.kind === 'uint64') return 1n;
  return type.kind === 'string' ? '' : 1;
}

/** A value as JSONEachRow prints it, read back: 64-bit integers as numbers where they are exact, else as text. */
export function toPlain({ type, value }: Typed): unknown {
  if (value === null) return null;
  switch (type.kind) {
    case 'nullable':
      return toPlain({ type: type.inner, value });
    case 'int64':
    case 'uint64':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case 'float32':
    case 'float64':
      return Number.isFinite(value) ? value : null;
    case 'array':
      return (value as readonly Value[]).map((item) => toPlain({ type: type.element, value: item }));
    case 'tuple':
      return (value as readonly Value[]).map((item, i) => toPlain({ type: type.elements[i]!.type, value: item }));
    case 'map':
      return Object.fromEntries(
        [...(value as ReadonlyMap<Value, Value>)].map(([key, item]) => [
          String(toPlain({ type: type.key, value: key })),
          toPlain({ type: type.value, value: item }),
        ]),
      );
    case 'date':
    case 'datetime':
    case 'datetime64':
      return castValue(value, type, { kind: 'string' }, { timezone: 'UTC' });
    default:
      return typeof value === 'string' ? toText(value) : value;
  }
}
