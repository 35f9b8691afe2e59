import { MillraceError } from '@millrace/core';
import type { Expression, Query, Statement } from './ast.ts';
import { freeze } from './freeze.ts';
import type { Parser } from './parser.ts';
import { SqlParser } from './sql-parser.ts';
import { atStatement } from './statements/statement.ts';

/** A statement, and where its text stands (the `;` behind it left out): `source.slice(start, end)`. */
export interface ParsedStatement {
  readonly statement: Statement;
  readonly start: number;
  readonly end: number;
  /** The statement's own text. */
  readonly text: string;
}

/**
 * Parses a script: statements that end with `;`, or that follow each other without one, each beginning with its keyword.
 * Positions count in the whole script.
 *
 * @returns at least one statement; the trees are frozen
 * @throws {MillraceError} SQL_SYNTAX with position, source and hint; also for a text without any statement, or longer than 1 MiB,
 * or nested more than 1,000 levels deep. NOT_SUPPORTED for statements and clauses that are known but not to be had.
 */
export function parseStatements(source: string): readonly ParsedStatement[] {
  return parseWith(source, parseAll);
}

/** Parses one statement, `;` behind it or not. @throws {MillraceError} as {@link parseStatements}, and SQL_SYNTAX if there are more. */
export function parseStatement(source: string): Statement {
  return parseWith(source, (p) => {
    refuseEmpty(p);
    const statement = p.statement();
    while (p.accept(';'));
    return statement;
  });
}

/** Parses an expression that is the whole text. @throws {MillraceError} as {@link parseStatements}. */
export function parseExpression(source: string): Expression {
  return parseWith(source, (p) => p.expression());
}

/** Parses a query without FORMAT and `;` that is the whole text. @throws {MillraceError} as {@link parseStatements}. */
export function parseQuery(source: string): Query {
  return parseWith(source, (p) => p.query());
}

function parseAll(p: Parser): ParsedStatement[] {
  refuseEmpty(p);
  const statements: ParsedStatement[] = [];
  while (p.token.kind !== 'end') {
    const statement = p.statement();
    const { start, end } = statement;
    statements.push({ statement, start, end, text: p.source.slice(start, end) });
    if (!p.at(';') && !atStatement(p)) break;
    while (p.accept(';'));
  }
  p.expecting(';');
  return statements;
}

/** Takes the `;` before the first statement. */
function refuseEmpty(p: Parser): void {
  while (p.at(';')) p.advance();
  if (p.token.kind === 'end') throw p.error(p.token, 'the text holds no statement');
}

function parseWith<Tree>(source: string, parse: (p: Parser) => Tree): Tree {
  const p = new SqlParser(source);
  try {
    const tree = parse(p);
    if (p.token.kind !== 'end') refuseRest(p);
    return freeze(tree);
  } catch (error) {
    // The bound on nesting is met long before; on a stack that is nearly full already it may not be.
    if (error instanceof RangeError && !(error instanceof MillraceError)) throw p.tooDeep();
    throw error;
  }
}

function refuseRest(p: Parser): never {
  if (p.at(')') || p.at(']') || p.at('}')) p.hinting('no bracket is open here');
  if (p.at('NOT')) p.hinting('behind an operand stands NOT IN, NOT LIKE or NOT BETWEEN');
  if (p.at('IS')) p.hinting('IS stands before NULL or NOT NULL');
  p.expecting('the end of the text');
  p.unexpected();
}
