import type { Expression } from '../ast.ts';
import { quote } from '../lexer/string-literal.ts';
import type { TokenCursor } from '../token-cursor.ts';

/** Refuses a name in double quotes where only a value can be meant. @throws {MillraceError} SQL_SYNTAX with the string that was meant. */
export function refuseQuotedValue(p: TokenCursor, expression: Expression): void {
  if (expression.kind !== 'column' || expression.parts.length > 1 || p.source[expression.start] !== '"') return;
  const { name } = expression.parts[0]!;
  const given = p.source.slice(expression.start, expression.end);
  throw p.error(
    expression,
    `unexpected name ${given}, expected a value`,
    `double quotes are for names; a string is written ${quote(name, "'")}`,
  );
}
