import type { Statement } from '../ast.ts';
import { statementWords } from '../lexer/keywords.ts';
import type { Parser } from '../parser.ts';
import { parseCreate } from './create.ts';
import { parseReplayDeadLetters } from './dead-letters.ts';
import { parseDescribe } from './describe.ts';
import { parseDrop } from './drop.ts';
import { parseExplain } from './explain.ts';
import { parseInsert } from './insert.ts';
import { parseKillQuery } from './kill-query.ts';
import { parseAlter, parseSwitchPipe } from './pipe.ts';
import { parseSelectStatement } from './select-statement.ts';
import { parseSet } from './set.ts';
import { parseShow } from './show.ts';
import { parseFlush, parseSystem } from './system.ts';
import { parseTruncate } from './truncate.ts';
import { refuseUnsupportedStatement } from './unsupported.ts';
import { parseUse } from './use.ts';

const parsers: Readonly<Record<string, (p: Parser) => Statement>> = {
  SELECT: parseSelectStatement,
  WITH: parseSelectStatement,
  '(': parseSelectStatement,
  CREATE: parseCreate,
  ALTER: parseAlter,
  DROP: parseDrop,
  TRUNCATE: parseTruncate,
  DESCRIBE: parseDescribe,
  DESC: parseDescribe,
  SHOW: parseShow,
  INSERT: parseInsert,
  KILL: parseKillQuery,
  EXPLAIN: parseExplain,
  SYSTEM: parseSystem,
  FLUSH: parseFlush,
  REPLAY: parseReplayDeadLetters,
  START: parseSwitchPipe,
  STOP: parseSwitchPipe,
  SET: parseSet,
  USE: parseUse,
};

/** The statement that begins here, without the `;` behind it. */
export function parseStatementText(p: Parser): Statement {
  const { key } = p.token;
  refuseUnsupportedStatement(p);
  if (Object.hasOwn(parsers, key)) return parsers[key]!(p);
  for (const word of Object.keys(parsers)) if (word !== '(') p.expecting(word);
  if (key === ')' || key === ']') p.hinting('no bracket is open here');
  return p.unexpected();
}

/** Whether the present token can begin a statement. */
export function atStatement(p: Parser): boolean {
  return p.token.kind === 'word' && statementWords.includes(p.token.key);
}
