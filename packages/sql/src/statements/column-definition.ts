import type { ColumnDefinition, Expression } from '../ast.ts';
import { parseTypeName } from '../expression/type-name.ts';
import type { Parser } from '../parser.ts';

/** `name type [DEFAULT e] [COMMENT 's']`. */
export function parseColumnDefinition(p: Parser): ColumnDefinition {
  const { start } = p;
  if (p.at('PRIMARY', 'KEY')) throw p.error(p.token, 'PRIMARY KEY stands between the columns', primaryKeyHint);
  const name = p.identifier('a column');
  const type = parseTypeName(p, `column '${name.name}'`);
  let value: Expression | null = null;
  let comment: string | null = null;
  for (;;) {
    if (value === null && p.accept('DEFAULT')) value = p.expression();
    else if (comment === null && p.accept('COMMENT')) comment = p.string('a comment in quotes');
    else break;
  }
  refuseModifiers(p, name.name, type.text);
  return { name, type, default: value, comment, start, end: p.end };
}

const primaryKeyHint = 'it is written behind the columns: CREATE STREAM s (k string, …) PRIMARY KEY (k)';

function refuseModifiers(p: Parser, name: string, type: string): void {
  const { token } = p;
  if (p.at('NULL'))
    throw p.error(token, `unexpected NULL behind column '${name}'`, `a column that may be null has the type nullable(${type})`);
  if (p.at('NOT', 'NULL'))
    throw p.error(
      token,
      `unexpected NOT NULL behind column '${name}'`,
      'leave it out: a column is never null unless its type is nullable(…)',
    );
  if (p.at('PRIMARY', 'KEY')) throw p.error(token, `unexpected PRIMARY KEY behind column '${name}'`, primaryKeyHint);
  if (unsupportedModifiers.has(token.key))
    p.notSupported(token, `${token.key} of a column is not supported`, `a column is written name type [DEFAULT e] [COMMENT 's']`);
}

const unsupportedModifiers: ReadonlySet<string> = new Set(['CODEC', 'MATERIALIZED', 'ALIAS', 'EPHEMERAL', 'TTL']);
