import type { MillraceError } from '@millrace/core';
import { offsetAt } from '../extract/unit.ts';
import type { EventBatch } from '../stage/event-batch.ts';

/** A transactional connector has failed at records: what it has written is thrown away, and the pipe begins anew from its last commit. */
export class TransactionAborted extends Error {
  readonly error: MillraceError;
  readonly topic: string;
  readonly partition: number;
  /** The records at which it has failed. */
  readonly fromOffset: number;
  readonly toOffset: number;

  /** @param to index behind the last record */
  constructor(error: MillraceError, batch: EventBatch, from: number, to: number) {
    super(error.message, { cause: error });
    this.error = error;
    this.topic = batch.topic;
    this.partition = batch.partition;
    this.fromOffset = offsetAt(batch, from);
    this.toOffset = offsetAt(batch, to - 1) + 1;
  }
}
