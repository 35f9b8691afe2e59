import { crc32 } from 'node:zlib';
import { MillraceError } from '@millrace/core';
import { damaged } from '@millrace/data';
import { maxEntryBytes, type PutEntry, type StateEntry } from './operator-state.ts';

/** What a block of a state holds, with the numbers that say which one it is. */
const kinds = {
  schema: { code: 0, numbers: 0 },
  scalars: { code: 1, numbers: 0 },
  /** A source partition. */
  partition: { code: 2, numbers: 1 },
  /** A bucket. */
  bucket: { code: 3, numbers: 1 },
  /** Bucket, segment. */
  keys: { code: 4, numbers: 2 },
  /** Bucket, segment. */
  states: { code: 5, numbers: 2 },
  /** Bucket, part, group, piece. */
  piece: { code: 6, numbers: 4 },
  /** A partition that several tasks write. */
  marks: { code: 7, numbers: 1 },
} as const;

export type BlockKind = keyof typeof kinds;

const kindOf = new Map<number, BlockKind>(Object.entries(kinds).map(([kind, { code }]) => [code, kind as BlockKind]));

/** One block of a state. */
export interface Block {
  readonly kind: BlockKind;
  readonly numbers: readonly number[];
  readonly payload: Buffer;
}

const partBytes = 2;
/** Whether more parts follow, and the checksum. */
const frameBytes = 5;

/**
 * Turns the blocks of one state into entries and back.
 *
 * Key: kind (1 byte), the numbers (4 bytes each, big-endian), the part (2 bytes). Value: 1 if it is the last part of the block, else 0; the
 * payload; CRC-32 of key and value. A block that is too long for one entry has several parts. The checksum of all entries but that
 * of the schema begins with that of the schema, so that entries of two states cannot be mixed.
 */
export class StateEntries {
  readonly #operator: string;
  readonly #schema: string;
  readonly #seed: number;
  #entry = Buffer.allocUnsafeSlow(4096);
  #isSchemaWritten = false;
  /** How many parts the blocks have that have more than one. */
  readonly #parts = new Map<string, number>();

  constructor(operator: string, schema: string) {
    this.#operator = operator;
    this.#schema = schema;
    this.#seed = crc32(schema);
  }

  write(put: PutEntry, kind: BlockKind, numbers: readonly number[], payload: Buffer): void {
    if (!this.#isSchemaWritten) {
      this.#isSchemaWritten = true;
      this.write(put, 'schema', [], Buffer.from(this.#schema));
    }
    const keyBytes = this.#writeKey(kind, numbers);
    const room = maxEntryBytes - keyBytes - frameBytes;
    if (payload.length <= room) this.#putPart(put, kind, keyBytes, 0, payload, true);
    let part = 0;
    if (payload.length > room)
      for (let start = 0; start < payload.length; start += room, part++)
        this.#putPart(put, kind, keyBytes, part, payload.subarray(start, start + room), start + room >= payload.length);
    this.#dropParts(put, keyBytes, Math.max(1, part));
  }

  drop(put: PutEntry, kind: BlockKind, numbers: readonly number[]): void {
    const keyBytes = this.#writeKey(kind, numbers);
    this.#dropPart(put, keyBytes, 0);
    this.#dropParts(put, keyBytes, 1);
  }

  /** The blocks in the order of their kinds and numbers, without that of the schema; null if there are no entries. @throws {MillraceError} STATE_INVALID */
  read(entries: Iterable<StateEntry>): Block[] | null {
    const sorted = [...entries].sort((a, b) => Buffer.compare(a.key, b.key));
    if (sorted.length === 0) return null;
    this.#isSchemaWritten = true;
    // The kind of the schema is the first.
    return this.#join(sorted, this.#checkSchema(sorted));
  }

  /** @returns how many entries are the schema's. */
  #checkSchema(entries: readonly StateEntry[]): number {
    const count = entries.findIndex(({ key }) => key[0] !== kinds.schema.code);
    const own = entries.slice(0, count < 0 ? entries.length : count);
    const found = own.map((entry) => payloadOf(entry, 0).toString()).join('');
    if (found === this.#schema) return own.length;
    const what = own.length === 0 ? 'without a schema' : 'of another schema';
    throw new MillraceError('STATE_INVALID', `the state of ${this.#operator} is ${what}: "${found}" instead of "${this.#schema}"`, {
      details: { operator: this.#operator, expected: this.#schema, found },
      hint: 'the state belongs to another query, or to another version of Millrace',
    });
  }

  #join(entries: readonly StateEntry[], from: number): Block[] {
    const blocks: Block[] = [];
    for (let i = from; i < entries.length; ) {
      const { key } = entries[i]!;
      const { kind, numbers } = place(key);
      const parts: Buffer[] = [];
      for (let isLast = false; !isLast; i++) {
        const entry = entries[i];
        if (entry === undefined || !isPart(entry.key, key, parts.length))
          throw damaged(`part ${parts.length} of ${key.toString('hex')} is missing`);
        parts.push(payloadOf(entry, this.#seed));
        isLast = entry.value[0] === 1;
      }
      if (parts.length > 1) this.#parts.set(key.toString('latin1', 0, key.length - partBytes), parts.length);
      blocks.push({ kind, numbers, payload: parts.length === 1 ? parts[0]! : Buffer.concat(parts) });
    }
    return blocks;
  }

  #writeKey(kind: BlockKind, numbers: readonly number[]): number {
    let at = this.#entry.writeUInt8(kinds[kind].code, 0);
    for (const number of numbers) at = this.#entry.writeUInt32BE(number, at);
    return at + partBytes;
  }

  #putPart(put: PutEntry, kind: BlockKind, keyBytes: number, part: number, payload: Buffer, isLast: boolean): void {
    const end = keyBytes + 1 + payload.length;
    this.#makeRoom(end + 4, keyBytes);
    const entry = this.#entry;
    entry.writeUInt16BE(part, keyBytes - partBytes);
    entry[keyBytes] = Number(isLast);
    entry.set(payload, keyBytes + 1);
    entry.writeUInt32LE(crc32(entry.subarray(0, end), kind === 'schema' ? 0 : this.#seed), end);
    put(entry.subarray(0, keyBytes), entry.subarray(keyBytes, end + 4));
  }

  /** Takes away the parts that the block at hand had beyond `count`. */
  #dropParts(put: PutEntry, keyBytes: number, count: number): void {
    if (count === 1 && this.#parts.size === 0) return;
    const name = this.#entry.toString('latin1', 0, keyBytes - partBytes);
    for (let part = count; part < (this.#parts.get(name) ?? 1); part++) this.#dropPart(put, keyBytes, part);
    if (count > 1) this.#parts.set(name, count);
    else this.#parts.delete(name);
  }

  #dropPart(put: PutEntry, keyBytes: number, part: number): void {
    this.#entry.writeUInt16BE(part, keyBytes - partBytes);
    put(this.#entry.subarray(0, keyBytes), null);
  }

  #makeRoom(byteCount: number, keyBytes: number): void {
    if (byteCount <= this.#entry.length) return;
    const larger = Buffer.allocUnsafeSlow(byteCount * 2);
    this.#entry.copy(larger, 0, 0, keyBytes);
    this.#entry = larger;
  }
}

function place(key: Buffer): { kind: BlockKind; numbers: number[] } {
  const kind = kindOf.get(key[0] ?? -1);
  if (kind === undefined || key.length !== 1 + 4 * kinds[kind].numbers + partBytes) throw damaged(`an entry ${key.toString('hex')}`);
  return { kind, numbers: Array.from({ length: kinds[kind].numbers }, (_, i) => key.readUInt32BE(1 + 4 * i)) };
}

/** True if `key` is that of this part of the block that `first` begins. */
function isPart(key: Buffer, first: Buffer, part: number): boolean {
  const end = first.length - partBytes;
  return key.length === first.length && key.compare(first, 0, end, 0, end) === 0 && key.readUInt16BE(end) === part;
}

function payloadOf({ key, value }: StateEntry, seed: number): Buffer {
  const end = value.length - 4;
  if (end < 1 || crc32(value.subarray(0, end), crc32(key, seed)) !== value.readUInt32LE(end))
    throw damaged(`the entry ${key.toString('hex')} fails its checksum`);
  return value.subarray(1, end);
}
