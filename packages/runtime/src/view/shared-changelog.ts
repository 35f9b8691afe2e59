import type { TopicPartition } from '@millrace/kafka-client';
import { readPartition } from '../sources/read-partition.ts';
import { ChangelogContents, foreignRecord } from './changelog.ts';
import type { ViewKafka } from './view-kafka.ts';
import type { ViewRequest } from './view-request.ts';

/** Before the keys of each lane stands its number. */
const prefixBytes = 4;
const replayNumber = 0xffff_ffff;

/** The number of a lane in the changelog of a shared view: that of its partition, or, of the dead letters to process again, one of its own. */
function laneNumber({ topic, partition }: TopicPartition, { replayTopic }: Pick<ViewRequest, 'replayTopic'>): number {
  return topic === replayTopic ? replayNumber : partition;
}

/** Where the state of a lane lies: lanes are spread over the partitions of the changelog. */
export interface LanePlace {
  readonly partition: number;
  /** Stands before each of its keys. */
  readonly prefix: Buffer;
}

/** @param partitionCount of the changelog; it never changes */
export function placeOf(lane: TopicPartition, request: Pick<ViewRequest, 'replayTopic'>, partitionCount: number): LanePlace {
  const number = laneNumber(lane, request);
  const prefix = Buffer.allocUnsafe(prefixBytes);
  prefix.writeUInt32BE(number);
  return { partition: number === replayNumber ? 0 : number % partitionCount, prefix };
}

/**
 * Reads the states of lanes: all that was written of them before this was called, whoever wrote it: what is not decided yet is waited for.
 * @returns in the order of the places
 * @throws {MillraceError} KAFKA_TOPIC_UNKNOWN, KAFKA_BROKER_UNAVAILABLE, KAFKA_RECORD_CORRUPT; STATE_INVALID if something else has written to it,
 * or not all of a lane is there
 */
export async function readLanes(
  kafka: ViewKafka,
  topic: string,
  places: readonly LanePlace[],
  signal: AbortSignal,
): Promise<ChangelogContents[]> {
  const { topicId } = await kafka.topic(topic);
  const byPrefix = new Map(places.map(({ prefix }) => [prefix.toString('latin1'), new ChangelogContents(topicId, 0)]));
  const partitions = [...new Set(places.map(({ partition }) => partition))];
  const starts = await kafka.listOffsets(topic, partitions, 'earliest');
  const ends = await kafka.writtenEnds(topic, partitions);
  await Promise.all(
    partitions.map(async (partition, i) => {
      const extent = { start: starts[i]!, end: ends[i]! };
      for await (const spans of readPartition(kafka, topic, partition, signal, extent)) {
        for (let record = 0; record < spans.count; record++) {
          const [keyStart, keyEnd, valueStart] = [spans.keyStarts[record]!, spans.keyEnds[record]!, spans.valueStarts[record]!];
          if (keyStart < 0 || keyEnd - keyStart < prefixBytes) throw foreignRecord(topic, spans.offsets[record]!);
          const contents = byPrefix.get(spans.bytes.toString('latin1', keyStart, keyStart + prefixBytes));
          if (contents === undefined) continue;
          const key = Buffer.from(spans.bytes.subarray(keyStart + prefixBytes, keyEnd));
          const value = valueStart < 0 ? null : Buffer.from(spans.bytes.subarray(valueStart, spans.valueEnds[record]!));
          contents.put(key, value, spans.timestamps[record]!);
        }
      }
    }),
  );
  const all = places.map(({ prefix }) => byPrefix.get(prefix.toString('latin1'))!);
  for (const contents of all) contents.check();
  return all;
}
