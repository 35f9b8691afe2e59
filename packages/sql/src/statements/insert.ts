import type { Identifier, Insert } from '../ast.ts';
import { atQuery } from '../expression/brackets.ts';
import type { Parser } from '../parser.ts';
import { parseSettings } from '../query/settings.ts';
import { parseStreamName } from '../query/stream-name.ts';
import { parseObjectWord } from './object-word.ts';
import { parseValues } from './values.ts';

/** `INSERT INTO [STREAM | TABLE] s [(c, …)] [SETTINGS …] VALUES … | SELECT … | FORMAT f …`. */
export function parseInsert(p: Parser): Insert {
  const { start } = p.advance();
  p.expect('INTO');
  if (!rowWords.has(p.peek(1).key)) parseObjectWord(p, 'STREAM', 'TABLE');
  const into = parseStreamName(p, 'the name of the stream');
  const columns = p.at('(') && p.peek(1).key !== 'SELECT' && p.peek(1).key !== 'WITH' ? parseColumns(p) : [];
  const settings = p.accept('SETTINGS') ? parseSettings(p) : [];
  const rows = parseRows(p);
  return { kind: 'insert', into, columns, settings, rows, start, end: p.end };
}

const rowWords: ReadonlySet<string> = new Set(['VALUES', 'FORMAT', 'SETTINGS', 'WITH']);

function parseColumns(p: Parser): Identifier[] {
  const opening = p.advance();
  if (p.at(')')) {
    p.expecting('a column');
    p.unexpected();
  }
  return p.list(')', opening, () => p.identifier('a column'));
}

function parseRows(p: Parser): Insert['rows'] {
  if (p.at('FORMAT', 'VALUES')) p.advance();
  // Where the text ends the rows may come beside it.
  if (p.accept('VALUES')) return { kind: 'values', tuples: p.token.kind === 'end' ? [] : parseValues(p) };
  if (p.accept('FORMAT')) return parseData(p);
  if (!atQuery(p) && !p.at('(')) {
    p.expecting('SELECT');
    p.unexpected();
  }
  const query = p.query();
  if (p.at('FORMAT')) p.hinting('INSERT … SELECT has no FORMAT');
  return { kind: 'query', query };
}

function parseData(p: Parser): Insert['rows'] {
  const format = p.identifier("a format's name");
  const data = p.token.kind === 'data' ? p.advance().text : '';
  return { kind: 'format', format, data };
}
