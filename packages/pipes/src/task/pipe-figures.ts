import type { Progress } from '../progress/progress.ts';
import type { PipeCounters } from './pipe-counters.ts';
import type { PipePartitionStatistics, PipeState, PipeStatistics } from './pipe-statistics.ts';

/** The figures of a pipe. @param run the one at hand, or the last */
export function pipeStatistics(
  state: PipeState,
  counters: PipeCounters,
  run: { readonly progress: Progress; readonly keepsState: boolean } | undefined,
): PipeStatistics {
  const { stages } = counters;
  const partitions = [...(run?.progress.partitions ?? [])].map(
    ({ topic, partition, committedOffset, endOffset, boundary }): PipePartitionStatistics => ({
      topic,
      partition,
      committedOffset,
      endOffset,
      lag: Math.max(0, endOffset - committedOffset),
      isHistorical: committedOffset < boundary,
    }),
  );
  const remainingEvents = partitions.reduce((sum, { lag }) => sum + lag, 0);
  const rate = counters.rate.perSecond(counters.done);
  return {
    state,
    recordsIn: counters.recordsIn,
    bytesIn: counters.bytesIn,
    extractor: { eventsIn: counters.recordsIn, eventsOut: counters.extracted, ...stages.extractor },
    processor: { eventsIn: counters.processed, eventsOut: counters.made, ...stages.processor },
    connector: { eventsIn: counters.made, eventsOut: counters.transferred, ...stages.connector },
    deadLetters: counters.deadLetters,
    loops: counters.loops,
    partitions,
    remainingEvents,
    remainingSeconds: remainingEvents === 0 ? 0 : rate === 0 ? null : remainingEvents / rate,
    rate,
    lastDeliveryMs: counters.lastDeliveryMs,
    lastError: counters.lastError,
    keepsState: run?.keepsState ?? false,
  };
}
