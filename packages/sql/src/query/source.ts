import type { Source } from '../ast.ts';
import { atQuery, parseBracketedQuery } from '../expression/brackets.ts';
import type { Parser } from '../parser.ts';
import { identifierOf } from '../token-cursor.ts';
import { hintAlias, parseAlias } from './alias.ts';
import { parseJoins } from './join.ts';
import { atSessionBoundaries, parseSessionBoundaries } from './session-boundaries.ts';
import { parseStreamName } from './stream-name.ts';

/** What stands behind FROM: a source, and the joins to it. */
export function parseFrom(p: Parser): Source {
  const first = parseSource(p);
  const source = parseJoins(p, first, () => parseSource(p));
  hintAlias(p);
  if (p.at(',')) throw p.error(p.token, "unexpected ',' in FROM", 'streams are joined by JOIN … ON');
  return source;
}

/** A stream, a subquery or a table function, with its alias. */
function parseSource(p: Parser): Source {
  const { start } = p;
  const source = parseInput(p);
  const alias = parseAlias(p);
  return alias === null ? source : { ...source, alias, start, end: p.end };
}

type Input = Exclude<Source, { kind: 'join' }>;

function parseInput(p: Parser): Input {
  const { token } = p;
  if (p.at('(')) return parseSubquery(p);
  if (p.atName() && p.peek(1).key === '(') return p.at('TABLE') ? parseTable(p) : parseFunction(p);
  if (token.kind === 'string') p.hinting('a stream is named without quotes, or in double quotes');
  const name = parseStreamName(p, 'a stream, a view or a subquery in brackets');
  return { kind: 'named', name, alias: null, start: token.start, end: p.end };
}

function parseSubquery(p: Parser): Input {
  const opening = p.advance();
  if (!atQuery(p) && !p.at('(')) p.expect('SELECT');
  const query = parseBracketedQuery(p, opening);
  return { kind: 'subquery', query, alias: null, start: opening.start, end: p.end };
}

function parseTable(p: Parser): Input {
  const { start } = p.advance();
  const opening = p.advance();
  const input = parseNestedInput(p);
  p.close(')', opening);
  return { kind: 'table', input, alias: null, start, end: p.end };
}

function parseNestedInput(p: Parser): Input {
  p.nest();
  const input = parseInput(p);
  p.nesting--;
  return input;
}

/** `tumble(s, …)`: the source, then arguments that the planner understands. */
function parseFunction(p: Parser): Input {
  const name = identifierOf(p.advance());
  const opening = p.advance();
  const input = parseNestedInput(p);
  const rest = p.accept(',') ? parseArguments(p, name.name, opening) : closeAtOnce(p, opening);
  return { kind: 'function', name, input, ...rest, alias: null, start: name.start, end: p.end };
}

type Opening = ReturnType<Parser['advance']>;
type Arguments = Pick<Extract<Source, { kind: 'function' }>, 'arguments' | 'boundaries'>;

function closeAtOnce(p: Parser, opening: Opening): Arguments {
  p.hintMissingComma();
  p.close(')', opening);
  return { arguments: [] };
}

function parseArguments(p: Parser, name: string, opening: Opening): Arguments {
  const isSession = name.toLowerCase() === 'session';
  const list: Arguments['arguments'][number][] = [];
  while (!p.accept(')')) {
    if (isSession && atSessionBoundaries(p)) {
      const boundaries = parseSessionBoundaries(p);
      p.close(')', opening);
      return { arguments: list, boundaries };
    }
    list.push(p.expression());
    if (p.accept(',')) continue;
    p.hintMissingComma();
    p.close(')', opening);
    break;
  }
  return { arguments: list };
}
