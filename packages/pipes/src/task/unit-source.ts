import type { BoundedQueue } from '@millrace/core';
import type { Unit } from '../extract/unit.ts';

/** Where the units of a run come from. */
export interface UnitSource {
  /** Puts units into the queue until it is closed or has come to its end, and then keeps waiting. @throws what ends the run */
  run(units: BoundedQueue<Unit>): Promise<void>;
  /** Ends {@link run}. */
  close(): Promise<void>;
}
