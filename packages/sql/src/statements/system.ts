import type { Flush, SystemView } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseStreamName } from '../query/stream-name.ts';

/** `SYSTEM PAUSE | UNPAUSE | RESUME MATERIALIZED VIEW name`. */
export function parseSystem(p: Parser): SystemView {
  const { start } = p.advance();
  const action = parseAction(p);
  parseWhat(p);
  const name = parseStreamName(p, 'the name of the view');
  return { kind: 'system_view', action, name, start, end: p.end };
}

/** `FLUSH [[MATERIALIZED] VIEW name]`. */
export function parseFlush(p: Parser): Flush {
  const { start } = p.advance();
  const names = p.at('MATERIALIZED') || p.at('VIEW');
  if (names) parseWhat(p);
  const name = names ? parseStreamName(p, 'the name of the view') : null;
  return { kind: 'flush', name, start, end: p.end };
}

function parseAction(p: Parser): SystemView['action'] {
  if (p.accept('PAUSE')) return 'pause';
  if (p.accept('UNPAUSE') || p.accept('RESUME')) return 'unpause';
  return p.unexpected();
}

function parseWhat(p: Parser): void {
  if (p.accept('MATERIALIZED', 'VIEW') || p.accept('VIEW')) return;
  p.unexpected();
}
