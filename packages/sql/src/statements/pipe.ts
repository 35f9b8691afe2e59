import type { AlterPipe, DropPipe, ExplainPipe, Identifier, ShowPipeDeadLetters, ShowPipes, SwitchPipe } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseFormat } from './format.ts';
import { parseIfExists } from './if-exists.ts';
import { parseLike } from './like.ts';
import { parsePipeStage } from './pipe-attributes.ts';

/** `ALTER PIPE p MODIFY | REPLACE` of one stage. */
export function parseAlter(p: Parser): AlterPipe {
  const { start } = p.advance();
  p.expect('PIPE');
  const name = parsePipeName(p);
  const mode = parseMode(p);
  const stage = parsePipeStage(p);
  return { kind: 'alter_pipe', name, mode, stage, start, end: p.end };
}

function parseMode(p: Parser): AlterPipe['mode'] {
  if (p.accept('MODIFY')) return 'modify';
  if (p.accept('REPLACE')) return 'replace';
  return p.unexpected();
}

/** `START PIPE p`, `STOP PIPE p`. */
export function parseSwitchPipe(p: Parser): SwitchPipe {
  const { start, key } = p.advance();
  p.expect('PIPE');
  const name = parsePipeName(p);
  return { kind: 'switch_pipe', action: key === 'START' ? 'start' : 'stop', name, start, end: p.end };
}

/** What follows `DROP PIPE`. */
export function parseDropPipe(p: Parser, start: number): DropPipe {
  const ifExists = parseIfExists(p);
  const name = parsePipeName(p);
  return { kind: 'drop_pipe', ifExists, name, start, end: p.end };
}

/** What follows `SHOW PIPES`: `[WHERE CONNECTOR | SINK USED BY p] [[NOT] [I]LIKE '…']`. */
export function parseShowPipes(p: Parser, start: number): ShowPipes {
  const usedBy = p.accept('WHERE') ? parseUsedBy(p) : null;
  const like = parseLike(p);
  const format = parseFormat(p);
  return { kind: 'show_pipes', name: null, usedBy, like, format, start, end: p.end };
}

function parseUsedBy(p: Parser): Identifier {
  if (!p.accept('SINK')) p.expect('CONNECTOR');
  p.expect('USED', 'BY');
  return parsePipeName(p);
}

/** What follows `SHOW PIPE`. */
export function parseShowPipe(p: Parser, start: number): ShowPipes {
  const name = parsePipeName(p);
  const format = parseFormat(p);
  return { kind: 'show_pipes', name, usedBy: null, like: null, format, start, end: p.end };
}

/** What follows `EXPLAIN PIPE`. */
export function parseExplainPipe(p: Parser, start: number): ExplainPipe {
  const name = parsePipeName(p);
  const format = parseFormat(p);
  return { kind: 'explain_pipe', name, format, start, end: p.end };
}

/** What follows `SHOW DEAD LETTERS FOR PIPE`. */
export function parseShowPipeDeadLetters(p: Parser, start: number): ShowPipeDeadLetters {
  const name = p.identifier('the name of the pipe');
  const format = parseFormat(p);
  return { kind: 'show_pipe_dead_letters', name, format, start, end: p.end };
}

function parsePipeName(p: Parser): Identifier {
  return p.freeName('the name of the pipe');
}
