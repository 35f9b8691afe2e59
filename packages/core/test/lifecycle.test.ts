import { FakeClock, Lifecycle, type Part } from '@millrace/core';
import { expect, it } from 'vitest';

function part(name: string, log: string[], overrides: Partial<Part> = {}): Part {
  return { name, open: () => void log.push(`open ${name}`), close: () => void log.push(`close ${name}`), ...overrides };
}

it('closes in reverse order', async () => {
  const log: string[] = [];
  const lifecycle = new Lifecycle(new FakeClock());
  await lifecycle.open(part('a', log));
  await lifecycle.open(part('b', log));
  await lifecycle.close();
  expect(log).toEqual(['open a', 'open b', 'close b', 'close a']);
  expect(lifecycle.bootTimes.map(({ name }) => name)).toEqual(['a', 'b']);
});

it('closes what was open when a part fails to open, and throws that failure', async () => {
  const log: string[] = [];
  const lifecycle = new Lifecycle(new FakeClock());
  await lifecycle.open(part('a', log));
  const failing = part('b', log, { open: () => Promise.reject(new Error('port taken')) });
  await expect(lifecycle.open(failing)).rejects.toThrow('port taken');
  expect(log).toEqual(['open a', 'close a']);
});

it('goes on closing past a part that fails and throws the first failure', async () => {
  const log: string[] = [];
  const lifecycle = new Lifecycle(new FakeClock());
  await lifecycle.open(part('a', log));
  await lifecycle.open(part('b', log, { close: () => Promise.reject(new Error('stuck')) }));
  await expect(lifecycle.close()).rejects.toThrow('stuck');
  expect(log).toEqual(['open a', 'open b', 'close a']);
});

it('gives up on a part that does not close within its deadline', async () => {
  const clock = new FakeClock();
  const lifecycle = new Lifecycle(clock);
  await lifecycle.open(part('slow', [], { close: () => new Promise(() => {}), deadlineMs: 50 }));
  const closing = lifecycle.close();
  clock.advance(50);
  await expect(closing).rejects.toMatchObject({ code: 'LIFECYCLE_TIMED_OUT', message: 'slow did not close within 50 ms' });
});
