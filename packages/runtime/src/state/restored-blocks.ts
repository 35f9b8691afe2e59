import { BinaryReader, damaged } from '@millrace/data';
import type { Block, BlockKind } from './state-entries.ts';

/** The blocks of a state that is restored. Each is taken once. */
export class RestoredBlocks {
  readonly #blocks = new Map<string, Block>();

  constructor(blocks: readonly Block[]) {
    for (const block of blocks) this.#blocks.set(nameOf(block.kind, block.numbers), block);
  }

  /** @throws {MillraceError} STATE_INVALID if it is not there. */
  take(kind: BlockKind, numbers: readonly number[] = []): BinaryReader {
    const name = nameOf(kind, numbers);
    const block = this.#blocks.get(name);
    if (block === undefined) throw damaged(`${name} is missing`);
    this.#blocks.delete(name);
    return new BinaryReader(block.payload);
  }

  /** The first numbers of the blocks of a kind, in their order. */
  list(kind: BlockKind): number[] {
    return [...this.#blocks.values()].filter((block) => block.kind === kind).map(({ numbers }) => numbers[0]!);
  }

  /** @throws {MillraceError} STATE_INVALID if there are blocks that nobody took. */
  end(): void {
    for (const name of this.#blocks.keys()) throw damaged(`${name} belongs to nothing`);
  }
}

function nameOf(kind: BlockKind, numbers: readonly number[]): string {
  return `${kind} ${numbers.join(' ')}`;
}
