import type { Clock } from '@millrace/core';
import type { Partition } from './partition.ts';

/** From where in a partition somebody wants to read, and how much of it counts. */
export interface Position {
  readonly partition: Partition;
  readonly offset: number;
  readonly bytesMax: number;
}

/**
 * Waits until so many bytes can be read from the positions on, a partition is deleted, the time is up, or the signal is aborted.
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
  for (const { partition, offset, bytesMax } of positions) {
    bytes += Math.min(partition.sizeFrom(offset), Math.max(1, bytesMax));
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
    for (const { partition } of positions) {
      stops.push(
        partition.onAppend((appended) => {
          bytes += appended;
          if (partition.isGone || bytes >= bytesMin) finish();
        }),
      );
    }
  });
}
