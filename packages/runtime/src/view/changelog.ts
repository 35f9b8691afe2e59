import { MillraceError } from '@millrace/core';
import { readPartition } from '../sources/read-partition.ts';
import type { KafkaSource } from '../sources/source-ports.ts';
import type { StateEntry } from '../state/operator-state.ts';

/** Whose an entry is: the first byte of its key. Then two bytes that say which one, then the owner's own key. */
const kinds = { position: 1, operator: 2, scan: 3 } as const;
const prefixBytes = 3;

/** Something that keeps entries in a view's changelog. */
export interface EntryOwner {
  readonly kind: keyof typeof kinds;
  /** From the sources to the result, from 0 on. */
  readonly index: number;
}

/** Where a partition of a source is left off. */
export interface SourcePosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** The key of an entry in the changelog of a view. */
export function changelogKey({ kind, index }: EntryOwner, key: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(prefixBytes + key.length);
  whole[0] = kinds[kind];
  whole.writeUInt16BE(index, 1);
  whole.set(key, prefixBytes);
  return whole;
}

/** A position as an entry: positions and states are written together, so that neither is ever ahead of the other. */
export function positionEntry({ topic, partition, offset }: SourcePosition): { readonly key: Buffer; readonly value: Buffer } {
  const owner: EntryOwner = { kind: 'position', index: 0 };
  return { key: changelogKey(owner, Buffer.from(JSON.stringify([topic, partition]))), value: Buffer.from(String(offset)) };
}

function positionOf(key: Buffer): [topic: string, partition: number] {
  return JSON.parse(key.toString()) as [string, number];
}

/** What a changelog holds: of each key its last value. */
export class ChangelogContents {
  readonly #entries = new Map<string, StateEntry>();

  get size(): number {
    return this.#entries.size;
  }

  /** @param value null = the key is gone */
  put(key: Buffer, value: Buffer | null): void {
    const name = key.toString('latin1');
    if (value === null) this.#entries.delete(name);
    else this.#entries.set(name, { key: Buffer.from(key), value: Buffer.from(value) });
  }

  /** The entries of one owner, with its own keys. */
  *of({ kind, index }: EntryOwner): Generator<StateEntry> {
    for (const { key, value } of this.#entries.values())
      if (key[0] === kinds[kind] && key.readUInt16BE(1) === index) yield { key: key.subarray(prefixBytes), value };
  }

  /** The keys of everything but positions in these topics. */
  keysBeside(topics: ReadonlySet<string>): Buffer[] {
    const isKept = (key: Buffer) => key[0] === kinds.position && topics.has(positionOf(key.subarray(prefixBytes))[0]);
    return [...this.#entries.values()].map(({ key }) => key).filter((key) => !isKept(key));
  }

  /** By topic and partition. */
  positions(): Map<string, Map<number, number>> {
    const positions = new Map<string, Map<number, number>>();
    for (const { key, value } of this.of({ kind: 'position', index: 0 })) {
      const [topic, partition] = positionOf(key);
      if (!positions.has(topic)) positions.set(topic, new Map());
      positions.get(topic)!.set(partition, Number(value.toString()));
    }
    return positions;
  }
}

/**
 * Reads a changelog from its beginning to its end: what was committed to it when this was called.
 * @throws {MillraceError} KAFKA_TOPIC_UNKNOWN, KAFKA_BROKER_UNAVAILABLE, KAFKA_RECORD_CORRUPT; STATE_INVALID if its keys are not of a view
 */
export async function readChangelog(kafka: KafkaSource, topic: string, signal: AbortSignal): Promise<ChangelogContents> {
  const contents = new ChangelogContents();
  for await (const spans of readPartition(kafka, topic, 0, signal)) {
    for (let record = 0; record < spans.count; record++) {
      const [keyStart, valueStart] = [spans.keyStarts[record]!, spans.valueStarts[record]!];
      const key = keyStart < 0 ? null : spans.bytes.subarray(keyStart, spans.keyEnds[record]!);
      if (key === null || key.length < prefixBytes) throw foreignRecord(topic, spans.offsets[record]!);
      contents.put(key, valueStart < 0 ? null : spans.bytes.subarray(valueStart, spans.valueEnds[record]!));
    }
  }
  return contents;
}

function foreignRecord(topic: string, offset: number): MillraceError {
  return new MillraceError('STATE_INVALID', `the changelog "${topic}" holds a record that no view has written, at offset ${offset}`, {
    details: { topic, offset },
    hint: 'nothing else may write to the topic',
  });
}
