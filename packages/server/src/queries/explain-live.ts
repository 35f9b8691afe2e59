import type { OperatorStatistics, PartitionProgress } from '@millrace/runtime';
import type { QueryRecord } from './query-registry.ts';

/** What a running query is doing, a line for each operator and partition. */
export function liveLines({ queryId, sql, statistics }: QueryRecord): string[] {
  const { state, rowsIn, rowsOut, rowsLate, rowsUndecodable, bytesIn, elapsedMs, stateBytes, samples } = statistics;
  return [
    `query ${queryId}: ${sql.replace(/\s+/g, ' ')}`,
    `state=${state} elapsed=${(elapsedMs / 1000).toFixed(1)}s in=${rowsIn} out=${rowsOut} late=${rowsLate} undecodable=${rowsUndecodable} bytes=${bytesIn} state_bytes=${stateBytes}`,
    ...statistics.operators.map(operatorLine),
    ...statistics.partitions.map(partitionLine),
    ...samples.undecodable.map(({ topic, partition, offset, reason }) => `undecodable ${topic}/${partition} offset=${offset}: ${reason}`),
    ...samples.late.map(
      ({ timeMs, windowEndMs, watermarkMs }) =>
        `late row of ${iso(timeMs)}: its window had ended at ${iso(windowEndMs)}, the watermark was ${iso(watermarkMs)}`,
    ),
  ];
}

function operatorLine({ name, rowsIn, rowsOut, rowsLate, rowsFiltered, rowsBuffered }: OperatorStatistics): string {
  return `  ${name}: in=${rowsIn} out=${rowsOut} late=${rowsLate} filtered=${rowsFiltered} buffered=${rowsBuffered}`;
}

function partitionLine({ topic, partition, nextOffset, highWatermark, lag, eventTimeMs, watermarkMs, isIdle }: PartitionProgress): string {
  const time = eventTimeMs === null ? '' : ` event_time=${iso(eventTimeMs)} watermark=${watermarkMs === null ? '-' : iso(watermarkMs)}`;
  return `  partition ${topic}/${partition}: offset=${nextOffset} end=${highWatermark} lag=${lag}${time} idle=${isIdle}`;
}

function iso(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : '-';
}
