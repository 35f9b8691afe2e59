import { nearest } from '@millrace/core';
import { expect, it } from 'vitest';

it('finds the name that was meant', () => {
  expect(nearest('devcies', ['devices', 'orders'])).toBe('devices');
});

it('suggests nothing when no name is near', () => {
  expect(nearest('x', ['devices', 'orders'])).toBeUndefined();
});
