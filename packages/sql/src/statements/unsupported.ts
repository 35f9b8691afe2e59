import type { Parser } from '../parser.ts';

/** Statements that are known by their first words, and not to be had. */
const statements: readonly (readonly string[])[] = [
  ['ALTER', 'STREAM'],
  ['ALTER', 'TABLE'],
  ['ALTER', 'VIEW'],
  ['CREATE', 'OR', 'REPLACE', 'EXTERNAL', 'STREAM'],
  ['CREATE', 'OR', 'REPLACE', 'FUNCTION'],
  ['CREATE', 'DATABASE'],
  ['CREATE', 'EXTERNAL', 'STREAM'],
  ['CREATE', 'EXTERNAL', 'TABLE'],
  ['CREATE', 'FUNCTION'],
  ['CREATE', 'PIPESINK'],
  ['CREATE', 'ROLE'],
  ['CREATE', 'USER'],
  ['DELETE'],
  ['DROP', 'DATABASE'],
  ['DROP', 'EXTERNAL', 'STREAM'],
  ['DROP', 'FUNCTION'],
  ['DROP', 'PIPESINK'],
  ['DROP', 'ROLE'],
  ['DROP', 'USER'],
  ['GRANT'],
  ['LOAD', 'CONFIGURATION'],
  ['OPTIMIZE'],
  ['RENAME'],
  ['REVOKE'],
  ['START', 'PIPESERVER'],
  ['STOP', 'PIPESERVER'],
  ['UPDATE'],
];

/** @throws {MillraceError} NOT_SUPPORTED that names the statement, if one of these begins here. */
export function refuseUnsupportedStatement(p: Parser): void {
  const words = statements.find((candidate) => p.at(...candidate));
  if (words === undefined) return;
  const last = p.peek(words.length - 1);
  p.notSupported({ start: p.start, end: last.end }, `${words.join(' ')} is not supported`);
}
