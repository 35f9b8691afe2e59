import type { Describe, DescribePipePlugin } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseStreamName } from '../query/stream-name.ts';
import { parseFormat } from './format.ts';
import { parseObjectWord } from './object-word.ts';
import { parseDescribePipePlugin } from './pipe-plugin.ts';

/** `DESCRIBE | DESC [STREAM | TABLE | VIEW | PIPEPLUGIN] name`. */
export function parseDescribe(p: Parser): Describe | DescribePipePlugin {
  const { start } = p.advance();
  if (parseObjectWord(p, 'PIPEPLUGIN') !== null) return parseDescribePipePlugin(p, start);
  parseObjectWord(p, 'STREAM', 'TABLE', 'VIEW');
  if (p.at('(')) p.notSupported(p.token, 'DESCRIBE of a query is not supported', 'EXPLAIN shows the columns of a query');
  const name = parseStreamName(p, 'the name of a stream or view');
  const format = parseFormat(p);
  return { kind: 'describe', name, format, start, end: p.end };
}
