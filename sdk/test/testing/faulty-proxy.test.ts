import { connectorDriver, Faults, faultyProxy, rowsEvent } from '@millrace/sdk/testing';
import { describe, expect, it } from 'vitest';
import { lineConnector, lineTarget } from './line-target.ts';

/** Rows 0 … 39, two at a time, over a way with faults. @returns what arrived */
async function deliverOver(faults: Faults): Promise<readonly number[]> {
  const target = await lineTarget();
  const proxy = await faultyProxy({ port: Number(target.attributes['port']), faults });
  const driver = connectorDriver(lineConnector, { attributes: { port: String(proxy.port) } });
  for (let n = 0; n < 40; n += 2) {
    const event = rowsEvent('s', [{ n }, { n: n + 1 }]);
    while ((await driver.deliver(event).catch(() => undefined)) === undefined);
  }
  await driver.close();
  await proxy.close();
  const received = await target.received();
  await target.close();
  return received;
}

const all = Array.from({ length: 40 }, (_, n) => n);

describe('a connector behind a way that fails', () => {
  it.each([1, 2, 3])('delivers everything at least once, in order, with seed %i', async (seed) => {
    const received = await deliverOver(Faults.seeded(seed, { rate: 0.3, maxDelayMs: 2 }));
    expect([...new Set(received)]).toEqual(all);
  });

  it('delivers again what it has no answer for', async () => {
    const received = await deliverOver(Faults.at({ 3: 'lose-answer', 5: { delayMs: 1 } }));
    expect([...new Set(received)]).toEqual(all);
    expect(received).toHaveLength(42);
  });

  it('delivers once what did not arrive at first', async () => {
    expect(await deliverOver(Faults.at({ 3: 'disconnect' }))).toEqual(all);
  });
});
