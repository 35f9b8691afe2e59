import { asMillraceError, type Clock, MillraceError } from '@millrace/core';
import type { TopicPartition, TransactionalProducer } from '@millrace/kafka-client';
import { readPartition, recordAt } from '@millrace/runtime';
import type { Json } from '@millrace/sdk';
import type { PipeKafka } from './pipe-kafka.ts';

/** What changed of a pipe's state, by {@link stateKey}; null = deleted. */
export type StateChanges = Map<string, Json | null>;

/** The key under which what a processor keeps of a partition stands in the pipe's topic of states. */
export function stateKey({ topic, partition }: TopicPartition, key: string): string {
  return JSON.stringify([topic, partition, key]);
}

/** Where the position of an extractor with a source of its own stands. */
export const positionKey = JSON.stringify(['position']);

/** What a pipe has kept: the state of its processor by partition, and the position of its extractor. */
export interface PipeState {
  readonly position: Json | undefined;
  of(partition: TopicPartition): ReadonlyMap<string, Json>;
}

const nothing: ReadonlyMap<string, Json> = new Map();

/**
 * Reads back what is committed.
 * @returns undefined if nothing was ever kept: there is no such topic
 * @throws {MillraceError} STATE_INVALID if something in it is not of ours; KAFKA_BROKER_UNAVAILABLE; the reason of the signal
 */
export async function readPipeState(
  kafka: Pick<PipeKafka, 'topic' | 'listOffsets' | 'openReader'>,
  stateTopic: string,
  signal: AbortSignal,
): Promise<PipeState | undefined> {
  const entries = new Map<string, Json>();
  try {
    for await (const spans of readPartition(kafka, stateTopic, 0, signal)) {
      for (let record = 0; record < spans.count; record++) {
        const { key, value } = recordAt(spans, record);
        if (key === null) continue;
        if (value === null) entries.delete(key.toString());
        else entries.set(key.toString(), parsed(value, stateTopic));
      }
    }
  } catch (failure) {
    if (asMillraceError(failure).code === 'KAFKA_TOPIC_UNKNOWN') return undefined;
    throw failure;
  }
  return stateOf(entries, stateTopic);
}

function stateOf(entries: ReadonlyMap<string, Json>, stateTopic: string): PipeState {
  const byPartition = new Map<string, Map<string, Json>>();
  for (const [entry, value] of entries) {
    if (entry === positionKey) continue;
    const [topic, partition, key] = parsed(entry, stateTopic) as [string, number, string];
    const name = `${partition}@${topic}`;
    const states = byPartition.get(name) ?? new Map<string, Json>();
    byPartition.set(name, states.set(key, value));
  }
  return {
    position: entries.get(positionKey),
    of: ({ topic, partition }) => byPartition.get(`${partition}@${topic}`) ?? nothing,
  };
}

function parsed(text: Buffer | string, stateTopic: string): Json {
  try {
    return JSON.parse(text.toString()) as Json;
  } catch (cause) {
    throw new MillraceError(
      'STATE_INVALID',
      `the state of the pipe cannot be read: "${stateTopic}" holds ${text.toString().slice(0, 60)}`,
      {
        cause,
        hint: 'something else has written to the topic',
      },
    );
  }
}

/** Writes changes into the open transaction. */
export async function appendState(
  producer: TransactionalProducer,
  stateTopic: string,
  changes: ReadonlyMap<string, Json | null>,
  clock: Clock,
): Promise<void> {
  for (const [key, value] of changes)
    await producer.append(stateTopic, 0, clock.now(), Buffer.from(key), value === null ? null : Buffer.from(JSON.stringify(value)));
}
