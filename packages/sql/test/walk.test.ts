import { type Expression, mapExpression, parseExpression, print, walkExpression } from '@millrace/sql';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expression } from './arbitrary-trees.ts';

const everything =
  "CASE f(a)(b) WHEN c + d THEN NOT e ELSE -g END BETWEEN h[i] AND (j, k).1 AND [l, m] IN (n, o) AND p:x LIKE q::int AND (x -> r) IS NULL AND INTERVAL (s) DAY = {t:int} AND u IN (SELECT hidden) AND (SELECT hidden2) = 'v'";

function columnsOf(root: Expression): string[] {
  const names: string[] = [];
  walkExpression(root, (node) => {
    if (node.kind === 'column') names.push(node.parts[0]!.name);
  });
  return names;
}

describe('walking an expression', () => {
  it('visits every part once, in the order of the text, and no subquery', () => {
    expect(columnsOf(parseExpression(everything))).toEqual([...'abcdeghijklmnopqrsu']);
  });

  it('passes over the parts of a node for which the visitor returns false', () => {
    const kinds: string[] = [];
    walkExpression(parseExpression('f(a) + b'), (node) => {
      kinds.push(node.kind);
      return node.kind !== 'call';
    });
    expect(kinds).toEqual(['binary', 'call', 'column']);
  });
});

describe('mapping an expression', () => {
  it('replaces from the leaves up', () => {
    const renamed = mapExpression(parseExpression(everything), (node) => {
      if (node.kind !== 'column') return node;
      return { ...node, parts: [{ ...node.parts[0]!, name: `${node.parts[0]!.name}2` }] };
    });
    expect(columnsOf(renamed)).toEqual([...'abcdeghijklmnopqrsu'].map((name) => `${name}2`));
    expect(print(renamed)).toContain('SELECT hidden)');
  });

  it('returns the very same tree if nothing changes', () => {
    fc.assert(
      fc.property(expression, (tree) => {
        expect(mapExpression(tree, (node) => node)).toBe(tree);
      }),
      { numRuns: 200 },
    );
  });
});
