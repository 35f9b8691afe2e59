import { nearest } from '@millrace/core';
import type { Expression, IntervalLiteral, IntervalUnit } from '../ast.ts';
import { intervalUnitWords, unitOfSuffix, unitOfWord } from '../lexer/interval-unit.ts';
import { reservedWords } from '../lexer/keywords.ts';
import { unquote } from '../lexer/string-literal.ts';
import type { Parser } from '../parser.ts';
import { refuseQuotedValue } from './quoted-value.ts';

const plainNumber = /^(?:\d+(?:\.\d+)?)$/;

/** `5s`. */
export function parseDuration(p: Parser): IntervalLiteral {
  const { text, start, end } = p.advance();
  const suffix = /[a-zA-Z]+$/.exec(text)![0];
  const amount = { kind: 'number', text: text.slice(0, -suffix.length), start, end: end - suffix.length } as const;
  return { kind: 'interval', amount, unit: unitOfSuffix(suffix)!, start, end };
}

/** Words that go on with a clause behind a column that is called interval. */
const clauseWords: ReadonlySet<string> = new Set(['ASC', 'BY', 'DESC', 'FORMAT', 'NULLS', 'OFFSET', 'PARTITION', 'USING']);

/** Whether the word INTERVAL at hand begins an interval; else it is a name. */
export function standsInterval(p: Parser): boolean {
  const next = p.peek(1);
  if (next.kind === 'number' || next.kind === 'string' || next.key === '(' || next.key === '{' || next.kind === 'quoted') return true;
  if (next.key === '-') return p.peek(2).kind === 'number' && unitOfWord(p.peek(3).key) !== undefined;
  if (next.kind !== 'word' || reservedWords.has(next.key) || clauseWords.has(next.key)) return false;
  const behind = p.peek(2);
  return unitOfWord(behind.key) !== undefined || (behind.kind === 'symbol' && '(.+-*/'.includes(behind.key));
}

/** `INTERVAL 5 SECOND`, `INTERVAL '5' SECOND`, `INTERVAL (a + b) DAY`. */
export function parseInterval(p: Parser): IntervalLiteral {
  const { start } = p.advance();
  if (p.token.kind === 'string') return parseStringInterval(p, start);
  const amount = p.expression();
  refuseQuotedValue(p, amount);
  return { kind: 'interval', amount, unit: parseUnit(p, amount), start, end: p.end };
}

function parseStringInterval(p: Parser, start: number): IntervalLiteral {
  const token = p.advance();
  const words = unquote(token.text).trim().split(/\s+/);
  if (!plainNumber.test(words[0]!))
    throw p.error(token, `the amount of an INTERVAL is not a number: ${token.text}`, 'write INTERVAL 5 SECOND or 5s');
  const amount = { kind: 'number', text: words[0]!, start: token.start, end: token.end } as const;
  const inner = words.length === 2 ? unitOfWord(words[1]!.toUpperCase()) : undefined;
  if (words.length > 1 && inner === undefined) throw p.error(token, `malformed interval ${token.text}`, 'write INTERVAL 5 SECOND or 5s');
  return { kind: 'interval', amount, unit: inner ?? parseUnit(p, amount), start, end: p.end };
}

function parseUnit(p: Parser, amount: Expression): IntervalUnit {
  const { token } = p;
  const unit = unitOfWord(token.key);
  if (unit !== undefined) {
    p.advance();
    return unit;
  }
  const meant = token.kind === 'word' ? nearest(token.key, intervalUnitWords) : undefined;
  if (token.problem !== undefined) p.unexpected();
  const given = p.source.slice(amount.start, amount.end);
  const units = intervalUnitWords.join(', ');
  throw p.error(token, `INTERVAL ${given} has no unit`, meant === undefined ? `write one of ${units} behind it` : `did you mean ${meant}?`);
}
