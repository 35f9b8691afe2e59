import { type BinaryReader, type BinaryWriter, damaged } from '@millrace/data';
import type { GroupStateReader, GroupStateWriter } from '../definition.ts';
import { withRoom } from './lanes.ts';

/** A tail of this many bytes becomes a piece: the smaller, the less is written anew; the larger, the fewer pieces. */
const pieceBytes = 256;

/**
 * Saves lists of groups that only grow: what stands in a piece is not written again, and only the short tail behind the pieces is
 * part of the block. Knows how much of each list is in pieces; what the lists hold, it is told.
 */
export class GrowingLists {
  /** How many values of each group stand in pieces, and in how many. */
  #sealed = new Float64Array(0);
  #pieces = new Int32Array(0);
  /** How many pieces there are, with those of a list that was forgotten. */
  #standing = new Int32Array(0);

  get sizeBytes(): number {
    return this.#sealed.byteLength + this.#pieces.byteLength + this.#standing.byteLength;
  }

  /** The values of a group that stand in pieces. */
  sealed(group: number): number {
    return this.#sealed[group] ?? 0;
  }

  /** The list of a group begins anew. */
  forget(group: number): void {
    if (group >= this.#sealed.length) return;
    this.#sealed[group] = 0;
    this.#pieces[group] = 0;
  }

  /** @param write writes the values from … to − 1 of the group's list, which has `length` */
  save(group: number, length: number, states: GroupStateWriter, write: (out: BinaryWriter, from: number, to: number) => void): void {
    this.#makeRoom(group);
    const { out } = states;
    const at = out.size;
    out.uint32(0);
    const start = out.size;
    const from = this.#sealed[group]!;
    out.count(length - from);
    if (length > from) write(out, from, length);
    if (out.size - start > pieceBytes) {
      states.cut(group, this.#pieces[group]!++, start);
      this.#sealed[group] = length;
      out.count(0);
    }
    out.replaceUint32(at, this.#pieces[group]!);
    for (let piece = this.#pieces[group]!; piece < this.#standing[group]!; piece++) states.drop(group, piece);
    this.#standing[group] = this.#pieces[group]!;
  }

  /** @param read takes `count` more values of the group's list */
  load(group: number, states: GroupStateReader, read: (from: BinaryReader, count: number) => void): void {
    this.#makeRoom(group);
    const pieces = states.in.uint32();
    for (let piece = 0; piece < pieces; piece++) {
      const from = states.piece(group, piece);
      const count = from.countOf(1);
      if (count === 0) throw damaged('an empty piece');
      read(from, count);
      from.end();
      this.#sealed[group]! += count;
    }
    this.#pieces[group] = pieces;
    this.#standing[group] = pieces;
    const count = states.in.countOf(1);
    if (count > 0) read(states.in, count);
  }

  /** Saves what took the place of a list: one piece, written anew only if it changed. */
  saveWhole(group: number, isChanged: boolean, states: GroupStateWriter, write: (out: BinaryWriter) => void): void {
    if (!isChanged) return;
    this.#makeRoom(group);
    const start = states.out.size;
    write(states.out);
    states.cut(group, 0, start);
    for (let piece = 1; piece < this.#standing[group]!; piece++) states.drop(group, piece);
    this.#standing[group] = 1;
  }

  loadWhole(group: number, states: GroupStateReader, read: (from: BinaryReader) => void): void {
    this.#makeRoom(group);
    const from = states.piece(group, 0);
    read(from);
    from.end();
    this.#standing[group] = 1;
  }

  #makeRoom(group: number): void {
    if (group < this.#sealed.length) return;
    this.#sealed = withRoom(this.#sealed, group + 1);
    this.#pieces = withRoom(this.#pieces, group + 1);
    this.#standing = withRoom(this.#standing, group + 1);
  }
}
