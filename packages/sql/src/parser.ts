import type { Expression, Query, Statement } from './ast.ts';
import { TokenCursor } from './token-cursor.ts';

/** How deep brackets, subqueries and operators may nest. */
const nestingMax = 1000;

/**
 * What every rule of the grammar gets as its argument: the cursor, and the things that nest in each other. The rules know
 * each other only through it.
 */
export abstract class Parser extends TokenCursor {
  /** How many expressions and queries are open around the present token. */
  nesting = 0;

  abstract expression(): Expression;

  /** A single operand with its signs and postfixes, and no binary operator: for places where AND means something else. */
  abstract operand(): Expression;

  /** A query, without FORMAT. */
  abstract query(): Query;

  /** A statement, without the `;` behind it. */
  abstract statement(): Statement;

  /** @throws {MillraceError} SQL_SYNTAX at the nesting bound. */
  nest(): void {
    this.nesting++;
    this.assertNesting(this.nesting);
  }

  assertNesting(levels: number): void {
    if (levels > nestingMax) throw this.tooDeep();
  }

  tooDeep() {
    return this.error(this.token, `nested too deeply, at most ${nestingMax} levels`, 'long chains of OR are shorter as x IN (…)');
  }
}
