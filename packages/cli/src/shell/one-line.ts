import { tokenize } from '@millrace/sql';

/**
 * A statement as one line that means the same, for the history: comments and line ends go, line ends inside strings become `\n`.
 * Where that cannot be done (a name or dollar-quoted text over several lines) null.
 */
export function oneLine(statement: string): string | null {
  if (!statement.includes('\n')) return statement.trim();
  const pieces: string[] = [];
  let end = 0;
  for (const token of tokenize(statement)) {
    if (pieces.length > 0 && pieces.at(-1) !== ' ' && /\s/.test(statement.slice(end, token.start))) pieces.push(' ');
    end = token.end;
    if (token.kind === 'comment') continue;
    if (!token.text.includes('\n')) pieces.push(token.text);
    else if (token.kind === 'string' && token.text.startsWith("'")) pieces.push(token.text.replaceAll('\n', '\\n'));
    else return null;
  }
  return pieces.join('').replace(/ +;$/, ';').trim();
}
