import type { Chunk } from '@millrace/data';
import type { ResultStatistics } from '@millrace/formats';
import type { TopicPartition } from '@millrace/kafka-client';

/** Where the rows of a query go. Chunks are taken synchronously; {@link Sink.ready} says when more are welcome. */
export interface Sink {
  readonly rowsOut: number;
  /** Called once, when the query's positions are fixed and before any chunk. */
  start(): void | Promise<void>;
  /** @param from what the rows come from, where a task keeps its partitions apart; else null */
  chunk(chunk: Chunk, from: TopicPartition | null): void;
  /** Undefined if there is room, else a promise of it. @throws what the sink failed with. */
  ready(): Promise<void> | undefined;
  /** All rows were given: resolves when they are safely where they belong. */
  finish(statistics: ResultStatistics): Promise<void>;
  /** Lets go of what it holds; also after a failure. */
  close(): Promise<void>;
}
