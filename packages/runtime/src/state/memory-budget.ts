import { MillraceError } from '@millrace/core';

/** Something that holds memory for a query. */
export interface MemoryHolder {
  readonly sizeBytes: number;
}

/** The bound on what the operators of one query may hold together. */
export class MemoryBudget {
  readonly limitBytes: number;
  readonly #holders: MemoryHolder[] = [];

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  register(holder: MemoryHolder): void {
    this.#holders.push(holder);
  }

  get usedBytes(): number {
    return this.#holders.reduce((sum, holder) => sum + holder.sizeBytes, 0);
  }

  /** @throws {MillraceError} QUERY_MEMORY_EXCEEDED */
  check(): void {
    const { usedBytes, limitBytes } = this;
    if (usedBytes <= limitBytes) return;
    throw new MillraceError(
      'QUERY_MEMORY_EXCEEDED',
      `the query holds ${mebibytes(usedBytes)} of state, and ${mebibytes(limitBytes)} is its bound`,
      {
        details: { usedBytes, limitBytes },
        hint: 'fewer groups, smaller windows or a WHERE need less',
      },
    );
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
