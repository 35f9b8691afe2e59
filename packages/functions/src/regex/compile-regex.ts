import { MillraceError } from '@millrace/core';
import { type ByteString, toText } from '@millrace/data';
import { RE2JS, RE2JSException } from 're2js';
import { type BoundCall, constantAt } from '../define-function.ts';
import { remembered } from '../remembered.ts';

/**
 * Compiles a regular expression of RE2 (linear time whatever the pattern; no back references, no look-around).
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID
 */
function compileRegex(name: string, pattern: ByteString, flags: number): RE2JS {
  try {
    return RE2JS.compile(toText(pattern), flags);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new MillraceError('PLAN_ARGUMENT_INVALID', `${name}: '${toText(pattern)}' is no regular expression: ${error.message}`, {
      hint: 'the syntax is that of RE2',
      cause: error,
    });
  }
}

/**
 * How a call gets at its regular expression, argument 1: compiled at once if it is a constant, so that a mistake shows when
 * the query is planned, else once for each pattern.
 */
export function regexOf(call: BoundCall, flags = 0): (pattern: ByteString) => RE2JS {
  const constant = constantAt(call, 1);
  if (typeof constant !== 'string') return remembered((pattern) => compileRegex(call.name, pattern, flags));
  const regex = compileRegex(call.name, constant, flags);
  return () => regex;
}
