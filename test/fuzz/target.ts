import { MillraceError, type SeededRandom } from '@millrace/core';

/** Something that takes bytes, and ways to make bytes for it. */
export interface Target {
  /** Also the beginning of the names of the inputs that are kept. */
  readonly name: string;
  /** The input for a state of the random numbers: always the same for the same. */
  make(random: SeededRandom): Buffer;
  /** Takes one input. @throws what it must not throw. */
  run(input: Buffer): void | Promise<void>;
  close?(): Promise<void>;
}

/** Runs `action`, which may find the bytes wrong, but may fail in no other way. */
export function refusesOrReads(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof MillraceError && error.code === 'KAFKA_PROTOCOL_INVALID')) throw error;
  }
}
