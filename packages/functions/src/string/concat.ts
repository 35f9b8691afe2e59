import type { DataType } from '@millrace/data';
import { removeNullable, toText, type Value } from '@millrace/data';
import { wrongValue } from '../argument-error.ts';
import { bindArguments, defineFunction, inline, perRow } from '../define-function.ts';
import type { Argument } from '../definition.ts';
import { isByteString } from '../match-signature.ts';

const concatSignature = '(values any...) -> string';

/** Byte strings as they are, everything else as its text. */
function asTexts(args: readonly Argument[]): readonly DataType[] {
  return args.map(({ type }) => {
    const inner = removeNullable(type);
    return isByteString(inner) || inner.kind === 'nothing' ? inner : { kind: 'string' };
  });
}

export const concat = defineFunction({
  name: 'concat',
  signature: concatSignature,
  help: 'The values one after the other (operator ||); what is no string is converted as to_string does.',
  examples: [
    ["concat('a', 'b', 'c')", 'abc'],
    ["'n=' || 5", 'n=5'],
    ["concat('a', NULL)", null],
  ],
  see: 'ClickHouse: concat',
  resolve(args) {
    bindArguments('concat', concatSignature, args);
    return {
      returns: { kind: 'string' },
      argumentTypes: asTexts(args),
      nulls: 'propagate',
      kernel: inline((...values) => `('' + ${values.join(' + ')})`),
    };
  },
});

const formatSignature = '(pattern const string, [values any...]) -> string';

export const format = defineFunction({
  name: 'format',
  signature: formatSignature,
  help: 'The pattern with {} replaced by the values in order, or {0}, {1}, … by number; {{ and }} stand for braces.',
  examples: [
    ["format('{} {}', 'Hello', 'World')", 'Hello World'],
    ["format('{1}-{0}', 'a', 2)", '2-a'],
    ["format('{{}} {}', 1)", '{} 1'],
    ["format('{}', NULL)", null],
  ],
  see: 'ClickHouse: format',
  resolve(args) {
    bindArguments('format', formatSignature, args);
    const pattern = args[0]!.constant!.value;
    const pieces = typeof pattern === 'string' ? parsePattern(pattern, args.length - 1) : [];
    return {
      returns: { kind: 'string' },
      argumentTypes: asTexts(args),
      nulls: 'propagate',
      kernel: perRow((...values: Value[]) =>
        pieces.map((piece) => (typeof piece === 'number' ? (values[piece + 1] as string) : piece)).join(''),
      ),
    };
  },
});

/** Text pieces, and numbers of values (from 0). */
function parsePattern(pattern: string, count: number): readonly (string | number)[] {
  const pieces: (string | number)[] = [];
  let automatic = 0;
  for (const [piece, escaped, number] of pattern.matchAll(/(\{\{|\}\})|\{(\d*)\}|[^{}]+|[{}]/g)) {
    if (escaped !== undefined) pieces.push(escaped[0]!);
    else if (number !== undefined) pieces.push(number === '' ? automatic++ : Number(number));
    else if (piece === '{' || piece === '}')
      throw wrongValue('format', `the pattern '${toText(pattern)}' has a single '${piece}'`, `write ${piece}${piece} for a brace`);
    else pieces.push(piece);
  }
  const missing = pieces.find((piece) => typeof piece === 'number' && piece >= count);
  if (missing !== undefined)
    throw wrongValue('format', `the pattern '${toText(pattern)}' asks for value {${missing}}, but there are ${count}`);
  return pieces;
}
