import type { FetchedPartition, PartitionOffset, TopicPartition } from '@millrace/kafka-client';
import type { Json } from '@millrace/sdk';

/** Where a partition is begun, and where it may end. */
export interface PartitionStart extends PartitionOffset {
  /** The end of its log when that was decided. */
  readonly endOffset: number;
  /** Records before it are history. */
  readonly boundary: number;
  /** Nothing is read from there on; infinite where realtime is read. */
  readonly limit: number;
}

/** A piece of a partition that is under way. */
export interface Ticket {
  /** Everything of the piece before this offset is delivered. */
  advance(offset: number): void;
  /** All of it is. */
  done(): void;
}

/** What is begun. */
export interface Piece extends TopicPartition {
  readonly nextOffset: number;
  /** Of a source of its own. */
  readonly position?: Json | undefined;
}

interface Open {
  readonly nextOffset: number;
  readonly position: Json | undefined;
  deliveredOffset: number;
  isDone: boolean;
}

/** How far the partitions are: pieces may be done in any order, progress goes up to the first that is not. */
export class Progress {
  readonly #partitions = new Map<string, PartitionProgress>();
  #done = 0;

  add(start: PartitionStart): void {
    this.#partitions.set(keyOf(start), new PartitionProgress(start));
  }

  of(partition: TopicPartition): PartitionProgress | undefined {
    return this.#partitions.get(keyOf(partition));
  }

  get partitions(): Iterable<PartitionProgress> {
    return this.#partitions.values();
  }

  /** Pieces of a partition are begun in its order. */
  begin({ topic, partition, nextOffset, position }: Piece): Ticket {
    const of = this.#partitions.get(keyOf({ topic, partition }))!;
    const open: Open = { nextOffset, position, deliveredOffset: -1, isDone: false };
    of.open.push(open);
    const settle = () => {
      this.#done += of.settle();
    };
    return {
      advance: (offset) => {
        open.deliveredOffset = offset;
        settle();
      },
      done: () => {
        open.isDone = true;
        settle();
      },
    };
  }

  /** By how much the partitions have come further since it was asked last, in records. */
  takeDone(): number {
    const done = this.#done;
    this.#done = 0;
    return done;
  }

  /** Of a source of its own: where it goes on behind what is delivered and not committed. */
  uncommittedPosition(): Json | undefined {
    const [of] = this.#partitions.values();
    return of !== undefined && of.deliveredOffset > of.committedOffset ? of.position : undefined;
  }

  /** What is delivered and not committed. */
  uncommitted(): PartitionOffset[] {
    const moved = [...this.#partitions.values()].filter(({ deliveredOffset, committedOffset }) => deliveredOffset > committedOffset);
    return moved.map(({ topic, partition, deliveredOffset, metadata }) => {
      const of = { topic, partition, offset: deliveredOffset };
      return metadata === undefined ? of : { ...of, metadata };
    });
  }

  committed(offsets: readonly PartitionOffset[]): void {
    for (const { topic, partition, offset } of offsets) {
      const of = this.#partitions.get(keyOf({ topic, partition }));
      if (of !== undefined) of.committedOffset = offset;
    }
  }
}

/** How far one partition is. */
export class PartitionProgress implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly boundary: number;
  readonly limit: number;
  /** What is committed beside the offset. */
  readonly metadata: string | undefined;
  readonly open: Open[] = [];
  /** Everything before it is delivered. */
  deliveredOffset: number;
  committedOffset: number;
  /** Of a source of its own: where it goes on behind what is delivered. */
  position: Json | undefined;
  #endOffset: number;

  constructor({ topic, partition, offset, endOffset, boundary, limit, metadata }: PartitionStart) {
    this.metadata = metadata;
    this.topic = topic;
    this.partition = partition;
    this.boundary = boundary;
    this.limit = limit;
    this.deliveredOffset = offset;
    this.committedOffset = offset;
    this.#endOffset = endOffset;
  }

  /** The end of what is to be read, as far as is known. */
  get endOffset(): number {
    return Math.max(this.deliveredOffset, Math.min(this.#endOffset, this.limit));
  }

  /** What a fetch says of the log's end. */
  saw({ highWatermark }: Pick<FetchedPartition, 'highWatermark'>): void {
    this.#endOffset = highWatermark;
  }

  /** @returns by how much it has come further */
  settle(): number {
    const before = this.deliveredOffset;
    while (this.open[0]?.isDone) {
      const { nextOffset, position } = this.open.shift()!;
      this.deliveredOffset = Math.max(this.deliveredOffset, nextOffset);
      this.position = position;
    }
    this.deliveredOffset = Math.max(this.deliveredOffset, this.open[0]?.deliveredOffset ?? -1);
    return this.deliveredOffset - before;
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition}@${topic}`;
}
