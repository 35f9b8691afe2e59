import type { Worker } from 'node:worker_threads';
import type { Clock } from '@millrace/core';
import type { PluginLimits } from '../stage-environment.ts';
import { beatOf, watchIntervalMs } from './hook-watch.ts';

/**
 * Watches whether a worker still comes round, from its first message on. Counted in looks, not by the clock: on a machine that was asleep
 * everybody was.
 * @param onVerdict called once, when it must be ended
 * @returns stops watching
 */
export function watchWorker(
  worker: Worker,
  memory: Int32Array,
  clock: Clock,
  { timeoutMs, memoryMb }: PluginLimits,
  onVerdict: (cause: 'timeout' | 'memory') => void,
): () => void {
  const everyMs = watchIntervalMs(timeoutMs);
  let [beat, silentLooks, isOver] = [beatOf(memory), 0, false];
  const end = (cause: 'timeout' | 'memory') => {
    if (isOver) return;
    isOver = true;
    onVerdict(cause);
  };
  const look = () => {
    if (isOver) return;
    const now = beatOf(memory);
    silentLooks = now === beat ? silentLooks + 1 : 0;
    beat = now;
    if (silentLooks * everyMs > timeoutMs) end('timeout');
    // What it has in buffers it tells itself, as long as it comes round.
    else if (silentLooks > 1) void bufferBytes(worker).then((bytes) => bytes > memoryMb * 1024 * 1024 && end('memory'));
    clock.setTimer(everyMs, look, { unref: true });
  };
  clock.setTimer(everyMs, look, { unref: true });
  return () => {
    isOver = true;
  };
}

/** Memory outside the heap; the engine answers for a worker that is in a loop. 0 = not known. */
async function bufferBytes(worker: Worker): Promise<number> {
  try {
    return (await worker.getHeapStatistics()).external_memory;
  } catch {
    return 0;
  }
}
