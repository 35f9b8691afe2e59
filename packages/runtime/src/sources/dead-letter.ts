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

/** The headers that are added, in this order. */
const added = ['topic', 'partition', 'offset', 'timestamp', 'view', 'error'] as const;
const prefix = 'millrace.';

/** @param owner who refused it: a view or a pipe, by name */
export function deadLetter(record: RefusedRecord, owner: { readonly view: string }): DeadLetter {
  const { topic, partition, offset, timestampMs, key, value, reason } = record;
  const texts: Readonly<Record<(typeof added)[number], string>> = {
    topic,
    partition: String(partition),
    offset: String(offset),
    timestamp: String(timestampMs),
    view: owner.view,
    error: reason,
  };
  const headers = [...record.headers, ...added.map((name) => ({ key: `${prefix}${name}`, value: Buffer.from(texts[name]) }))];
  return { timestampMs, key, value, headers };
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
