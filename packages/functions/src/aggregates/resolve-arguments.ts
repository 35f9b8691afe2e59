import type { Value } from '@millrace/data';
import { type DataType, isBool, isNullable, isNumeric, makeNullable } from '@millrace/data';
import { wrongCount, wrongType, wrongValue } from '../argument-error.ts';
import type { Argument } from '../definition.ts';

/** What the checks below name in their errors. */
interface Named {
  readonly name: string;
  readonly signature: string;
}

/** @throws {MillraceError} PLAN_ARGUMENT_COUNT. */
export function expectCount({ name, signature }: Named, args: readonly Argument[], min: number, max = min): void {
  if (args.length < min || args.length > max) throw wrongCount(name, signature, args.length);
}

/** @throws {MillraceError} PLAN_ARGUMENT_INVALID if there are constants in front: `f(1)(x)`. */
export function expectNoParameters({ name, signature }: Named, parameters: readonly Value[]): void {
  if (parameters.length > 0) throw wrongValue(name, `it takes no parameters, but got ${parameters.length}; it is ${name}${signature}`);
}

/** @throws {MillraceError} PLAN_ARGUMENT_TYPE unless the argument is a number or bool. */
export function expectNumber({ name }: Named, args: readonly Argument[], index: number): void {
  const { type } = args[index]!;
  if (!isNumeric(type) && !isBool(type)) throw wrongType(name, index, type, 'numbers');
}

/** @throws {MillraceError} PLAN_ARGUMENT_TYPE for lambdas. */
export function expectValue({ name }: Named, args: readonly Argument[], index: number): void {
  if (args[index]!.lambda !== undefined) throw wrongType(name, index, args[index]!.type, 'values');
}

/** The result's type: nullable if an argument is, for then it is NULL of no rows. */
export function resultOf(type: DataType, args: readonly Argument[]): DataType {
  return args.some((argument) => isNullable(argument.type)) ? makeNullable(type) : type;
}

/** `type`, nullable as the argument is. */
export function likeNullable(type: DataType, argument: Argument): DataType {
  return isNullable(argument.type) ? makeNullable(type) : type;
}
