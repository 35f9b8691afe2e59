import { deepEqual, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { connectorConformance, connectorDriver } from '@millrace/sdk/testing';
import plugin from '../src/index.ts';
import { webService } from './web-service.ts';

for (const { name, run } of connectorConformance(plugin, webService, ['goDown', 'hold', 'badRow'])) test(name, run);

test('posts rows in their order', async () => {
  const service = await webService();
  const driver = connectorDriver(plugin, { attributes: service.attributes });
  await driver.send([{ n: 1 }, { n: 2 }]);
  await driver.send([{ n: 3 }]);
  await driver.close();
  deepEqual(await service.received(), [1, 2, 3]);
  await service.close();
});

test('says what the service answers', async () => {
  const service = await webService();
  const driver = connectorDriver(plugin, { attributes: service.attributes });
  await rejects(driver.send([{ n: null }]), /the service answers 400/);
  await driver.close();
  await service.close();
});
