import { describe, expect, it } from 'vitest';
import { isInRange } from '../../src/host/packages/sdk-range.ts';

describe('the range of SDK versions', () => {
  it.each([
    ['1.0.0', '^1', true],
    ['1.9.3', '^1', true],
    ['2.0.0', '^1', false],
    ['1.1.0', '^1.2', false],
    ['1.2.5', '^1.2.3', true],
    ['0.2.9', '^0.2.3', true],
    ['0.3.0', '^0.2.3', false],
    ['0.0.4', '^0.0.3', false],
    ['0.5.0', '^0', true],
    ['1.2.9', '~1.2.3', true],
    ['1.3.0', '~1.2.3', false],
    ['1.9.0', '~1', true],
    ['1.4.0', '1.x', true],
    ['2.0.0', '1.x', false],
    ['1.0.0', '1.0.0', true],
    ['1.0.1', '1.0.0', false],
    ['1.0.1', '=1.0', true],
    ['1.5.0', '>=1.2 <2', true],
    ['2.0.0', '>=1.2 <2', false],
    ['2.0.0', '> 1', true],
    ['1.9.0', '>1', false],
    ['1.9.0', '<=1', true],
    ['2.1.0', '<=1', false],
    ['1.0.0', '^2 || ^1', true],
    ['3.0.0', '^2 || ^1', false],
    ['7.1.2', '*', true],
    ['7.1.2', '', true],
    ['1.0.0-rc.1', '^1', true],
    ['1.0.0', 'latest', undefined],
    ['1.0.0', '^1 || next', undefined],
    ['1.0.0', '^1.2.3.4', undefined],
  ])('holds %s in %s: %s', (version, range, expected) => {
    expect(isInRange(version, range)).toBe(expected);
  });
});
