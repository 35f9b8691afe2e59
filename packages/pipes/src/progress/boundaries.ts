import type { KafkaSource } from '@millrace/runtime';

/** Of each topic the end of each partition when a pipe was created, by partition: what stands before it is history. Plain data. */
export type Boundaries = Readonly<Record<string, readonly number[]>>;

/**
 * Notes where history ends, at CREATE PIPE.
 * @throws {MillraceError} KAFKA_TOPIC_UNKNOWN, KAFKA_BROKER_UNAVAILABLE
 */
export async function takeBoundaries(
  kafka: Pick<KafkaSource, 'topic' | 'listOffsets'>,
  streams: Iterable<{ readonly topic: string }>,
): Promise<Boundaries> {
  const topics = [...new Set([...streams].map(({ topic }) => topic))];
  const ends = await Promise.all(
    topics.map(async (topic) => {
      const { partitions } = await kafka.topic(topic);
      return [
        topic,
        await kafka.listOffsets(
          topic,
          partitions.map(({ partition }) => partition),
          'latest',
        ),
      ] as const;
    }),
  );
  return Object.fromEntries(ends);
}

/** Where realtime begins: 0 for a topic or partition that was not there at CREATE. */
export function boundaryOf(boundaries: Boundaries, topic: string, partition: number): number {
  return boundaries[topic]?.[partition] ?? 0;
}
