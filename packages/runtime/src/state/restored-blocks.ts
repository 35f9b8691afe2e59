import { BinaryReader, damaged } from '@millrace/data';
import type { Block, BlockKind } from './state-entries.ts';

/** The blocks of a state that is restored. Each is taken once; fastest in the order in which they lie. */
export class RestoredBlocks {
  readonly #blocks: readonly Block[];
  readonly #isTaken: Uint8Array;
  #takenCount = 0;
  /** Where the search begins for each kind. */
  readonly #next = new Map<BlockKind, number>();
  /** Made when a block is asked for that is not the next of its kind. */
  #places: Map<string, number> | undefined;

  /** @param blocks by kinds and numbers */
  constructor(blocks: readonly Block[]) {
    this.#blocks = blocks;
    this.#isTaken = new Uint8Array(blocks.length);
    for (let i = blocks.length - 1; i >= 0; i--) this.#next.set(blocks[i]!.kind, i);
  }

  /** @throws {MillraceError} STATE_INVALID if it is not there. */
  take(kind: BlockKind, numbers: readonly number[] = []): BinaryReader {
    const at = this.#find(kind, numbers);
    if (at === undefined || this.#isTaken[at] === 1) throw damaged(`${nameOf(kind, numbers)} is missing`);
    this.#isTaken[at] = 1;
    this.#takenCount++;
    this.#next.set(kind, at + 1);
    return new BinaryReader(this.#blocks[at]!.payload);
  }

  /** The first numbers of the blocks of a kind, in their order. */
  list(kind: BlockKind): number[] {
    return this.#blocks.filter((block) => block.kind === kind).map(({ numbers }) => numbers[0]!);
  }

  /** @throws {MillraceError} STATE_INVALID if there are blocks that nobody took. */
  end(): void {
    if (this.#takenCount === this.#blocks.length) return;
    const { kind, numbers } = this.#blocks[this.#isTaken.indexOf(0)]!;
    throw damaged(`${nameOf(kind, numbers)} belongs to nothing`);
  }

  #find(kind: BlockKind, numbers: readonly number[]): number | undefined {
    const next = this.#next.get(kind);
    const block = next === undefined ? undefined : this.#blocks[next];
    if (block !== undefined && block.kind === kind && block.numbers.every((number, i) => number === numbers[i])) return next;
    this.#places ??= new Map(this.#blocks.map((each, i) => [nameOf(each.kind, each.numbers), i]));
    return this.#places.get(nameOf(kind, numbers));
  }
}

function nameOf(kind: BlockKind, numbers: readonly number[]): string {
  return `${kind} ${numbers.join(' ')}`;
}
