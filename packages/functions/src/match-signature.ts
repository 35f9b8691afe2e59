import { commonType, type DataType, isTemporal, removeNullable } from '@millrace/data';
import type { Argument } from './definition.ts';
import { boolAsNumber, numericType } from './numeric-type.ts';
import type { Parameter, ReturnPattern, Signature, TypeClass, TypePattern } from './signature.ts';

/** Types that the letters of a signature stand for. */
export type Bindings = ReadonlyMap<string, DataType>;

/** A match: what the kernel takes (without nullable at the top), and the letters. */
export interface Match {
  readonly types: readonly DataType[];
  readonly bindings: Bindings;
}

/** Why a signature does not match. */
export type Mismatch =
  | { readonly kind: 'count' }
  | { readonly kind: 'type'; readonly index: number; readonly parameter: Parameter }
  | { readonly kind: 'constant'; readonly index: number; readonly parameter: Parameter }
  | { readonly kind: 'common'; readonly variable: string; readonly types: readonly DataType[] };

/** Compares the arguments with one signature. */
export function matchSignature(signature: Signature, args: readonly Argument[]): Match | Mismatch {
  const parameters = assign(signature.parameters, args.length);
  if (parameters === undefined) return { kind: 'count' };
  const seen = new Map<string, DataType[]>();
  for (const [index, parameter] of parameters.entries()) {
    const argument = args[index]!;
    if (!accepts(parameter.pattern, argument, seen)) return { kind: 'type', index, parameter };
    if (parameter.constant && argument.constant === undefined) return { kind: 'constant', index, parameter };
  }
  const bindings = new Map<string, DataType>();
  for (const [variable, types] of seen) {
    const common = types.length === 1 ? types[0] : commonType(types);
    if (common === null || common === undefined) return { kind: 'common', variable, types };
    bindings.set(variable, common);
  }
  return { types: parameters.map((parameter, index) => taken(parameter.pattern, removeNullable(args[index]!.type), bindings)), bindings };
}

/** One parameter for each argument, or undefined if their number does not fit. */
function assign(parameters: readonly Parameter[], count: number): readonly Parameter[] | undefined {
  const last = parameters.at(-1);
  const required = parameters.filter((parameter) => !parameter.optional).length;
  if (count < required || (count > parameters.length && last?.variadic !== true)) return undefined;
  return Array.from({ length: count }, (_, index) => parameters[Math.min(index, parameters.length - 1)]!);
}

function accepts(pattern: TypePattern, argument: Argument, seen: Map<string, DataType[]>): boolean {
  if (pattern.kind === 'class' && pattern.name === 'lambda') return argument.lambda !== undefined;
  return argument.lambda === undefined && acceptsType(pattern, removeNullable(argument.type), seen);
}

function acceptsType(pattern: TypePattern, type: DataType, seen: Map<string, DataType[]>): boolean {
  if (pattern.kind === 'variable') {
    const types = seen.get(pattern.name);
    if (types === undefined) seen.set(pattern.name, [type]);
    else types.push(type);
    return true;
  }
  if (type.kind === 'nothing') return true;
  switch (pattern.kind) {
    case 'class':
      return isOfClass(pattern.name, type);
    case 'array':
      return type.kind === 'array' && acceptsType(pattern.element, type.element, seen);
    case 'map':
      return type.kind === 'map' && acceptsType(pattern.key, type.key, seen) && acceptsType(pattern.value, type.value, seen);
    case 'union':
      return pattern.options.some((option) => acceptsType(option, type, seen));
  }
}

/** What the kernel gets for an argument of `type` that `pattern` accepted. */
function taken(pattern: TypePattern, type: DataType, bindings: Bindings): DataType {
  if (pattern.kind === 'variable') return removeNullable(bindings.get(pattern.name)!);
  if (type.kind === 'nothing') return type;
  if (pattern.kind === 'array' && type.kind === 'array') {
    const element = pattern.element.kind === 'variable' ? bindings.get(pattern.element.name)! : type.element;
    return { kind: 'array', element };
  }
  if (pattern.kind === 'union') {
    const option = pattern.options.find((candidate) => acceptsType(candidate, type, new Map()))!;
    return taken(option, type, bindings);
  }
  return pattern.kind === 'class' ? takenOfClass(pattern.name, type) : type;
}

function takenOfClass(name: TypeClass, type: DataType): DataType {
  switch (name) {
    case 'index':
    case 'float64':
      return { kind: 'float64' };
    case 'int64':
    case 'uint64':
    case 'bool':
      return { kind: name };
    case 'number':
    case 'integer':
      return boolAsNumber(type);
    default:
      return type;
  }
}

const stringKinds: readonly DataType['kind'][] = ['string', 'fixed_string', 'json', 'uuid', 'ipv4', 'ipv6', 'enum8', 'enum16'];

/** True if a type's values are byte strings. */
export function isByteString(type: DataType): boolean {
  return stringKinds.includes(type.kind);
}

function isOfClass(name: TypeClass, type: DataType): boolean {
  switch (name) {
    case 'any':
      return true;
    case 'string':
      return isByteString(type);
    case 'number':
    case 'float64':
    case 'bool':
      return numericType(type) !== undefined;
    case 'integer':
    case 'index':
    case 'int64':
    case 'uint64':
      return numericType(type)?.floating === false;
    case 'datetime':
      return type.kind === 'datetime' || type.kind === 'datetime64';
    case 'time':
      return isTemporal(type);
    default:
      return type.kind === name;
  }
}

/** The type that a signature returns, or undefined if it leaves that to the definition. */
export function returnType(pattern: ReturnPattern | null, bindings: Bindings): DataType | undefined {
  if (pattern === null) return undefined;
  switch (pattern.kind) {
    case 'concrete':
      return pattern.type;
    case 'variable':
      return bindings.get(pattern.name) ?? { kind: 'nothing' };
    case 'array': {
      const element = returnType(pattern.element, bindings);
      return element === undefined ? undefined : { kind: 'array', element };
    }
  }
}

/** The pattern as it is written in messages. */
export function patternName(pattern: TypePattern): string {
  switch (pattern.kind) {
    case 'class':
      return pattern.name === 'index' ? 'integer' : pattern.name;
    case 'variable':
      return 'any type';
    case 'array':
      return `array(${patternName(pattern.element)})`;
    case 'map':
      return `map(${patternName(pattern.key)}, ${patternName(pattern.value)})`;
    case 'union':
      return pattern.options.map(patternName).join(' or ');
  }
}
