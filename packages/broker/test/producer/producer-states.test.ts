import { FakeClock } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { BatchHeader } from '../../src/log/batch-header.ts';
import { ProducerStates } from '../../src/producer/producer-states.ts';

const batchAt = (baseOffset: number, more: Partial<BatchHeader> = {}): BatchHeader => ({
  baseOffset,
  lastOffset: baseOffset,
  sizeBytes: 100,
  maxTimestamp: 0,
  producerId: 7,
  producerEpoch: 0,
  baseSequence: 0,
  recordCount: 1,
  isTransactional: true,
  control: undefined,
  ...more,
});
const marker = (baseOffset: number, control: 'commit' | 'abort') => batchAt(baseOffset, { control, baseSequence: -1 });

function statesAfter(...batches: BatchHeader[]): ProducerStates {
  const states = new ProducerStates(new FakeClock(), 1e9);
  for (const batch of batches) states.apply(batch);
  return states;
}

describe('a batch of a transaction that comes again', () => {
  it('gets the place of the first as long as its transaction is open', () => {
    expect(statesAfter(batchAt(4)).judge(batchAt(-1))).toMatchObject({ kind: 'duplicate', baseOffset: 4 });
  });

  // A crash may lose that the partition belongs to the transaction, but not the batch: it is aborted, and its producer knows nothing.
  it('is refused once its transaction has ended: acknowledged, it would pass for a part of the one that goes on', () => {
    for (const outcome of ['abort', 'commit'] as const) {
      const states = statesAfter(batchAt(4), marker(5, outcome));
      expect(states.judge(batchAt(-1))).toEqual({ kind: 'refuse', error: 'INVALID_TXN_STATE' });
      states.apply(batchAt(6, { baseSequence: 1 }));
      expect(states.judge(batchAt(-1))).toEqual({ kind: 'refuse', error: 'INVALID_TXN_STATE' });
      expect(states.judge(batchAt(-1, { baseSequence: 1 }))).toMatchObject({ kind: 'duplicate', baseOffset: 6 });
    }
  });
});

describe('a batch of an idempotent producer that comes again', () => {
  it('gets the place of the first, whatever has become of transactions', () => {
    const plain = { isTransactional: false };
    expect(statesAfter(batchAt(4, plain)).judge(batchAt(-1, plain))).toMatchObject({ kind: 'duplicate', baseOffset: 4 });
  });
});
