import { deepEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { processorDriver } from '@millrace/sdk/testing';
import plugin from '../src/index.ts';

test('passes rows from the least value on', async () => {
  const driver = processorDriver(plugin, { attributes: { column: 't', least: '20' } });
  const rows = await driver.run([{ t: 19.5 }, { t: 20 }, { t: null }, { t: 21n }, { other: 30 }]);
  deepEqual(rows, [{ t: 20 }, { t: 21n }]);
});

test('needs to know the column', () => {
  throws(() => processorDriver(plugin), /'column' is missing/);
});
