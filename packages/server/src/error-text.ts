import { codeFrame, type MillraceError } from '@millrace/core';
import { errorNumber } from './error-numbers.ts';

/** An error as ClickHouse's clients read it: `Code: 62. DB::Exception: … (SYNTAX_ERROR)`, then frame and hint, each on lines of its own. */
export function errorText(error: MillraceError): string {
  const { number, name } = errorNumber(error.code);
  const lines = [`Code: ${number}. DB::Exception: ${error.message}. (${name})`];
  if (error.position !== undefined && error.source) lines.push(codeFrame(error.source, error.position));
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  return lines.join('\n');
}
