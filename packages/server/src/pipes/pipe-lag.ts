import type { PipeDefinition, StreamDefinition } from '@millrace/catalog';
import { Coordinator, fetchOffsets, type KafkaClient, listOffsets } from '@millrace/kafka-client';
import type { StreamSelection } from '@millrace/sdk';
import { pipeNames } from './pipe-names.ts';

/** How far a pipe is in a partition, as its group and the log tell. */
export interface PipePartition {
  readonly stream: string;
  readonly topic: string;
  readonly partition: number;
  /** Everything before it is delivered. */
  readonly offset: number;
  /** End of what is to be read. */
  readonly endOffset: number;
  /** What stands before it is history. */
  readonly boundary: number;
}

/** Ends of logs, each asked for once. */
export class LogEnds {
  readonly #kafka: KafkaClient;
  readonly #known = new Map<string, Promise<number[]>>();

  constructor(kafka: KafkaClient) {
    this.#kafka = kafka;
  }

  of(topic: string, spec: 'earliest' | 'latest'): Promise<number[]> {
    const key = `${spec}:${topic}`;
    const known = this.#known.get(key) ?? this.#ask(topic, spec);
    this.#known.set(key, known);
    return known;
  }

  async #ask(topic: string, spec: 'earliest' | 'latest'): Promise<number[]> {
    const [metadata] = await this.#kafka.metadata([topic]);
    const partitions = [...metadata!.partitions.keys()];
    return listOffsets(this.#kafka, topic, partitions, spec, 'read_committed');
  }
}

/** Where a pipe stands in all that it reads, whether it runs or not. @throws {MillraceError} KAFKA_* */
export async function pipePartitions(
  { name, boundaries }: PipeDefinition,
  selection: StreamSelection,
  streams: readonly StreamDefinition[],
  kafka: KafkaClient,
  ends: LogEnds,
): Promise<PipePartition[]> {
  const committed = await fetchOffsets(new Coordinator(kafka, pipeNames(name).groupId), null);
  const offsets = new Map(committed.map(({ topic, partition, offset }) => [`${partition}@${topic}`, offset]));
  const found = streams.map(async (stream) => {
    const { topic } = stream;
    const [starts, logEnds] = [await ends.of(topic, 'earliest'), await ends.of(topic, 'latest')];
    return logEnds.map((end, partition): PipePartition => {
      const boundary = boundaries[topic]?.[partition] ?? 0;
      const endOffset = selection.realtime ? end : Math.min(end, boundary);
      const begin = Math.max(starts[partition]!, selection.history === null ? boundary : 0);
      const offset = Math.max(offsets.get(`${partition}@${topic}`) ?? begin, starts[partition]!);
      return { stream: stream.name, topic, partition, offset, endOffset, boundary };
    });
  });
  return (await Promise.all(found)).flat();
}

/** Records that are still to come. */
export function remainingOf(partitions: readonly PipePartition[]): number {
  return partitions.reduce((sum, { offset, endOffset }) => sum + Math.max(0, endOffset - offset), 0);
}
