import { inputState, isComplete, splitStatements } from '@millrace/sql';
import { describe, expect, it } from 'vitest';

describe('a text that is being typed', () => {
  it.each([
    ['SELECT 1', false],
    ['SELECT 1;', true],
    ['SELECT 1; ', true],
    ['SELECT 1; -- and a comment;', true],
    ['SELECT 1 -- ;', false],
    ["SELECT ';", false],
    ["SELECT ';';", true],
    ['SELECT /* ; ', false],
    ['SELECT (1;', false],
    ['SELECT (1);', true],
    ['SELECT 1; SELECT 2', false],
    ['CREATE FUNCTION f AS $$ a; b', false],
    ['INSERT INTO s FORMAT JSONEachRow\n{"a": "', true],
    ['INSERT INTO s FORMAT JSONEachRow', false],
    ['INSERT INTO s FORMAT JSONEachRow;', true],
    ['', false],
  ])('%j is complete: %j', (text, complete) => {
    expect(isComplete(text)).toBe(complete);
  });

  it.each([
    ["SELECT 'abc", { kind: 'string', text: "'", offset: 7 }],
    ['SELECT "abc', { kind: 'name', text: '"', offset: 7 }],
    ['SELECT 1 /* abc', { kind: 'comment', text: '/*', offset: 9 }],
    ['SELECT $x$ abc', { kind: 'string', text: '$x$', offset: 7 }],
    ['SELECT f(a[1', { kind: 'bracket', text: '[', offset: 10 }],
    ['SELECT f(a[1]', { kind: 'bracket', text: '(', offset: 8 }],
    ['SELECT 1', null],
  ])('%j says what is open', (text, open) => {
    expect(inputState(text).open).toEqual(open);
  });

  it('is empty as long as only comments stand in it', () => {
    expect(inputState(' -- hello\n').empty).toBe(true);
    expect(inputState('SELECT').empty).toBe(false);
  });
});

describe('splitting a script', () => {
  it('cuts at semicolons outside strings and comments, and drops what is empty', () => {
    const script = "SELECT ';'; -- a; b\n\n;SELECT /* ; */ 2 ; SELECT 3";
    expect(splitStatements(script).map(({ text }) => text)).toEqual(["SELECT ';'", 'SELECT /* ; */ 2', 'SELECT 3']);
  });

  it('takes the data of an INSERT as it stands', () => {
    const script = 'SELECT 1; INSERT INTO s FORMAT CSV\na;b\n';
    expect(splitStatements(script).map(({ text }) => text)).toEqual(['SELECT 1', 'INSERT INTO s FORMAT CSV\na;b\n']);
  });
});
