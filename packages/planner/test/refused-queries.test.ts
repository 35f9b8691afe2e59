import { codeFrame, MillraceError } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { readCases } from './cases.ts';
import { plan } from './devices.ts';

/** The error of a query: caret line, code and message, hint. */
function refusal(sql: string): string {
  try {
    plan(sql);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, position, source, hint } = error;
    const carets = codeFrame(source!, position!).split('\n')[1]!.slice(4);
    return [carets.padStart(carets.length + 4), `${code}: ${message}`, ...(hint === undefined ? [] : [`hint: ${hint}`])].join('\n');
  }
  return 'planned';
}

describe('a query that cannot be planned says where, why and what to do', () => {
  it.each(readCases('refused-queries.txt'))('$sql', ({ sql, expected }) => {
    expect(refusal(sql)).toBe(expected);
  });
});
