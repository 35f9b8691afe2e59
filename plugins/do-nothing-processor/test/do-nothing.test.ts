import { processorDriver, rowsEvent } from '@millrace/sdk/testing';
import { expect, it } from 'vitest';
import doNothing from '../src/index.ts';

it('hands on the very event', async () => {
  const event = rowsEvent('s', [{ v: 1 }, { v: 2 }]);
  expect((await processorDriver(doNothing).send(event))[0]).toBe(event);
});

it('takes no attributes', () => {
  expect(() => processorDriver(doNothing, { attributes: { v: '1' } })).toThrow('there are no attributes');
});
