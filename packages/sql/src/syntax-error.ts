import { type ErrorCode, MillraceError, positionAt } from '@millrace/core';

/** The span of text that an error points at. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The error for a place in a text; `SQL_SYNTAX` unless another code is given. */
export function syntaxError(source: string, span: Span, message: string, hint?: string, code: ErrorCode = 'SQL_SYNTAX'): MillraceError {
  const position = positionAt(source, span.start, Math.max(1, span.end - span.start));
  return new MillraceError(code, message, { position, source, hint });
}
