import { crc32 } from 'node:zlib';
import { MillraceError } from '@millrace/core';
import { extentOf, readPartition } from '../sources/read-partition.ts';
import type { KafkaSource } from '../sources/source-ports.ts';
import type { StateEntry } from '../state/operator-state.ts';

/** Whose an entry is: the first byte of its key. Then two bytes that say which one, then the owner's own key. */
const kinds = { position: 1, operator: 2, scan: 3, inventory: 4 } as const;
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
export function positionEntry({ topic, partition, offset }: SourcePosition): Entry {
  return sealed({ kind: 'position', index: 0 }, JSON.stringify([topic, partition]), String(offset));
}

/** What there is in all, as an entry: what is missing from a changelog shows. */
export function inventoryEntry({ owners, positions }: Inventory): Entry {
  return sealed({ kind: 'inventory', index: 0 }, '', JSON.stringify([[...owners].sort(), positions]));
}

/** Who has entries, as {@link ownerName} says it, and how many positions there are. */
export interface Inventory {
  readonly owners: Iterable<string>;
  readonly positions: number;
}

export function ownerName({ kind, index }: EntryOwner): string {
  return `${kind} ${index}`;
}

interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** A text as an entry, with a checksum over key and text behind it. */
function sealed(owner: EntryOwner, key: string, text: string): Entry {
  return { key: changelogKey(owner, Buffer.from(key)), value: Buffer.from(`${text} ${checksum(key, text)}`) };
}

function unsealed({ key, value }: StateEntry): string {
  const [, text, sum] = /^(.*) ([0-9a-f]+)$/.exec(value.toString()) ?? [];
  if (text !== undefined && sum === checksum(key.toString(), text)) return text;
  throw invalid(`the entry ${key.toString() || 'of what there is'} fails its checksum`);
}

function checksum(key: string, text: string): string {
  return crc32(text, crc32(key)).toString(16);
}

function invalid(what: string): MillraceError {
  return new MillraceError('STATE_INVALID', `the state of the view cannot be read: ${what}`, {
    hint: 'its changelog is damaged, or something else has written to it or deleted of it',
  });
}

function positionOf(key: Buffer): [topic: string, partition: number] {
  return JSON.parse(key.toString()) as [string, number];
}

/** An entry as the changelog has it, with the whole key, and when it was written: ms since the epoch. */
export interface ChangelogEntry extends StateEntry {
  readonly writtenMs: number;
}

/** What a changelog holds: of each key its last value. */
export class ChangelogContents {
  /** Of the changelog. */
  readonly topicId: string;
  /** All that was committed before is in it. */
  nextOffset: number;
  /** So much of it was read, whatever became of it. */
  readBytes = 0;
  readonly #entries = new Map<string, ChangelogEntry>();

  constructor(topicId: string, nextOffset: number) {
    this.topicId = topicId;
    this.nextOffset = nextOffset;
  }

  get size(): number {
    return this.#entries.size;
  }

  entries(): Iterable<ChangelogEntry> {
    return this.#entries.values();
  }

  /** Key and value must stay as they are. @param value null = the key is gone @param writtenMs ms since the epoch */
  put(key: Buffer, value: Buffer | null, writtenMs: number): void {
    const name = key.toString('latin1');
    if (value === null) this.#entries.delete(name);
    else this.#entries.set(name, { key, value, writtenMs });
  }

  /** The entries of one owner, with its own keys. */
  *of({ kind, index }: EntryOwner): Generator<StateEntry> {
    for (const { key, value } of this.#entries.values())
      if (key[0] === kinds[kind] && key.readUInt16BE(1) === index) yield { key: key.subarray(prefixBytes), value };
  }

  /** When the position in a partition was last committed, ms since the epoch; undefined if there is none. */
  positionTime({ topic, partition }: Omit<SourcePosition, 'offset'>): number | undefined {
    const { key } = positionEntry({ topic, partition, offset: 0 });
    return this.#entries.get(key.toString('latin1'))?.writtenMs;
  }

  /** The keys of everything but positions in these topics. */
  keysBeside(topics: ReadonlySet<string>): Buffer[] {
    const isKept = (key: Buffer) => key[0] === kinds.position && topics.has(positionOf(key.subarray(prefixBytes))[0]);
    return [...this.#entries.values()].map(({ key }) => key).filter((key) => !isKept(key));
  }

  /** Up to where each partition is done. @throws {MillraceError} STATE_INVALID */
  positions(): SourcePosition[] {
    return [...this.of({ kind: 'position', index: 0 })].map((entry) => {
      const offset = Number(unsealed(entry));
      const [topic, partition] = positionOf(entry.key);
      return { topic, partition, offset };
    });
  }

  /** All but the positions and the inventory itself. */
  owners(): Set<string> {
    const owners = new Set<string>();
    for (const { key } of this.#entries.values())
      for (const kind of ['operator', 'scan'] as const)
        if (key[0] === kinds[kind]) owners.add(ownerName({ kind, index: key.readUInt16BE(1) }));
    return owners;
  }

  /** @throws {MillraceError} STATE_INVALID if anything is missing, or more than there should be. */
  check(): void {
    if (this.size === 0) return;
    for (const { key } of this.#entries.values())
      if (!isKnown(key)) throw invalid(`there is an entry ${key.toString('hex')}, which no view has written`);
    const [entry] = this.of({ kind: 'inventory', index: 0 });
    if (entry === undefined) throw invalid('it does not say what there is');
    const [owners, positions] = JSON.parse(unsealed(entry)) as [string[], number];
    const found = { owners: [...this.owners()].sort(), positions: this.positions().length };
    if (found.owners.join() !== owners.join()) throw invalid(`there are entries of ${list(found.owners)} instead of ${list(owners)}`);
    if (found.positions !== positions) throw invalid(`there are ${found.positions} positions instead of ${positions}`);
  }
}

function isKnown(key: Buffer): boolean {
  const [kind, index] = [key[0], key.readUInt16BE(1)];
  return kind === kinds.operator || kind === kinds.scan || ((kind === kinds.position || kind === kinds.inventory) && index === 0);
}

function list(owners: readonly string[]): string {
  return owners.length === 0 ? 'nobody' : owners.join(', ');
}

/**
 * Reads a changelog to its end: what was committed to it when this was called.
 * @param base what was read of it before, to be gone on with; without it the changelog is read from its beginning
 * @throws {MillraceError} KAFKA_TOPIC_UNKNOWN, KAFKA_BROKER_UNAVAILABLE, KAFKA_RECORD_CORRUPT; STATE_INVALID if its keys are not of a view, or
 * not all there, or the changelog does not go on where the base ends
 */
export async function readChangelog(
  kafka: KafkaSource,
  topic: string,
  signal: AbortSignal,
  base?: ChangelogContents,
): Promise<ChangelogContents> {
  const { topicId } = await kafka.topic(topic);
  const { start, end } = await extentOf(kafka, topic, 0);
  const contents = base ?? new ChangelogContents(topicId, start);
  const from = contents.nextOffset;
  if (from < start || from > end) throw invalid(`what is known of it ends at offset ${from}, and it holds offsets ${start} to ${end}`);
  for await (const spans of readPartition(kafka, topic, 0, signal, { start: from, end })) {
    for (let record = 0; record < spans.count; record++) {
      const [keyStart, keyEnd, valueStart] = [spans.keyStarts[record]!, spans.keyEnds[record]!, spans.valueStarts[record]!];
      if (keyStart < 0 || keyEnd - keyStart < prefixBytes) throw foreignRecord(topic, spans.offsets[record]!);
      const valueEnd = valueStart < 0 ? keyEnd : spans.valueEnds[record]!;
      // The value lies right behind the key: one copy takes both out of the batch.
      const bytes = Buffer.from(spans.bytes.subarray(keyStart, valueEnd));
      contents.readBytes += bytes.length;
      const value = valueStart < 0 ? null : bytes.subarray(valueStart - keyStart);
      contents.put(bytes.subarray(0, keyEnd - keyStart), value, spans.timestamps[record]!);
    }
  }
  contents.nextOffset = end;
  contents.check();
  return contents;
}

/** The error of a record that is no entry. */
export function foreignRecord(topic: string, offset: number): MillraceError {
  return new MillraceError('STATE_INVALID', `the changelog "${topic}" holds a record that no view has written, at offset ${offset}`, {
    details: { topic, offset },
    hint: 'nothing else may write to the topic',
  });
}
