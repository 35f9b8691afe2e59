import { NotConnected, type RowsEvent } from '@millrace/sdk';
import { connectorDriver, Faults, faultyProxy, rowsEvent } from '@millrace/sdk/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { iotdbThriftAsyncConnector, iotdbThriftConnector } from '../src/index.ts';
import { FakeIotdb } from './fake-iotdb.ts';
import { settings } from './settings.ts';

const eventCount = 40;
const devices = 5;

/** Rows n = 10 e … 10 e + 9, each of a time of its own. */
function eventOf(e: number): RowsEvent {
  const numbers = Array.from({ length: 10 }, (_, i) => e * 10 + i);
  return rowsEvent(
    's',
    numbers.map((n) => ({ n, even: n % 2 === 0 ? 'yes' : null })),
    {
      columns: [
        { name: 'n', type: 'int32' },
        { name: 'even', type: 'nullable(string)' },
      ],
      keys: numbers.map((n) => `k${n % devices}`),
      times: numbers.map((n) => n * 1000),
    },
  );
}

describe.each([iotdbThriftConnector, iotdbThriftAsyncConnector])('$name over a way that breaks', (connector) => {
  it.each([1, 2, 3, 4])('brings everything (seed %i)', async (seed) => {
    const server = await FakeIotdb.start();
    const proxy = await faultyProxy({ port: server.endpoint.port, faults: Faults.seeded(seed, { rate: 0.1, maxDelayMs: 5 }) });
    const driver = connectorDriver(connector, { attributes: { ip: '127.0.0.1', port: String(proxy.port) }, settings });
    onTestFinished(async () => {
      await driver.close();
      await proxy.close();
      await server.close();
    });
    for (let e = 0; e < eventCount; e++) {
      for (let isDelivered = false; !isDelivered; ) {
        isDelivered = await driver.deliver(eventOf(e)).then(
          (dead) => dead.length === 0,
          (failure) => {
            if (!(failure instanceof NotConnected)) throw failure;
            return false;
          },
        );
      }
    }
    expect(server.count('openSession')).toBeGreaterThan(1);
    for (let device = 0; device < devices; device++) {
      const expected = Array.from({ length: (eventCount * 10) / devices }, (_, i) => i * devices + device);
      expect(server.series.rows(`root.s.k${device}`)).toEqual(
        expected.map((n) => ({ time: BigInt(n * 1000), n, ...(n % 2 === 0 && { even: 'yes' }) })),
      );
    }
  });
});
