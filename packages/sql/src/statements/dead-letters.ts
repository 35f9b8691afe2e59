import type { Identifier, ReplayDeadLetters, ShowDeadLetters, ShowPipeDeadLetters } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseStreamName } from '../query/stream-name.ts';
import { parseFormat } from './format.ts';
import { parseLike } from './like.ts';
import { parseObjectWord } from './object-word.ts';
import { parseShowPipeDeadLetters } from './pipe.ts';

/** What follows `SHOW DEAD LETTERS`: `[FOR view] [[NOT] [I]LIKE '…']` or `FOR PIPE pipe`. */
export function parseShowDeadLetters(p: Parser, start: number): ShowDeadLetters | ShowPipeDeadLetters {
  const isNamed = p.accept('FOR');
  if (isNamed && parseObjectWord(p, 'PIPE') !== null) return parseShowPipeDeadLetters(p, start);
  const view = isNamed ? parseView(p) : null;
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
