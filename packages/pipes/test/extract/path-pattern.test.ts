import { describe, expect, it } from 'vitest';
import { matchesPattern, PathPattern, pathNode } from '../../src/extract/path-pattern.ts';

describe('a node of a path', () => {
  it.each([
    ['d1', 'd1'],
    ['1TS', '1TS'],
    ['中文', '中文'],
    ['1', '`1`'],
    ['123', '`123`'],
    ['1e5', '`1e5`'],
    ['0x1F', '`0x1F`'],
    ['a@b', '`a@b`'],
    ['a b', '`a b`'],
    ['a`b', '`a``b`'],
    ['', '``'],
  ])('%s is written %s', (name, written) => {
    expect(pathNode(name)).toBe(written);
  });
});

describe('a pattern', () => {
  /** Of series under `root.aligned`: with a key they are key and column, without one the column alone. */
  it('root.aligned.1 takes root.aligned.1TS, root.aligned.1TS.`1`, root.aligned.100TS, not root.aligned.`1`, root.aligned.`123`', () => {
    const pattern = new PathPattern('root.aligned.1');
    expect(['1TS', '100TS', '1', '123'].map((key) => pattern.columnsOf('aligned', key))).toEqual(['all', 'all', 'none', 'none']);
    expect(pattern.columnsOf('aligned', '1TS.1')).toBe('all');
    const rest = pattern.columnsOf('aligned', null) as { readonly text: string };
    expect(['1TS', '100TS', '1', '123'].map((column) => pathNode(column).startsWith(rest.text))).toEqual([true, true, false, false]);
  });

  it('is a prefix of text: also of the name of a stream, and of root itself', () => {
    expect(['root', 'roo', 'root.', 'root.a', 'root.ab', 'root.ab.'].map((pattern) => matchesPattern(pattern, 'ab'))).toEqual(
      Array(6).fill(true),
    );
    expect(['root.abc', 'root.b', 'Root', 'root.ab ', 'x', 'root.`ab`'].map((pattern) => matchesPattern(pattern, 'ab'))).toEqual(
      Array(6).fill(false),
    );
  });

  it('takes backquotes as characters', () => {
    expect(matchesPattern('root.`a@b`', 'a@b')).toBe(true);
    expect(matchesPattern('root.`a', 'a@b')).toBe(true);
    expect(matchesPattern('root.a@b', 'a@b')).toBe(false);
    expect(matchesPattern('root.`123`', '123')).toBe(true);
    expect(matchesPattern('root.123', '123')).toBe(false);
  });

  it('that reaches into a key chooses by it, node for node', () => {
    const pattern = new PathPattern('root.db.d1');
    expect(['d1', 'd10', 'd1.x', 'd', 'd2', 'x.d1'].map((key) => pattern.columnsOf('db', key))).toEqual([
      'all',
      'all',
      'all',
      'none',
      'none',
      'none',
    ]);
    expect(new PathPattern('root.db.a.b').columnsOf('db', 'a.b')).toBe('all');
    expect(new PathPattern('root.db.a.`7`').columnsOf('db', 'a.7')).toBe('all');
  });

  it('that reaches behind the key is a prefix of columns', () => {
    const pattern = new PathPattern('root.db.d1.te');
    expect(pattern.columnsOf('db', 'd1')).toEqual({ text: 'te' });
    expect(pattern.columnsOf('db', 'd1.te')).toBe('all');
    expect(pattern.columnsOf('db', 'd')).toBe('none');
    expect(new PathPattern('root.db.te').columnsOf('db', null)).toEqual({ text: 'te' });
    expect(new PathPattern('root.db.').columnsOf('db', null)).toBe('all');
  });

  it('knows when it takes the whole of a stream', () => {
    expect(['root', 'root.db', 'root.db.', 'root.db.d'].map((pattern) => new PathPattern(pattern).matchesAll('db'))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});
