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
  const limitBytes = memoryMb * 1024 * 1024;
  let [beat, silentLooks, isOver, isAsking, heldMost] = [beatOf(memory), 0, false, false, 0];
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
    // As long as it comes round it looks after its memory itself. What nobody refers to cannot be told apart from outside: hence twice.
    if (silentLooks === 0) heldMost = 0;
    else if (heldMost > limitBytes * 2) end('memory');
    else if (silentLooks * everyMs > timeoutMs) end(heldMost > limitBytes ? 'memory' : 'timeout');
    else if (!isAsking) {
      isAsking = true;
      void heldBytes(worker).then((bytes) => {
        heldMost = Math.max(heldMost, bytes);
        isAsking = false;
      });
    }
    clock.setTimer(everyMs, look, { unref: true });
  };
  clock.setTimer(everyMs, look, { unref: true });
  return () => {
    isOver = true;
  };
}

/** The engine answers for a worker that is in a loop, though not in every one. 0 = not known. */
async function heldBytes(worker: Worker): Promise<number> {
  try {
    const { used_heap_size: heap, external_memory: buffers } = await worker.getHeapStatistics();
    return heap + buffers;
  } catch {
    return 0;
  }
}
