import { MillraceError } from '@millrace/core';
import { formatDateTime, zone } from '@millrace/data';
import type { StartPosition } from '@millrace/planner';
import type { ScanRecovery } from './scan-recovery.ts';
import type { KafkaSource } from './source-ports.ts';

/** Where reading a partition begins, and what its log held when that was decided. */
export interface PartitionStart {
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  /** True if the log holds no record. */
  readonly isEmpty: boolean;
}

/**
 * Fixes where a scan begins in each partition. Offsets outside of what a log holds are moved to its nearer end.
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID if offsets are given for another number of partitions, and what the cluster refuses.
 */
export async function startPositions(
  kafka: KafkaSource,
  topic: string,
  partitions: readonly number[],
  start: StartPosition,
): Promise<PartitionStart[]> {
  const [earliest, latest, found] = await Promise.all([
    kafka.listOffsets(topic, partitions, 'earliest'),
    kafka.listOffsets(topic, partitions, 'latest'),
    start.at === 'time' ? kafka.listOffsets(topic, partitions, start.timeMs) : undefined,
  ]);
  const wanted = wantedOffsets(start, topic, earliest, latest, found);
  return partitions.map((partition, i) => {
    const [first, end] = [earliest[i]!, latest[i]!];
    return { partition, startOffset: Math.min(Math.max(wanted[i]!, first), Math.max(first, end)), endOffset: end, isEmpty: first >= end };
  });
}

/**
 * Fixes where a scan goes on that has stopped at `offsets`. A partition that is new begins at its first record.
 * @returns with what was passed over, if anything was
 * @throws {MillraceError} KAFKA_OFFSET_OUT_OF_RANGE if records that were not read are gone, unless they are to be passed over; always
 * if the log ends before the offset: then it is not the log that was read.
 */
export async function resumePositions(
  kafka: Pick<KafkaSource, 'listOffsets'>,
  topic: string,
  partitions: readonly number[],
  recovery: Pick<ScanRecovery, 'offsetsOf' | 'positionTime' | 'onLostData'>,
): Promise<(PartitionStart & { readonly lost: MillraceError | null })[]> {
  const offsets = recovery.offsetsOf(topic);
  const [earliest, latest] = await Promise.all([
    kafka.listOffsets(topic, partitions, 'earliest'),
    kafka.listOffsets(topic, partitions, 'latest'),
  ]);
  return partitions.map((partition, i) => {
    const [first, end] = [earliest[i]!, latest[i]!];
    const offset = offsets.get(partition) ?? first;
    const atMs = recovery.positionTime(topic, partition);
    if (offset > end) throw otherLog({ topic, partition, offset, latest: end });
    const lost = offset < first ? lostData({ topic, partition, offset, earliest: first, atMs }) : null;
    if (lost !== null && recovery.onLostData === 'stop') throw lost;
    return { partition, startOffset: Math.max(offset, first), endOffset: end, isEmpty: first >= end, lost };
  });
}

interface Lost {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

function otherLog({ topic, partition, offset, latest }: Lost & { readonly latest: number }): MillraceError {
  const message = `partition ${partition} of "${topic}" ends at offset ${latest}, but was read up to ${offset}: it is not the same log any more`;
  return new MillraceError('KAFKA_OFFSET_OUT_OF_RANGE', message, {
    details: { topic, partition, offset, latest, isLost: true },
    hint: 'was the topic deleted and made anew? Then drop the view and create it again',
  });
}

/** @param atMs when it was read up to there */
function lostData({ topic, partition, offset, earliest, atMs }: Lost & { readonly earliest: number; readonly atMs?: number | undefined }) {
  const count = earliest - offset;
  const what =
    count === 1
      ? `1 record that was not read: that at offset ${offset}`
      : `${count} records that were not read: those from offset ${offset} to ${earliest - 1}`;
  const since = atMs === undefined ? '' : `; it was read up to there at ${formatDateTime(atMs, 3, zone('UTC'))} UTC`;
  return new MillraceError('KAFKA_OFFSET_OUT_OF_RANGE', `partition ${partition} of "${topic}" has lost ${what}${since}`, {
    details: { topic, partition, offset, earliest, atMs, isLost: true },
    hint: "retention, TRUNCATE or somebody's deletion has dropped them; with on_lost_data = 'continue' the view goes on behind them",
  });
}

function wantedOffsets(
  start: StartPosition,
  topic: string,
  earliest: readonly number[],
  latest: readonly number[],
  found: readonly number[] | undefined,
): readonly number[] {
  switch (start.at) {
    case 'earliest':
      return earliest;
    case 'latest':
      return latest;
    case 'time':
      return found!;
    case 'offsets': {
      if (start.offsets.length === 1) return latest.map(() => start.offsets[0]!);
      if (start.offsets.length === latest.length) return start.offsets;
      throw new MillraceError(
        'PLAN_ARGUMENT_INVALID',
        `${start.offsets.length} offsets are given for "${topic}", which has ${latest.length} partitions; give one, or one for each`,
      );
    }
  }
}
