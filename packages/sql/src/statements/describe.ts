import type { Describe } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseStreamName } from '../query/stream-name.ts';
import { parseFormat } from './format.ts';

/** `DESCRIBE | DESC [STREAM | TABLE | VIEW] name`; a stream may itself be called `stream`. */
export function parseDescribe(p: Parser): Describe {
  const { start } = p.advance();
  const hasObject = (p.at('STREAM') || p.at('TABLE') || p.at('VIEW')) && p.atName(1);
  if (hasObject) p.advance();
  if (p.at('(')) p.notSupported(p.token, 'DESCRIBE of a query is not supported', 'EXPLAIN shows the columns of a query');
  const name = parseStreamName(p, 'the name of a stream or view');
  const format = parseFormat(p);
  return { kind: 'describe', name, format, start, end: p.end };
}
