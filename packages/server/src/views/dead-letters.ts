import type { MaterializedViewDefinition } from '@millrace/catalog';
import { fromText, parseDataType, type Schema, type Value } from '@millrace/data';
import type { KafkaClient } from '@millrace/kafka-client';
import type { RecordHeader } from '@millrace/kafka-protocol';
import { kafkaSource, readPartition, recordAt, refusedRecord, replayedOffset } from '@millrace/runtime';
import { keepsDeadLetters, viewNames } from './view-names.ts';

/** A dead letter that has not been replayed. */
export interface Letter {
  /** Of the letter, in its topic. */
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  /** As SHOW DEAD LETTERS tells it: see {@link letterSchema}. */
  readonly row: readonly Value[];
}

const columns = {
  view: 'string',
  topic: 'string',
  partition: 'int32',
  offset: 'int64',
  timestamp: "datetime64(3, 'UTC')",
  error: 'string',
  key: 'nullable(string)',
  value: 'nullable(string)',
} as const;

/** What there is to say of a dead letter: whose it is, where the record comes from, what was wrong, and its bytes. */
export const letterSchema: Schema = Object.entries(columns).map(([name, type]) => ({ name, type: parseDataType(type) }));

/**
 * The dead letters of a view that are not replayed, the oldest first, a batch at a time (none of them empty).
 * @throws {MillraceError} KAFKA_*; DATA_UNDECODABLE if something else lies in their topic
 */
export async function* readLetters(
  view: MaterializedViewDefinition,
  client: KafkaClient,
  signal: AbortSignal,
): AsyncGenerator<readonly Letter[]> {
  if (!keepsDeadLetters(view)) return;
  const { deadLetterTopic } = viewNames(view.name, view.id);
  const kafka = kafkaSource(client);
  const replayed = new Set<number>();
  for await (const spans of readPartition(kafka, deadLetterTopic, 0, signal))
    for (let i = 0; i < spans.count; i++) {
      const offset = replayedOffset(recordAt(spans, i).headers);
      if (offset !== undefined) replayed.add(offset);
    }
  for await (const spans of readPartition(kafka, deadLetterTopic, 0, signal)) {
    const letters: Letter[] = [];
    for (let i = 0; i < spans.count; i++) {
      const record = recordAt(spans, i);
      if (replayed.has(record.offset) || replayedOffset(record.headers) !== undefined) continue;
      letters.push({ ...record, row: rowOf(view.name, record) });
    }
    if (letters.length > 0) yield letters;
  }
}

function rowOf(view: string, letter: Pick<Letter, 'key' | 'value' | 'headers'>): Value[] {
  const { topic, partition, offset, timestampMs, reason, key, value } = refusedRecord(letter);
  const bytes = (part: Buffer | null) => (part === null ? null : part.toString('latin1'));
  return [fromText(view), fromText(topic), partition, BigInt(offset), timestampMs, fromText(reason), bytes(key), bytes(value)];
}
