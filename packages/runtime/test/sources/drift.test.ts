import { describe, expect, it } from 'vitest';
import { Drift } from '../../src/sources/drift.ts';
import { newKafka } from '../harness.ts';

function watched() {
  const told: string[] = [];
  const reader = newKafka().openReader();
  reader.pause = (_, partition) => void told.push(`pause ${partition}`);
  reader.resume = (_, partition) => void told.push(`resume ${partition}`);
  return { told, drift: new Drift(reader, 's') };
}

const minutes = (n: number) => n * 60_000;

describe('partitions that run ahead in history', () => {
  it('are paused, and go on when the slowest has come closer', () => {
    const { told, drift } = watched();
    drift.balance(
      new Map([
        [0, minutes(1)],
        [1, minutes(30)],
        [2, minutes(5)],
      ]),
    );
    drift.balance(
      new Map([
        [0, minutes(2)],
        [1, minutes(30)],
        [2, minutes(5)],
      ]),
    );
    expect(told).toEqual(['pause 1']);
    drift.balance(
      new Map([
        [0, minutes(25)],
        [1, minutes(30)],
        [2, minutes(26)],
      ]),
    );
    expect(told).toEqual(['pause 1', 'resume 1']);
    expect(drift.isHolding).toBe(false);
  });

  it('are let go when they hold the others up', () => {
    const { told, drift } = watched();
    drift.balance(
      new Map([
        [0, 0],
        [1, minutes(30)],
      ]),
    );
    expect(drift.isHolding).toBe(true);
    drift.release();
    expect(told).toEqual(['pause 1', 'resume 1']);
  });

  it('do not wait for a partition of which nothing is known yet', () => {
    const { told, drift } = watched();
    drift.balance(
      new Map([
        [0, Number.NEGATIVE_INFINITY],
        [1, minutes(30)],
      ]),
    );
    expect(told).toEqual([]);
  });
});
