import { MillraceError } from '@millrace/core';
import type { StartPosition } from '@millrace/planner';
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
 * @throws {MillraceError} KAFKA_OFFSET_OUT_OF_RANGE if records that were not read are gone, unless they are to be passed over; always
 * if the log ends before the offset: then it is not the log that was read.
 */
export async function resumePositions(
  kafka: KafkaSource,
  topic: string,
  partitions: readonly number[],
  offsets: ReadonlyMap<number, number>,
  onLostData: 'stop' | 'continue',
): Promise<PartitionStart[]> {
  const [earliest, latest] = await Promise.all([
    kafka.listOffsets(topic, partitions, 'earliest'),
    kafka.listOffsets(topic, partitions, 'latest'),
  ]);
  return partitions.map((partition, i) => {
    const [first, end] = [earliest[i]!, latest[i]!];
    const offset = offsets.get(partition) ?? first;
    if (offset > end || (offset < first && onLostData === 'stop')) throw lostData(topic, partition, offset, first, end);
    return { partition, startOffset: Math.max(offset, first), endOffset: end, isEmpty: first >= end };
  });
}

function lostData(topic: string, partition: number, offset: number, earliest: number, latest: number): MillraceError {
  const details = { topic, partition, offset, earliest, latest, isLost: true };
  if (offset > latest) {
    const message = `partition ${partition} of "${topic}" ends at offset ${latest}, but was read up to ${offset}: it is not the same log any more`;
    return new MillraceError('KAFKA_OFFSET_OUT_OF_RANGE', message, {
      details,
      hint: 'was the topic deleted and made anew? Then drop the view and create it again',
    });
  }
  const message = `partition ${partition} of "${topic}" has lost ${earliest - offset} records that were not read: those from offset ${offset} to ${earliest - 1}`;
  return new MillraceError('KAFKA_OFFSET_OUT_OF_RANGE', message, {
    details,
    hint: "the topic's retention has dropped them; with on_lost_data = 'continue' the view goes on behind them",
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
