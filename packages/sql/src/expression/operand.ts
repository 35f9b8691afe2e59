import type { Expression, Query } from '../ast.ts';
import { reservedWords } from '../lexer/keywords.ts';
import { unquote } from '../lexer/string-literal.ts';
import type { Parser } from '../parser.ts';
import { parseArray, parseGroup } from './brackets.ts';
import { parseCall } from './call.ts';
import { parseCase } from './case.ts';
import { parseCast } from './cast.ts';
import { parseDuration, parseInterval, standsInterval } from './interval.ts';
import { parsePlaceholder } from './placeholder.ts';
import { parsePostfixes } from './postfix.ts';
import { parseReference } from './reference.ts';

/**
 * What stands between two operators: an expression, the list behind IN, or the empty place beside an operator that has only one operand
 * (see operators.ts).
 */
export type Operand =
  | { readonly kind: 'expression'; readonly expression: Expression }
  | {
      readonly kind: 'list';
      readonly list: readonly Expression[];
      readonly subquery: Query | null;
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: 'empty'; readonly start: number; readonly end: number };

/** Reads an operand with its postfixes. @throws {MillraceError} SQL_SYNTAX if none stands here. */
export function readOperand(p: Parser): Operand {
  const parse = primaryParser(p);
  return { kind: 'expression', expression: parsePostfixes(p, parse(p)) };
}

type PrimaryParser = (p: Parser) => Expression;

const symbolParsers: Readonly<Record<string, PrimaryParser>> = { '(': parseGroup, '[': parseArray, '{': parsePlaceholder };

/** Which rule reads what begins here. The rule is called by {@link readOperand} itself, to keep the stack shallow where expressions nest. */
function primaryParser(p: Parser): PrimaryParser {
  const { kind, key } = p.token;
  if (kind === 'word') return wordParser(p, key);
  if (kind === 'symbol') return symbolParsers[key] ?? refuse;
  if (kind === 'quoted') return nameParser(p);
  return kind === 'number' || kind === 'string' || kind === 'duration' ? parseLiteral : refuse;
}

function wordParser(p: Parser, key: string): PrimaryParser {
  if (key === 'NULL' || key === 'TRUE' || key === 'FALSE') return parseLiteral;
  if (key === 'CASE') return parseCase;
  if (key === 'INTERVAL' && standsInterval(p)) return parseInterval;
  const isCall = p.peek(1).key === '(';
  if (key === 'CAST' && isCall) return parseCast;
  if (key === 'EXISTS' && isCall) p.notSupported(p.token, 'EXISTS is not supported', 'write x IN (SELECT …) or a join');
  if (reservedWords.has(key) && !(operatorFunctions.has(key) && isCall)) return refuse;
  return nameParser(p);
}

function nameParser(p: Parser): PrimaryParser {
  return p.peek(1).key === '(' ? parseCall : parseReference;
}

function parseLiteral(p: Parser): Expression {
  if (p.token.kind === 'duration') return parseDuration(p);
  const { kind, key, text, start, end } = p.advance();
  if (kind === 'number') return { kind: 'number', text, start, end };
  if (kind === 'string') return { kind: 'string', value: unquote(text), start, end };
  return key === 'NULL' ? { kind: 'null', start, end } : { kind: 'boolean', value: key === 'TRUE', start, end };
}

/** Operators that are functions too when brackets follow: `like(a, 'x%')`. */
const operatorFunctions: ReadonlySet<string> = new Set(['LIKE', 'ILIKE', 'IN', 'AND', 'OR']);

function refuse(p: Parser): never {
  const { token } = p;
  p.expecting('an expression');
  if (token.kind === 'word') p.hinting(`${token.key} is a keyword; a column of this name is written "${token.text}"`);
  if (token.key === '*') p.hinting('* stands alone in a select list and in count(*)');
  p.unexpected();
}
