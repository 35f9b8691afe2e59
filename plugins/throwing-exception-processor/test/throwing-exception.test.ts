import { deleteEvent, processorDriver } from '@millrace/sdk/testing';
import { describe, expect, it } from 'vitest';
import throwing from '../src/index.ts';

function driver(attributes: Record<string, string> = {}) {
  return processorDriver(throwing, { attributes });
}

describe('the processor that throws', () => {
  it('throws at every row if nothing else is said', async () => {
    await expect(driver().run([{ v: 1 }])).rejects.toThrow('thrown on purpose');
    await expect(driver({ message: 'no' }).run([{ v: 1 }])).rejects.toThrow('no');
  });

  it('throws at the rows that are named', async () => {
    const processor = driver({ column: 'v', value: '2' });
    expect(await processor.run([{ v: 1 }, { v: 3 }])).toHaveLength(2);
    await expect(processor.run([{ v: 2 }])).rejects.toThrow();
    expect(await driver({ column: 'other' }).run([{ v: 2 }])).toHaveLength(1);
  });

  it('lets pass what it has thrown at often enough', async () => {
    const processor = driver({ times: '2' });
    await expect(processor.run([{ v: 1 }])).rejects.toThrow();
    await expect(processor.run([{ v: 1 }])).rejects.toThrow();
    expect(await processor.run([{ v: 1 }])).toHaveLength(1);
  });

  it('throws when it is opened or closed, if told so, and then not at rows', async () => {
    await expect(driver({ stages: 'customize' }).run([])).rejects.toThrow();
    const processor = driver({ stages: 'close' });
    expect(await processor.run([{ v: 1 }])).toHaveLength(1);
    await expect(processor.close()).rejects.toThrow();
  });

  it('lets deletions pass', async () => {
    expect(await driver().send(deleteEvent('s', 'k'))).toHaveLength(1);
  });

  it('refuses a value without a column', () => {
    expect(() => driver({ value: '1' })).toThrow("'value' needs a 'column'");
  });
});
