import { BoundedQueue } from '@millrace/core';
import { expect, it } from 'vitest';

it('makes the producer wait until there is room', async () => {
  const queue = new BoundedQueue<string>(3, (item) => item.length);
  await queue.put('ab');
  let isIn = false;
  const waiting = queue.put('cd').then(() => (isIn = true));
  await Promise.resolve();
  expect([isIn, queue.weight]).toEqual([false, 2]);
  expect(await queue.take()).toBe('ab');
  await waiting;
  expect([isIn, await queue.take()]).toEqual([true, 'cd']);
});

it('takes an item heavier than the bound when it is empty', async () => {
  const queue = new BoundedQueue<string>(1, (item) => item.length);
  expect(await queue.put('heavy')).toBe(true);
});

it('gives takers what is left after closing, then undefined, and refuses new items', async () => {
  const queue = new BoundedQueue<number>(10);
  await queue.put(1);
  queue.close();
  expect([await queue.take(), await queue.take(), await queue.put(2)]).toEqual([1, undefined, false]);
});

it('throws the failure after the items before it', async () => {
  const queue = new BoundedQueue<number>(10);
  await queue.put(1);
  queue.fail(new Error('gone'));
  expect(await queue.take()).toBe(1);
  await expect(queue.take()).rejects.toThrow('gone');
});

it('wakes a waiting taker', async () => {
  const queue = new BoundedQueue<number>(10);
  const taken = queue.take();
  await queue.put(7);
  expect(await taken).toBe(7);
});
