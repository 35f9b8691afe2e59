import type { Truncate } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseStreamName } from '../query/stream-name.ts';
import { parseIfExists } from './if-exists.ts';
import { parseObjectWord } from './object-word.ts';

/** `TRUNCATE [STREAM | TABLE] [IF EXISTS] name`. */
export function parseTruncate(p: Parser): Truncate {
  const { start } = p.advance();
  parseObjectWord(p, 'STREAM', 'TABLE');
  const ifExists = parseIfExists(p);
  const name = parseStreamName(p, 'the name of the stream');
  return { kind: 'truncate', ifExists, name, start, end: p.end };
}
