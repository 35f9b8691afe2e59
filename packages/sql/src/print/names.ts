import type { Identifier } from '../ast.ts';
import { reservedWords } from '../lexer/keywords.ts';
import { quote } from '../lexer/string-literal.ts';

const plainName = /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}_]*$/u;

/** A name as it reads back: in double quotes if it was written so, or cannot stand without. */
export function printIdentifier({ name, quoted }: Identifier): string {
  return quoted || !plainName.test(name) || reservedWords.has(name.toUpperCase()) ? quote(name, '"') : name;
}

/** As {@link printIdentifier}, where keywords are names too. */
export function printFreeName({ name, quoted }: Identifier): string {
  return quoted ? quote(name, '"') : printMemberName(name);
}

/** A name behind a dot or a colon, where keywords are names too. */
export function printMemberName(name: string): string {
  return plainName.test(name) ? name : quote(name, '"');
}

/** A string literal. */
export function printString(value: string): string {
  return quote(value, "'");
}
