import { asMillraceError, MillraceError } from '@millrace/core';
import type { GroupMember, PartitionOffset, TopicPartition } from '@millrace/kafka-client';
import { zeroUuid } from '@millrace/kafka-protocol';
import { resumePositions } from '@millrace/runtime';
import type { StreamSelection } from '@millrace/sdk';
import { type Boundaries, boundaryOf } from './boundaries.ts';
import { logMarkText, readLogMark } from './log-mark.ts';
import type { PipeKafka } from './pipe-kafka.ts';
import type { PartitionStart } from './progress.ts';

/** Where a partition is begun. */
export interface FixedStart extends PartitionStart {
  /** The group has no offset of it yet. */
  readonly isFirst: boolean;
}

/**
 * Fixes where partitions are begun: where the group has left them, or, at the very first start, at their beginning or where history
 * ends. A topic that is another of the same name than the one that was read is begun anew, as one that came later.
 * @throws {MillraceError} KAFKA_OFFSET_OUT_OF_RANGE with `isLost` if records that were to be read are gone; KAFKA_TOPIC_UNKNOWN
 */
export async function startPartitions(
  kafka: Pick<PipeKafka, 'topic' | 'listOffsets'>,
  member: Pick<GroupMember, 'committed'>,
  assigned: readonly TopicPartition[],
  selection: StreamSelection,
  boundaries: Boundaries,
): Promise<FixedStart[]> {
  const committed = await member.committed(assigned);
  const topics = [...new Set(assigned.map(({ topic }) => topic))];
  const starts = topics.map((topic) => {
    const of = <T extends TopicPartition>(all: readonly T[]) => all.filter((one) => one.topic === topic);
    return startTopic(kafka, topic, of(assigned), of(committed), selection, boundaries);
  });
  return (await Promise.all(starts)).flat();
}

async function startTopic(
  kafka: Pick<PipeKafka, 'topic' | 'listOffsets'>,
  topic: string,
  assigned: readonly TopicPartition[],
  committed: readonly PartitionOffset[],
  { history, realtime }: StreamSelection,
  boundaries: Boundaries,
): Promise<FixedStart[]> {
  const { topicId } = await kafka.topic(topic);
  const left = assigned.map(({ partition }) => {
    const found = committed.find((one) => one.partition === partition);
    const mark = readLogMark(found?.metadata);
    const isRemade = mark !== undefined && topicId !== zeroUuid && mark.topicId !== topicId;
    const boundary = isRemade ? 0 : (mark?.boundary ?? boundaryOf(boundaries, topic, partition));
    const begin = history === null && !isRemade ? boundary : undefined;
    return { partition, boundary, isFirst: found === undefined || isRemade, offset: isRemade ? undefined : (found?.offset ?? begin) };
  });
  const offsets = new Map(left.flatMap(({ partition, offset }) => (offset === undefined ? [] : [[partition, offset] as const])));
  const found = await resumePositions(
    kafka,
    topic,
    left.map(({ partition }) => partition),
    { offsetsOf: () => offsets, positionTime: () => undefined, onLostData: 'stop' },
  ).catch((failure: unknown) => {
    throw told(asMillraceError(failure));
  });
  return found.map(({ partition, startOffset, endOffset }, i) => {
    const { boundary, isFirst } = left[i]!;
    const limit = realtime ? Number.POSITIVE_INFINITY : boundary;
    return { topic, partition, offset: startOffset, endOffset, boundary, limit, isFirst, metadata: logMarkText({ topicId, boundary }) };
  });
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
