import { MillraceError } from '@millrace/core';
import type { RecordHeader } from '@millrace/kafka-protocol';
import type { RefusedRecord } from './scan-recovery.ts';

/** A record that could not be processed as it is kept: raw key and value, its own headers, and behind them where it comes from and what was wrong. */
export interface DeadLetter {
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** Who has refused a record: a view, or a stage of a pipe. */
export type LetterOwner = { readonly view: string } | { readonly pipe: string; readonly stage: string; readonly plugin: string };

/** The headers that are added by views, in this order; by pipes, the owner's own stand where `view` stands. */
const added = ['topic', 'partition', 'offset', 'timestamp', 'view', 'error'] as const;
const prefix = 'millrace.';

/** A record as it is kept by who has refused it. */
export function deadLetter(record: RefusedRecord, owner: LetterOwner): DeadLetter {
  const { topic, partition, offset, timestampMs, key, value, reason } = record;
  const by = 'view' in owner ? { view: owner.view } : { pipe: owner.pipe, stage: owner.stage, plugin: owner.plugin };
  const texts = { topic, partition: String(partition), offset: String(offset), timestamp: String(timestampMs), ...by, error: reason };
  const origin = Object.entries(texts).map(([name, text]) => ({ key: `${prefix}${name}`, value: Buffer.from(text) }));
  return { timestampMs, key, value, headers: [...record.headers, ...origin] };
}

/**
 * The record that a dead letter holds, as it was refused.
 * @throws {MillraceError} DATA_UNDECODABLE if it is none
 */
export function refusedRecord({ key, value, headers }: Pick<DeadLetter, 'key' | 'value' | 'headers'>): RefusedRecord {
  const own = headers.length - added.length;
  const texts = added.map((name, i) => {
    const header = headers[own + i];
    if (header === undefined || header.key !== `${prefix}${name}` || header.value === null) throw noLetter();
    return header.value.toString();
  });
  const [topic, partition, offset, timestamp, , reason] = texts as [string, string, string, string, string, string];
  return {
    topic,
    partition: Number(partition),
    offset: Number(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    headers: headers.slice(0, own),
    reason,
  };
}

function noLetter(): MillraceError {
  return new MillraceError('DATA_UNDECODABLE', 'the record is no dead letter: headers are missing that say where it comes from', {
    hint: 'nothing but Millrace may write to topics of dead letters',
  });
}

const replayedHeader = `${prefix}replayed`;

/** What is written behind a dead letter when it is processed again: it does not count as one any more. */
export function replayMark(offset: number): readonly RecordHeader[] {
  return [{ key: replayedHeader, value: Buffer.from(String(offset)) }];
}

/** The offset of the letter that a {@link replayMark} is about; undefined if it is none. */
export function replayedOffset([header]: readonly RecordHeader[]): number | undefined {
  return header?.key === replayedHeader ? Number(header.value?.toString()) : undefined;
}
