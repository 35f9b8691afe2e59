import type { Clock } from '@millrace/core';
import type { Partition } from './partition.ts';

/** From where in a partition somebody wants to read, and how much of it counts. */
export interface Position {
  readonly partition: Partition;
  readonly offset: number;
  readonly bytesMax: number;
  /** Count only what lies before the first open transaction. */
  readonly isCommitted: boolean;
}

/**
 * Waits until so many bytes can be read from the positions on, a partition is deleted or gets another leader, the time is up, or the signal is aborted.
 * @returns undefined if there is nothing to wait for.
 */
export function awaitBytes(
  positions: readonly Position[],
  bytesMin: number,
  waitMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> | undefined {
  let bytes = 0;
  for (const position of positions) {
    bytes += available(position);
    if (bytes >= bytesMin) return undefined;
  }
  if (signal.aborted) return undefined;
  return new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const finish = () => {
      for (const stop of stops) stop();
      resolve();
    };
    const timer = clock.setTimer(waitMs, finish);
    stops.push(() => timer.cancel());
    signal.addEventListener('abort', finish);
    stops.push(() => signal.removeEventListener('abort', finish));
    for (const position of positions) {
      const { partition, isCommitted } = position;
      const { leaderEpoch } = partition;
      let known = isCommitted ? available(position) : 0;
      const onAppend = (appended: number) => {
        if (!isCommitted) bytes += appended;
        else if (!partition.isGone) {
          // An append may bring nothing as long as its transaction is open, and a marker much more than itself.
          const now = available(position);
          bytes += now - known;
          known = now;
        }
        if (partition.isGone || partition.leaderEpoch !== leaderEpoch || bytes >= bytesMin) finish();
      };
      stops.push(partition.onAppend(onAppend));
    }
  });
}

function available({ partition, offset, bytesMax, isCommitted }: Position): number {
  const bytes = isCommitted ? partition.committedSizeFrom(offset) : partition.sizeFrom(offset);
  return Math.min(bytes, Math.max(1, bytesMax));
}
