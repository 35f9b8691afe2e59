import type { Identifier, ReplayDeadLetters, ShowDeadLetters } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseStreamName } from '../query/stream-name.ts';
import { parseFormat } from './format.ts';
import { parseLike } from './like.ts';

/** What follows `SHOW DEAD LETTERS`: `[FOR view] [[NOT] [I]LIKE '…']`. */
export function parseShowDeadLetters(p: Parser, start: number): ShowDeadLetters {
  const view = p.accept('FOR') ? parseView(p) : null;
  const like = parseLike(p);
  const format = parseFormat(p);
  return { kind: 'show_dead_letters', view, like, format, start, end: p.end };
}

/** `REPLAY DEAD LETTERS FOR view [WHERE condition]`. */
export function parseReplayDeadLetters(p: Parser): ReplayDeadLetters {
  const { start } = p.advance();
  p.expect('DEAD', 'LETTERS');
  p.expect('FOR');
  const view = parseView(p);
  const where = p.accept('WHERE') ? p.expression() : null;
  const format = parseFormat(p);
  return { kind: 'replay_dead_letters', view, where, format, start, end: p.end };
}

function parseView(p: Parser): Identifier {
  return parseStreamName(p, 'the name of the view');
}
