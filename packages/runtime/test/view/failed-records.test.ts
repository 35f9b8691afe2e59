import { MillraceError } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { FailedRecords } from '../../src/view/failed-records.ts';

const failure = (offset: number, partition = 0, topic = 's') =>
  new MillraceError('DATA_DIVISION_BY_ZERO', `offset ${offset}`, { details: { topic, partition, offset } });

describe('failed records', () => {
  it('are remembered by topic, partition and offset, with the reason', () => {
    const failed = new FailedRecords();
    expect([failed.note(failure(3)), failed.note(failure(5)), failed.note(failure(3, 1)), failed.note(failure(3, 0, 'z'))]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(failed.of('s', 0)).toEqual(
      new Map([
        [3, 'offset 3'],
        [5, 'offset 5'],
      ]),
    );
    expect([failed.of('s', 1)?.size, failed.of('z', 0)?.size, failed.of('s', 2)]).toEqual([1, 1, undefined]);
  });

  it('are noted once: one that fails again is no news', () => {
    const failed = new FailedRecords();
    failed.note(failure(3));
    expect(failed.note(failure(3))).toBe(false);
  });

  it('are those of data with a place only', () => {
    const failed = new FailedRecords();
    const { details } = failure(3);
    expect(failed.note(new MillraceError('KAFKA_TIMED_OUT', 'late', { details }))).toBe(false);
    expect(failed.note(new MillraceError('DATA_CAST_FAILED', 'no place'))).toBe(false);
    expect(failed.note(new MillraceError('DATA_CAST_FAILED', 'no offset', { details: { topic: 's', partition: 0 } }))).toBe(false);
    expect(failed.of('s', 0)).toBeUndefined();
  });

  it('are forgotten once the view is behind them', () => {
    const failed = new FailedRecords();
    for (const offset of [3, 5, 7]) failed.note(failure(offset));
    failed.forgetBefore('s', 0, 5);
    expect([...failed.of('s', 0)!.keys()]).toEqual([5, 7]);
    failed.forgetBefore('s', 1, 100);
    failed.forgetBefore('s', 0, 8);
    expect(failed.of('s', 0)).toBeUndefined();
  });
});
