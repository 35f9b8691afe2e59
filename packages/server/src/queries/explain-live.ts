import type { OperatorStatistics, PartitionProgress } from '@millrace/runtime';
import type { ViewRecord } from '../views/view-registry.ts';
import type { QueryRecord } from './query-registry.ts';

/** What a running query is doing, a line for each operator and partition. */
export function liveLines({ queryId, sql, statistics }: QueryRecord): string[] {
  return [`query ${queryId}: ${inLine(sql)}`, ...statisticsLines(statistics)];
}

/** What a materialized view is doing here, in the same way. */
export function liveViewLines({ name, state, statistics, error }: ViewRecord, sql: string): string[] {
  const heading = `materialized view ${name}: ${inLine(sql)}`;
  const failure = error === null ? [] : [`error: ${error}`];
  if (statistics === null) return [heading, `state=${state}`, ...failure];
  const { lastCommitMs = null, commits = 0, restarts = 0, deadLetters = 0, rate = 0, committed = [] } = statistics.view ?? {};
  const last = lastCommitMs === null ? '-' : iso(lastCommitMs);
  return [
    heading,
    `view_state=${state} commits=${commits} last_commit=${last} restarts=${restarts} dead_letters=${deadLetters} rate=${rate.toFixed(1)}/s`,
    ...failure,
    ...statisticsLines(statistics),
    ...committed.map(({ topic, partition, offset }) => `  committed ${topic}/${partition}: offset=${offset}`),
  ];
}

function inLine(sql: string): string {
  return sql.replace(/\s+/g, ' ');
}

function statisticsLines(statistics: QueryRecord['statistics']): string[] {
  const { state, rowsIn, rowsOut, rowsLate, rowsUndecodable, bytesIn, elapsedMs, stateBytes, samples } = statistics;
  return [
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
