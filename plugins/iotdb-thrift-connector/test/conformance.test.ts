import { type ConformanceTarget, connectorConformance } from '@millrace/sdk/testing';
import { describe, it } from 'vitest';
import { iotdbThriftAsyncConnector, iotdbThriftConnector } from '../src/index.ts';
import { FakeIotdb } from './fake-iotdb.ts';
import { settings } from './settings.ts';

async function makeTarget(): Promise<ConformanceTarget> {
  const server = await FakeIotdb.start();
  return {
    attributes: { ip: '127.0.0.1', port: String(server.endpoint.port) },
    settings,
    columns: [
      { name: 'n', type: 'int32' },
      { name: 'text', type: 'string' },
      { name: 'total', type: 'nullable(uint64)' },
    ],
    row: (n) => ({ n, text: `row ${n}`, total: null }),
    received: async () =>
      server.arrived.flatMap((rows) => rows.map(({ values }) => values.get('n')!.value as number).sort((a, b) => a - b)),
    goDown: () => server.goDown(),
    comeBack: () => server.comeBack(),
    hold: () => server.hold(),
    release: () => server.release(),
    badRow: { n: -1, text: 'too much', total: 2n ** 64n - 1n },
    close: () => server.close(),
  };
}

describe.each([iotdbThriftConnector, iotdbThriftAsyncConnector])('$name', (connector) => {
  for (const { name, run } of connectorConformance(connector, makeTarget, ['goDown', 'hold', 'badRow'])) it(name, run);
});
