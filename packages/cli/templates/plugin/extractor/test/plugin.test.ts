import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { extractorDriver } from '@millrace/sdk/testing';
import plugin from '../src/index.ts';

test('goes on after a restart where everything was delivered', async () => {
  const driver = extractorDriver(plugin, { attributes: { every: '10s' } });
  const next = async () => {
    const extracted = driver.next();
    await driver.services.clock.advance(10_000);
    return (await extracted)?.rows;
  };
  deepEqual(await next(), [{ n: 1n }]);
  driver.deliver();
  deepEqual(await next(), [{ n: 2n }]);
  await driver.restart();
  deepEqual(await next(), [{ n: 2n }]);
  await driver.close();
});
