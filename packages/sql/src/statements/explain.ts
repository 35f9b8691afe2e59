import type { Explain, ExplainLive, ExplainPipe, Identifier, Statement } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseFormat } from './format.ts';
import { parseExplainPipe } from './pipe.ts';

const modes = { PLAN: 'plan', SYNTAX: 'syntax', PIPELINE: 'pipeline', UPGRADE: 'upgrade' } as const;

/** `EXPLAIN [SYNTAX | PLAN | PIPELINE | UPGRADE] statement`, `EXPLAIN LIVE '<query_id>'`, or `EXPLAIN PIPE name`. */
export function parseExplain(p: Parser): Explain | ExplainLive | ExplainPipe {
  const { start } = p.advance();
  if (p.accept('LIVE')) return parseExplainLive(p, start);
  if (p.accept('PIPE')) return parseExplainPipe(p, start);
  const mode = parseMode(p);
  p.nest();
  if (!explained.has(p.token.key)) {
    for (const word of explained) p.expecting(word);
    p.unexpected();
  }
  const { statement, format } = liftFormat(p.statement());
  p.nesting--;
  return { kind: 'explain', mode, statement, format: format ?? parseFormat(p), start, end: p.end };
}

const explained: ReadonlySet<string> = new Set(['SELECT', 'WITH', '(', 'INSERT', 'CREATE']);

function parseMode(p: Parser): Explain['mode'] {
  for (const [word, mode] of Object.entries(modes)) if (p.accept(word)) return mode;
  return 'plan';
}

/** A FORMAT at the end is that of the explanation, not of the query that is explained and never run. */
function liftFormat(statement: Statement): { statement: Statement; format: Identifier | null } {
  if (statement.kind !== 'select_statement') return { statement, format: null };
  return { statement: { ...statement, format: null, end: statement.query.end }, format: statement.format };
}

function parseExplainLive(p: Parser, start: number): ExplainLive {
  const queryId = p.string("a query's id in quotes");
  const format = parseFormat(p);
  return { kind: 'explain_live', queryId, format, start, end: p.end };
}
