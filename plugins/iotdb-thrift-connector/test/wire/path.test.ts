import { describe, expect, it } from 'vitest';
import { keyNodes, quoteNode } from '../../src/rpc/path.ts';

describe('nodes of paths', () => {
  it.each([
    ['abc', 'abc'],
    ['A_b1', 'A_b1'],
    ['温度', '温度'],
    ['1TS', '`1TS`'],
    ['11', '`11`'],
    ['a-b', '`a-b`'],
    ['a b', '`a b`'],
    ['a.b', '`a.b`'],
    ['é', '`é`'],
    ['', '``'],
    ['a`b', '`a``b`'],
    ['root', '`root`'],
    ['ROOT', '`ROOT`'],
    ['*', '`*`'],
  ])('%j is written %s', (name, node) => {
    expect(quoteNode(name)).toBe(node);
  });

  it.each([
    ['d', ['d']],
    ['plant.line.d1', ['plant', 'line', 'd1']],
    ['plant.7', ['plant', '`7`']],
    ['`a.b`.c', ['`a.b`', 'c']],
    ['`a``b`', ['`a``b`']],
    ['a@b', ['`a@b`']],
    ['a..b', ['a', '``', 'b']],
    ['.a', ['``', 'a']],
    ['a.', ['a', '``']],
    ['a`b', ['`a``b`']],
    ['`a', ['```a`']],
    ['``', ['``````']],
    ['`a.b', ['```a`', 'b']],
    ['`a`b.c', ['```a``b`', 'c']],
    ['', ['``']],
    ['device 7', ['`device 7`']],
  ])('key %j is the nodes %j', (key, nodes) => {
    expect(keyNodes(key)).toEqual(nodes);
  });
});
