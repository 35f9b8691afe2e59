import { expect, it } from 'vitest';
import { nearest } from '@millrace/core';

it('finds the name that was meant', () => {
  expect(nearest('devcies', ['devices', 'orders'])).toBe('devices');
});

it('suggests nothing when no name is near', () => {
  expect(nearest('x', ['devices', 'orders'])).toBeUndefined();
});
