import { parseExpression, parseQuery, parseStatement, print } from '@millrace/sql';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expression, query, statement } from './arbitrary-trees.ts';
import { withoutPositions } from './without-positions.ts';

describe('parsing what was printed', () => {
  it('gives every expression again', () => {
    fc.assert(
      fc.property(expression, (tree) => {
        expect(withoutPositions(parseExpression(print(tree)))).toEqual(withoutPositions(tree));
      }),
      { numRuns: 500 },
    );
  });

  it('gives every query again', () => {
    fc.assert(
      fc.property(query, (tree) => {
        expect(withoutPositions(parseQuery(print(tree)))).toEqual(withoutPositions(tree));
      }),
      { numRuns: 300 },
    );
  });

  it('gives every statement again', () => {
    fc.assert(
      fc.property(statement, (tree) => {
        expect(withoutPositions(parseStatement(print(tree)))).toEqual(withoutPositions(tree));
      }),
      { numRuns: 500 },
    );
  });
});
