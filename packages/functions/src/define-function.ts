import { type DataType, formatDataType, isNullable, makeNullable, removeNullable, type Value } from '@millrace/data';
import { wrongCount, wrongType, wrongTypes, wrongValue } from './argument-error.ts';
import type { Argument, Kernel, KernelContext, ResolvedFunction, ScalarFunction } from './definition.ts';
import { type Match, type Mismatch, matchSignature, patternName, returnType } from './match-signature.ts';
import { parseSignature, type Signature } from './signature.ts';

/** A call whose arguments a signature accepted. */
export interface BoundCall {
  readonly name: string;
  readonly args: readonly Argument[];
  /** What the kernel takes, without nullable at the top. */
  readonly types: readonly DataType[];
  /** What the call returns, where the signature says it; `nothing` else. */
  readonly returns: DataType;
}

interface Description {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One overload or several, in the language of {@link parseSignature}; the first that matches is taken. */
  readonly signature: string | readonly string[];
  readonly help: string;
  readonly examples: ScalarFunction['examples'];
  /** Default true. */
  readonly deterministic?: boolean;
  /** See {@link ScalarFunction.unfolds}. */
  readonly unfolds?: true;
  readonly see?: string;
}

interface ByKernel extends Description {
  /** `propagate` (default): NULL in, NULL out. `manual`: the kernel gets nulls, and `returns` says whether it gives any. */
  readonly nulls?: 'propagate' | 'manual';
  /** Where the signature does not name the type. */
  returns?(call: BoundCall): DataType;
  /** Where the kernel takes other types than those the signature gives. */
  argumentTypes?(call: BoundCall): readonly DataType[];
  readonly kernel: Kernel | ((call: BoundCall) => Kernel);
  /** See {@link ResolvedFunction.lazy}. */
  readonly lazy?: boolean;
}

interface ByResolve extends Description {
  lambdaParameters?(index: number, argumentsSoFar: readonly Argument[]): readonly DataType[];
  resolve(args: readonly Argument[]): ResolvedFunction;
}

/**
 * Makes a {@link ScalarFunction} of a description.
 *
 * The signature is matched against the arguments and gives count and type errors that name the function and the legal types.
 * A bare NULL is accepted everywhere; under `propagate` its call is NULL.
 */
export function defineFunction(description: ByKernel | ByResolve): ScalarFunction {
  const signatures = [description.signature].flat().map(parseSignature);
  const { name, help, examples, see } = description;
  const common = {
    kind: 'scalar' as const,
    name,
    aliases: description.aliases ?? [],
    signature: signatures.map((signature) => signature.text).join('; '),
    help,
    examples,
    deterministic: description.deterministic ?? true,
    ...(description.unfolds && { unfolds: description.unfolds }),
    ...(see === undefined ? {} : { see }),
  };
  if ('kernel' in description) return { ...common, resolve: (args) => resolveByKernel(description, signatures, args) };
  const { lambdaParameters } = description;
  return { ...common, ...(lambdaParameters && { lambdaParameters }), resolve: (args) => description.resolve(args) };
}

function resolveByKernel(description: ByKernel, signatures: readonly Signature[], args: readonly Argument[]): ResolvedFunction {
  const { signature, match } = bind(description.name, signatures, args);
  const nulls = description.nulls ?? 'propagate';
  const declared = returnType(signature.returns, match.bindings);
  const call: BoundCall = { name: description.name, args, types: match.types, returns: declared ?? { kind: 'nothing' } };
  if (nulls === 'propagate' && declared === undefined && match.types.some(isNothing)) return alwaysNull(match.types);
  const returns = description.returns?.(call) ?? call.returns;
  const types = description.argumentTypes?.(call) ?? match.types;
  return {
    returns: nulls === 'propagate' ? removeNullable(returns) : returns,
    argumentTypes: nulls === 'propagate' ? types : types.map((type, index) => asNullableAs(type, args[index]!)),
    nulls,
    kernel: typeof description.kernel === 'function' ? description.kernel({ ...call, returns }) : description.kernel,
    ...(description.lazy && { lazy: true }),
  };
}

/** The first signature that the arguments match. @throws as {@link ScalarFunction.resolve}. */
function bind(name: string, signatures: readonly Signature[], args: readonly Argument[]): { signature: Signature; match: Match } {
  const mismatches: Mismatch[] = [];
  for (const signature of signatures) {
    const match = matchSignature(signature, args);
    if (!('kind' in match)) return { signature, match };
    mismatches.push(match);
  }
  throw mismatchError(name, signatures, args, mismatches);
}

/** Matches arguments by hand-written signatures, for functions that resolve themselves. @throws as {@link ScalarFunction.resolve}. */
export function bindArguments(name: string, signature: string, args: readonly Argument[]): Match {
  return bind(name, [parseSignature(signature)], args).match;
}

function mismatchError(name: string, signatures: readonly Signature[], args: readonly Argument[], mismatches: readonly Mismatch[]) {
  const texts = signatures.map((signature) => signature.text).join(` or ${name}`);
  const relevant = mismatches.filter((mismatch) => mismatch.kind !== 'count');
  const first = relevant[0];
  if (first === undefined) return wrongCount(name, texts, args.length);
  if (first.kind === 'common') {
    const given = first.types.map(formatDataType).join(', ');
    return wrongTypes(name, args.map(argumentType), `arguments of one common type, which ${given} do not have; it is ${name}${texts}`);
  }
  if (first.kind === 'constant') return wrongValue(name, `argument ${first.index + 1} (${first.parameter.name}) must be a constant`);
  const legal = relevant
    .filter((mismatch) => mismatch.kind === 'type' && mismatch.index === first.index)
    .map((mismatch) => (mismatch.kind === 'type' ? patternName(mismatch.parameter.pattern) : ''));
  return wrongType(name, first.index, args[first.index]!.type, `${[...new Set(legal)].join(' or ')}: ${name}${texts}`);
}

const argumentType = (argument: Argument) => argument.type;
const isNothing = (type: DataType) => type.kind === 'nothing';

function asNullableAs(type: DataType, argument: Argument): DataType {
  return isNullable(argument.type) ? makeNullable(type) : type;
}

/** What a call with a bare NULL resolves to under `propagate`: NULL, whatever the other arguments are. */
export function alwaysNull(argumentTypes: readonly DataType[]): ResolvedFunction {
  return { returns: { kind: 'nothing' }, argumentTypes, nulls: 'propagate', kernel: perRow(() => null) };
}

/** A kernel of one function from the arguments' values to the result's. */
export function perRow(compute: (...values: never[]) => Value): Kernel {
  return { kind: 'row', create: () => compute };
}

/** As {@link perRow}, made anew for each running query from its surroundings. */
export function perQuery(create: (context: KernelContext) => (...values: never[]) => Value): Kernel {
  return { kind: 'row', create };
}

/** A kernel of JavaScript text. */
export function inline(emit: (...values: string[]) => string): Kernel {
  return { kind: 'code', emit };
}

/** The value of argument `index`; undefined if the call has no such argument or it is no constant. */
export function constantAt(call: BoundCall, index: number): Value | undefined {
  return call.args[index]?.constant?.value;
}
