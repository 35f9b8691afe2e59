import type { ByteString } from '@millrace/data';
import type { JsonScanner, JsonSpan } from './json-scanner.ts';

/** A step into a JSON value: a key, or an index from 0 (negative from the end). */
export type JsonStep = ByteString | number;

/**
 * The value that the steps lead to, or null if there is none. Of a key given twice the last wins.
 * A key that is digits also is an index where it meets an array.
 */
export function follow(scanner: JsonScanner, document: JsonSpan, steps: readonly JsonStep[]): JsonSpan | null {
  let span: JsonSpan | null = document;
  for (const step of steps) {
    if (span === null) return null;
    span = stepInto(scanner, span, step);
  }
  return span;
}

/** One step of {@link follow}. A number in an object counts its members. */
function stepInto(scanner: JsonScanner, span: JsonSpan, step: JsonStep): JsonSpan | null {
  const kind = scanner.kindOf(span);
  if (kind === 'object') {
    const members = scanner.members(span);
    const member = typeof step === 'number' ? members.at(step) : members.findLast(({ key }) => key === step);
    return member?.value ?? null;
  }
  if (kind !== 'array') return null;
  const index = typeof step === 'number' ? step : /^\d+$/.test(step) ? Number(step) : Number.NaN;
  return Number.isNaN(index) ? null : (scanner.elements(span).at(index) ?? null);
}

/** A step of a path expression: a key, an index from 0, or all elements. */
export type PathStep = JsonStep | { readonly all: true };

const pathStepPattern = /\.([\w-]+|\*)|\[\s*(?:(\d+)|'([^']*)'|"([^"]*)"|(\*))\s*\]/y;

/** Parses `$.a.b[0]['c'][*]`; null if the text is no path. */
export function parsePath(path: ByteString): readonly PathStep[] | null {
  if (path[0] !== '$') return null;
  const steps: PathStep[] = [];
  for (let at = 1; at < path.length; ) {
    pathStepPattern.lastIndex = at;
    const match = pathStepPattern.exec(path);
    if (match === null) return null;
    const [whole, name, index, single, double] = match;
    at += whole.length;
    if (index !== undefined) steps.push(Number(index));
    else if (name === '*' || (name ?? single ?? double) === undefined) steps.push({ all: true });
    else steps.push((name ?? single ?? double)!);
  }
  return steps;
}

/** All values that a path leads to, in order of the text. */
export function* walkPath(scanner: JsonScanner, span: JsonSpan, steps: readonly PathStep[]): Generator<JsonSpan> {
  const [step, ...rest] = steps;
  if (step === undefined) yield span;
  else if (typeof step !== 'object') {
    const next = stepInto(scanner, span, step);
    if (next !== null) yield* walkPath(scanner, next, rest);
  } else {
    const kind = scanner.kindOf(span);
    const children = kind === 'array' ? scanner.elements(span) : kind === 'object' ? scanner.members(span).map(({ value }) => value) : [];
    for (const child of children) yield* walkPath(scanner, child, rest);
  }
}
