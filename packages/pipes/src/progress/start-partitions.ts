import { asMillraceError, MillraceError } from '@millrace/core';
import type { GroupMember, TopicPartition } from '@millrace/kafka-client';
import { resumePositions } from '@millrace/runtime';
import type { StreamSelection } from '@millrace/sdk';
import { type Boundaries, boundaryOf } from './boundaries.ts';
import type { PipeKafka } from './pipe-kafka.ts';
import type { PartitionStart } from './progress.ts';

/** Where a partition is begun. */
export interface FixedStart extends PartitionStart {
  /** The group has no offset of it yet. */
  readonly isFirst: boolean;
}

/**
 * Fixes where partitions are begun: where the group has left them, or, at the very first start, at their beginning or where history ends.
 * @param remade topics that are others of the same names: what the group and the boundaries say is not of them
 * @throws {MillraceError} KAFKA_OFFSET_OUT_OF_RANGE with `isLost` if records that were to be read are gone; KAFKA_TOPIC_UNKNOWN
 */
export async function startPartitions(
  kafka: Pick<PipeKafka, 'topic' | 'listOffsets'>,
  member: Pick<GroupMember, 'committed'>,
  assigned: readonly TopicPartition[],
  selection: StreamSelection,
  boundaries: Boundaries,
  remade: ReadonlySet<string>,
): Promise<FixedStart[]> {
  const committed = (await member.committed(assigned)).filter(({ topic }) => !remade.has(topic));
  const realtimeFrom = (topic: string, partition: number) => (remade.has(topic) ? 0 : boundaryOf(boundaries, topic, partition));
  const topics = [...new Set(assigned.map(({ topic }) => topic))];
  const starts = await Promise.all(
    topics.map(async (topic) => {
      const partitions = assigned.filter((of) => of.topic === topic).map(({ partition }) => partition);
      const offsets = new Map(committed.filter((of) => of.topic === topic).map(({ partition, offset }) => [partition, offset]));
      if (selection.history === null)
        for (const partition of partitions) if (!offsets.has(partition)) offsets.set(partition, realtimeFrom(topic, partition));
      const found = await resumePositions(kafka, topic, partitions, {
        offsetsOf: () => offsets,
        positionTime: () => undefined,
        onLostData: 'stop',
      }).catch((failure: unknown) => {
        throw told(asMillraceError(failure));
      });
      return found.map(({ partition, startOffset, endOffset }): FixedStart => {
        const boundary = realtimeFrom(topic, partition);
        const limit = selection.realtime ? Number.POSITIVE_INFINITY : boundary;
        const isFirst = !committed.some((of) => of.topic === topic && of.partition === partition);
        return { topic, partition, offset: startOffset, endOffset, boundary, limit, isFirst };
      });
    }),
  );
  return starts.flat();
}

/** In the words of pipes. */
function told(error: MillraceError): MillraceError {
  if (error.code !== 'KAFKA_OFFSET_OUT_OF_RANGE') return error;
  return new MillraceError(error.code, error.message, {
    cause: error.cause,
    details: error.details,
    hint: 'what is gone cannot be sent any more: drop the pipe and create it again',
  });
}
