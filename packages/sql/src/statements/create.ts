import type { Statement } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseCreatePipe } from './create-pipe.ts';
import { parseCreateStream } from './create-stream.ts';
import { parseCreateMaterializedView, parseCreateView } from './create-view.ts';
import { parseCreatePipePlugin } from './pipe-plugin.ts';

/** CREATE of a stream, a view, a pipe or a plugin of pipes. */
export function parseCreate(p: Parser): Statement {
  const { start } = p.advance();
  const orReplace = p.accept('OR', 'REPLACE');
  const { token } = p;
  if (p.accept('VIEW')) return parseCreateView(p, start, orReplace);
  if (p.accept('MATERIALIZED', 'VIEW')) return parseCreateMaterializedView(p, start, orReplace);
  if (p.accept('PIPEPLUGIN')) return parseCreatePipePlugin(p, start, orReplace);
  if (p.accept('STREAM') || p.accept('TABLE')) {
    if (orReplace)
      p.notSupported({ start, end: token.end }, `CREATE OR REPLACE ${token.key} is not supported`, 'drop it first, or write IF NOT EXISTS');
    return parseCreateStream(p, start);
  }
  if (!orReplace && p.accept('PIPE')) return parseCreatePipe(p, start);
  return p.unexpected();
}
