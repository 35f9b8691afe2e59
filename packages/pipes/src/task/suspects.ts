import type { MillraceError } from '@millrace/core';
import type { TopicPartition } from '@millrace/kafka-client';
import { offsetAt } from '../extract/unit.ts';
import type { EventBatch } from '../stage/event-batch.ts';
import type { TransactionAborted } from './transaction-aborted.ts';

interface Range extends TopicPartition {
  readonly fromOffset: number;
  readonly toOffset: number;
  /** Set for one record that has failed by itself. */
  readonly error: MillraceError | null;
}

/** Records `from … to − 1` of a batch; `error`: they are one that has failed by itself, and is not to be tried again. */
export interface SuspectPart {
  readonly from: number;
  readonly to: number;
  readonly error: MillraceError | null;
}

/**
 * Records at which a transactional connector has failed again and again. What it has written cannot be taken back but with its whole
 * transaction, so they are looked at by the runs that follow: one by one, until the one to blame has failed alone.
 */
export class Suspects {
  #ranges: Range[] = [];

  /** Notes what has failed too often: of several records each is to be tried alone from now on, one alone is not to be tried again. */
  note({ topic, partition, fromOffset, toOffset, error }: TransactionAborted): void {
    this.#ranges.push({ topic, partition, fromOffset, toOffset, error: toOffset - fromOffset === 1 ? error : null });
  }

  /** How a batch is to be tried, in order. */
  partsOf(batch: EventBatch): readonly SuspectPart[] {
    const { count } = batch.records;
    const ranges = this.#ranges.filter(({ topic, partition }) => topic === batch.topic && partition === batch.partition);
    if (ranges.length === 0) return [{ from: 0, to: count, error: null }];
    const parts: SuspectPart[] = [];
    let from = 0;
    for (let record = 0; record < count; record++) {
      const offset = offsetAt(batch, record);
      const found = ranges.filter(({ fromOffset, toOffset }) => offset >= fromOffset && offset < toOffset);
      if (found.length === 0) continue;
      if (from < record) parts.push({ from, to: record, error: null });
      parts.push({ from: record, to: record + 1, error: found.find(({ error }) => error !== null)?.error ?? null });
      from = record + 1;
    }
    if (from < count) parts.push({ from, to: count, error: null });
    return parts;
  }

  /** Forgets what is behind what is committed. */
  forgetBefore({ topic, partition }: TopicPartition, offset: number): void {
    this.#ranges = this.#ranges.filter((range) => range.topic !== topic || range.partition !== partition || range.toOffset > offset);
  }
}
