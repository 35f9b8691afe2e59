import { codeFrame, deserializeError, errorCodes, MillraceError, positionAt, serializeError } from '@millrace/core';
import { describe, expect, it } from 'vitest';

describe('the table of codes', () => {
  it('is sorted', () => {
    const codes = Object.keys(errorCodes);
    expect(codes).toEqual([...codes].sort());
  });

  it('has a clause without full stop for each', () => {
    const wrong = Object.entries(errorCodes).filter(([, { summary }]) => !/^\S.*[^.]$/.test(summary));
    expect(wrong).toEqual([]);
  });
});

describe('MillraceError', () => {
  it('survives the way across a border as plain data', () => {
    const source = 'SELECT kk FROM s';
    const error = new MillraceError('PLAN_IDENTIFIER_UNKNOWN', 'no column kk', {
      position: positionAt(source, 7, 2),
      source,
      hint: 'did you mean k?',
      details: { name: 'kk' },
    });
    const back = deserializeError(JSON.parse(JSON.stringify(serializeError(error))));
    expect(back).toMatchObject({
      code: error.code,
      message: error.message,
      position: error.position,
      hint: error.hint,
      details: { name: 'kk' },
      actor: 'user',
    });
  });

  it('wraps what is not ours as an internal error', () => {
    expect(serializeError(new TypeError('x is undefined'))).toMatchObject({ code: 'INTERNAL_INVARIANT', message: 'x is undefined' });
  });

  it('is retryable where the other side is unavailable', () => {
    expect(new MillraceError('KAFKA_BROKER_UNAVAILABLE', 'no broker answers').retryable).toBe(true);
    expect(new MillraceError('SQL_SYNTAX', 'no').retryable).toBe(false);
  });
});

describe('codeFrame', () => {
  it('puts carets under the piece', () => {
    const source = 'SELECT 1\nFROM devcies';
    expect(codeFrame(source, positionAt(source, 14, 7))).toBe('2 | FROM devcies\n         ^^^^^^^');
  });

  it('cuts a long line around the place', () => {
    const source = `${'x'.repeat(500)}?${'y'.repeat(500)}`;
    const [line, carets] = codeFrame(source, positionAt(source, 500)).split('\n');
    expect(line![carets!.indexOf('^')]).toBe('?');
    expect(line!.length).toBeLessThan(130);
  });

  it('finds line and column', () => {
    expect(positionAt('a\nbc\nd', 3)).toMatchObject({ line: 2, column: 2 });
    expect(positionAt('a\nbc\nd', 0)).toMatchObject({ line: 1, column: 1 });
  });
});
