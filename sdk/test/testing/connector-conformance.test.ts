import { connectorConformance } from '@millrace/sdk/testing';
import { describe, expect, it } from 'vitest';
import { lineConnector, lineTarget, unorderedConnector, wrongConnectors } from './line-target.ts';

const abilities = ['goDown', 'hold', 'badRow'] as const;

describe('a connector that does as it should', () => {
  for (const { name, run } of connectorConformance(lineConnector, lineTarget, abilities)) it(name, run);

  it('is only asked for what its target can show', () => {
    expect(connectorConformance(lineConnector, lineTarget)).toHaveLength(6);
    expect(connectorConformance(lineConnector, lineTarget, abilities)).toHaveLength(11);
  });
});

describe('a connector that takes several events at once', () => {
  for (const { name, run } of connectorConformance(unorderedConnector, lineTarget, ['badRow'])) it(name, run);

  it('is given several', () => {
    expect(connectorConformance(unorderedConnector, lineTarget)).toHaveLength(7);
  });
});

describe('a connector with one fault does not pass', () => {
  for (const [name, connector] of Object.entries(wrongConnectors)) {
    it(name, { timeout: 10_000 }, async () => {
      const noticing = connectorConformance(connector, lineTarget, abilities, 500).find((each) => each.name === name);
      await expect(noticing?.run()).rejects.toThrow();
    });
  }
});
