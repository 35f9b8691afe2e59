import { parseExpression, print, walkExpression } from '@millrace/sql';
import { describe, expect, it } from 'vitest';

const nests: readonly [open: string, close: string, levelsEach: number][] = [
  ['(', ')', 1],
  ['f(', ')', 1],
  ['[', ']', 1],
  ['a[', ']', 1],
  ['1 + (', ')', 1],
  ['x IN (', ')', 1],
  ['CASE WHEN ', ' THEN 1 END', 1],
  ['x -> ', '', 1],
  ['NOT ', '', 1],
  ['- ', '', 1],
  ['1 + ', '', 1],
  ['', '::int32', 1],
  ['(SELECT ', ')', 2],
  ['x IN (SELECT ', ')', 2],
];

describe.each(nests)('%j … %j', (open, close, levelsEach) => {
  it('nests 900 levels deep', () => {
    const depth = Math.floor(900 / levelsEach);
    const text = `${open.repeat(depth)}a${close.repeat(depth)}`;
    expect(() => parseExpression(text)).not.toThrow();
  });

  it.each([1100, 20_000])('is refused with a clear error at %i levels, never by a full stack', (depth) => {
    const text = `${open.repeat(depth)}a${close.repeat(depth)}`;
    expect(() => parseExpression(text)).toThrow(
      expect.objectContaining({ code: 'SQL_SYNTAX', message: 'nested too deeply, at most 1000 levels' }),
    );
  });
});

it('prints and walks what nests as deep as it may', () => {
  const deep = parseExpression(`${'(1 + '.repeat(490)}a${')'.repeat(490)}`);
  let visited = 0;
  walkExpression(deep, () => visited++);
  expect(visited).toBe(981);
  expect(parseExpression(print(deep)).kind).toBe('binary');
});
