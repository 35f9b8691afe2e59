import type { Drop, DropPipe, DropPipePlugin } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseStreamName } from '../query/stream-name.ts';
import { parseIfExists } from './if-exists.ts';
import { parseDropPipe } from './pipe.ts';
import { parseDropPipePlugin } from './pipe-plugin.ts';

/** `DROP STREAM | TABLE | [MATERIALIZED] VIEW | PIPE | PIPEPLUGIN [IF EXISTS] name`. */
export function parseDrop(p: Parser): Drop | DropPipe | DropPipePlugin {
  const { start } = p.advance();
  if (p.accept('PIPE')) return parseDropPipe(p, start);
  if (p.accept('PIPEPLUGIN')) return parseDropPipePlugin(p, start);
  const object = parseObject(p);
  const ifExists = parseIfExists(p);
  const name = parseStreamName(p, `the name of the ${object}`);
  return { kind: 'drop', object, ifExists, name, start, end: p.end };
}

function parseObject(p: Parser): Drop['object'] {
  if (p.accept('STREAM') || p.accept('TABLE')) return 'stream';
  if (p.accept('VIEW') || p.accept('MATERIALIZED', 'VIEW')) return 'view';
  return p.unexpected();
}
