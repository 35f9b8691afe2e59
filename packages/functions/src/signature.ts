import { assert } from '@millrace/core';
import type { DataType } from '@millrace/data';

/**
 * What a parameter takes. `type` is one concrete type, `class` a family, `variable` any type that all parameters of the same
 * letter have in common.
 */
export type TypePattern =
  | { readonly kind: 'class'; readonly name: TypeClass }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'array'; readonly element: TypePattern }
  | { readonly kind: 'map'; readonly key: TypePattern; readonly value: TypePattern }
  | { readonly kind: 'union'; readonly options: readonly TypePattern[] };

/**
 * The words of the signature language.
 *
 * - `string` takes every type whose value is a byte string, as it is.
 * - `number`, `integer`, `date`, `datetime` (also datetime64), `time` (all three), `bool` (also numbers), `interval`: as they are.
 * - `index` takes integers as float64 (offsets and counts: exact up to 2⁵³, no BigInt in the kernel).
 * - `float64`, `int64`, `uint64` take numbers (integers) converted to that type.
 * - `lambda` takes a lambda, `tuple` a tuple, `any` everything.
 */
const typeClasses = [
  'any',
  'string',
  'number',
  'integer',
  'index',
  'float64',
  'int64',
  'uint64',
  'bool',
  'date',
  'datetime',
  'time',
  'interval',
  'tuple',
  'lambda',
] as const;

export type TypeClass = (typeof typeClasses)[number];

export interface Parameter {
  readonly name: string;
  readonly pattern: TypePattern;
  readonly optional: boolean;
  /** Takes one or more arguments (none or more if it is optional); only the last parameter may. */
  readonly variadic: boolean;
  /** Takes only constants. */
  readonly constant: boolean;
}

export interface Signature {
  /** As people read it: `index` is an integer to them. */
  readonly text: string;
  readonly parameters: readonly Parameter[];
  /** Null where the text after `->` is prose (`the wider type`): then the definition computes the type itself. */
  readonly returns: ReturnPattern | null;
}

export type ReturnPattern =
  | { readonly kind: 'concrete'; readonly type: DataType }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'array'; readonly element: ReturnPattern };

/**
 * Parses `(haystack string, needle string, [start index]) -> uint64`: names and patterns, optional parameters in brackets,
 * `const` before a pattern, `...` behind the last one; `a|b` for alternatives; single capital letters are type variables.
 */
export function parseSignature(text: string): Signature {
  const match = /^\((.*)\)\s*->\s*(.+)$/.exec(text);
  assert(match !== null, `signature ${text} is not of the form (name type, …) -> type`);
  return {
    text: text.replace(/ index(?=[,)\]])/g, ' integer'),
    parameters: splitTopLevel(match[1]!).map(parseParameter),
    returns: parseReturn(match[2]!.trim()),
  };
}

function parseParameter(text: string): Parameter {
  const match = /^(\[?)(\w+) (const )?(.+?)(\.\.\.)?(\]?)$/.exec(text);
  assert(match !== null, `parameter ${text} is not of the form name type`);
  const [, open, name, constant, pattern, dots, close] = match;
  assert((open === '[') === (close === ']'), `brackets of parameter ${text} do not match`);
  return {
    name: name!,
    pattern: parsePattern(pattern!),
    optional: open === '[',
    variadic: dots !== undefined,
    constant: constant !== undefined,
  };
}

function parsePattern(text: string): TypePattern {
  const options = splitTopLevel(text, '|');
  if (options.length > 1) return { kind: 'union', options: options.map(parsePattern) };
  if (/^[A-Z]$/.test(text)) return { kind: 'variable', name: text };
  const composite = /^(array|map)\((.+)\)$/.exec(text);
  if (composite === null) {
    assert((typeClasses as readonly string[]).includes(text), `${text} is no word of the signature language`);
    return { kind: 'class', name: text as TypeClass };
  }
  const inner = splitTopLevel(composite[2]!).map(parsePattern);
  return composite[1] === 'array' ? { kind: 'array', element: inner[0]! } : { kind: 'map', key: inner[0]!, value: inner[1]! };
}

const concreteReturns = /^(u?int(8|16|32|64)|float(32|64)|bool|string|uuid|date)$/;

function parseReturn(text: string): ReturnPattern | null {
  if (/^[A-Z]$/.test(text)) return { kind: 'variable', name: text };
  const array = /^array\((.+)\)$/.exec(text);
  if (array !== null) {
    const element = parseReturn(array[1]!);
    return element === null ? null : { kind: 'array', element };
  }
  return concreteReturns.test(text) ? { kind: 'concrete', type: { kind: text } as DataType } : null;
}

function splitTopLevel(text: string, separator = ','): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === separator && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += char;
  }
  if (part.trim() !== '') parts.push(part.trim());
  return parts;
}
