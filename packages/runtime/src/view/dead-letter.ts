import type { RecordHeader } from '@millrace/kafka-protocol';
import type { RefusedRecord } from '../sources/scan-recovery.ts';

/** A record that could not be processed as it is kept: raw key and value, its own headers, and behind them where it comes from and what was wrong. */
export interface DeadLetter {
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** @param owner who refused it: a view or a pipe, by name */
export function deadLetter(record: RefusedRecord, owner: { readonly view: string }): DeadLetter {
  const { topic, partition, offset, timestampMs, key, value, reason } = record;
  const added: Readonly<Record<string, string>> = {
    'millrace.topic': topic,
    'millrace.partition': String(partition),
    'millrace.offset': String(offset),
    'millrace.timestamp': String(timestampMs),
    'millrace.view': owner.view,
    'millrace.error': reason,
  };
  const headers = [...record.headers, ...Object.entries(added).map(([name, text]) => ({ key: name, value: Buffer.from(text) }))];
  return { timestampMs, key, value, headers };
}
