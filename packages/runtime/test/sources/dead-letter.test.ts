import { describe, expect, it } from 'vitest';
import { deadLetter, refusedRecord } from '../../src/sources/dead-letter.ts';
import type { RefusedRecord } from '../../src/sources/scan-recovery.ts';

const record: RefusedRecord = {
  topic: 's',
  partition: 2,
  offset: 77,
  timestampMs: 1234,
  key: Buffer.from('k'),
  value: Buffer.from([0, 255, 1]),
  headers: [{ key: 'trace', value: Buffer.from('x') }],
  reason: 'it is no JSON: ü',
};

describe('a dead letter', () => {
  it('holds the record as it was, and behind its headers where it comes from and what was wrong', () => {
    const letter = deadLetter(record, { view: 'v' });
    expect([letter.timestampMs, letter.key, letter.value]).toEqual([1234, record.key, record.value]);
    expect(letter.headers.map(({ key, value }) => `${key}=${value}`)).toEqual([
      'trace=x',
      'millrace.topic=s',
      'millrace.partition=2',
      'millrace.offset=77',
      'millrace.timestamp=1234',
      'millrace.view=v',
      'millrace.error=it is no JSON: ü',
    ]);
  });

  it('gives the record back, also one that was a dead letter before', () => {
    expect(refusedRecord(deadLetter(record, { view: 'v' }))).toEqual(record);
    const twice = { ...record, headers: deadLetter(record, { view: 'v' }).headers };
    expect(refusedRecord(deadLetter(twice, { view: 'w' }))).toEqual(twice);
  });

  it('keeps a record without key and value', () => {
    const empty = { ...record, key: null, value: null };
    expect(refusedRecord(deadLetter(empty, { view: 'v' }))).toEqual(empty);
  });

  it('is told from other records', () => {
    expect(() => refusedRecord({ key: null, value: null, headers: record.headers })).toThrow('the record is no dead letter');
  });
});
