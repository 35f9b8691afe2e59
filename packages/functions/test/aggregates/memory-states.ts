import { BinaryReader, BinaryWriter } from '@millrace/data';
import type { Accumulator, GroupStateReader, GroupStateWriter } from '../../src/definition.ts';

/** States of one accumulator, kept in memory as what saves them would keep them: one block, and pieces. */
export class MemoryStates implements GroupStateWriter, GroupStateReader {
  readonly out = new BinaryWriter();
  readonly pieces = new Map<string, Buffer>();
  block: Buffer = Buffer.alloc(0);
  in = new BinaryReader(this.block);
  /** Bytes written since the last look. */
  writtenBytes = 0;

  save(accumulator: Accumulator, groupCount: number): void {
    this.out.rewind();
    accumulator.save(0, groupCount, this);
    this.block = Buffer.from(this.out.written());
    this.writtenBytes += this.block.length;
  }

  load(accumulator: Accumulator, groupCount: number): void {
    this.in = new BinaryReader(this.block);
    accumulator.load(0, groupCount, this);
    this.in.end();
  }

  cut(group: number, piece: number, start: number): void {
    const bytes = Buffer.from(this.out.written(start));
    this.pieces.set(`${group} ${piece}`, bytes);
    this.writtenBytes += bytes.length;
    this.out.rewind(start);
  }

  drop(group: number, piece: number): void {
    if (!this.pieces.delete(`${group} ${piece}`)) throw new Error(`there is no piece ${piece} of group ${group}`);
  }

  piece(group: number, piece: number): BinaryReader {
    return new BinaryReader(this.pieces.get(`${group} ${piece}`)!);
  }
}
