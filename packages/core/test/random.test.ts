import { SeededRandom, systemRandom } from '@millrace/core';
import { expect, it } from 'vitest';

it('gives the same numbers for the same seed', () => {
  const [a, b] = [new SeededRandom(7), new SeededRandom(7)];
  expect(Array.from({ length: 5 }, () => a.uint32())).toEqual(Array.from({ length: 5 }, () => b.uint32()));
});

it('makes well-formed random UUIDs', () => {
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(new SeededRandom(1).uuid()).toMatch(form);
  expect(systemRandom.uuid()).toMatch(form);
});
