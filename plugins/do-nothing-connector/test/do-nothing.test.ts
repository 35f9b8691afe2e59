import { connectorDriver, deleteEvent } from '@millrace/sdk/testing';
import { expect, it } from 'vitest';
import doNothing from '../src/index.ts';

it('takes rows and deletions', async () => {
  const driver = connectorDriver(doNothing);
  await driver.send([{ v: 1 }]);
  await driver.send(deleteEvent('s', 'k'));
  await driver.close();
  expect(driver.services.log).toEqual([]);
});

it('takes no attributes', () => {
  expect(() => connectorDriver(doNothing, { attributes: { ip: 'x' } })).toThrow("'ip' = 'x' is not known; there are no attributes");
});
