import { MillraceError } from '@millrace/core';
import { apis, type ResponseOf } from '@millrace/kafka-protocol';
import { BackOff, type RetryContext } from './back-off.ts';
import type { Connection } from './connection.ts';
import type { FrameMemory } from './frame-memory.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { ReaderPartition } from './reader-partition.ts';

export type FetchResponse = ResponseOf<typeof apis.fetch>;

/** What a fetcher asks of the reader that it works for. */
export interface FetchSource {
  readonly client: KafkaClient;
  readonly memory: FrameMemory;
  /** Aborted when the reader or its client closes. */
  readonly signal: AbortSignal;
  readonly retryContext: RetryContext;
  readonly fetchOptions: {
    readonly isolationLevel: 0 | 1;
    readonly maxFetchBytes: number;
    readonly maxPartitionBytes: number;
    readonly maxWaitMs: number;
  };
  /** The partitions to fetch now from the node; none also while the buffer is full. */
  fetchable(nodeId: number): ReaderPartition[];
  /** True if the node leads a partition that is assigned. */
  isNeeded(nodeId: number): boolean;
  accept(asked: readonly ReaderPartition[], response: FetchResponse): void;
  /** The node does not answer. */
  unavailable(asked: readonly ReaderPartition[], error: MillraceError): void;
  fail(error: unknown): void;
  changed(): Promise<void>;
}

/**
 * Fetches from one leader, on a connection of its own: one request after the other, the next one while what the last one
 * brought is being worked on.
 */
export class LeaderFetcher {
  readonly #source: FetchSource;
  readonly #nodeId: number;
  readonly #backOff: BackOff;
  #connection: Connection | undefined;
  #isWaiting = false;
  #interrupted = false;
  #turn = 0;

  constructor(source: FetchSource, nodeId: number) {
    this.#source = source;
    this.#nodeId = nodeId;
    this.#backOff = new BackOff(source.retryContext);
  }

  /** Runs until the node leads nothing that is assigned. */
  async run(): Promise<void> {
    try {
      while (this.#source.isNeeded(this.#nodeId)) {
        const asked = this.#rotated(this.#source.fetchable(this.#nodeId));
        if (asked.length === 0) await this.#source.changed();
        else await this.#fetch(asked);
      }
    } catch (error) {
      this.#source.fail(error);
    } finally {
      this.#connection?.close();
    }
  }

  /** Lets a request that waits for new records go, because there are others to ask for. */
  interrupt(): void {
    if (!this.#isWaiting) return;
    this.#interrupted = true;
    this.#connection?.close();
  }

  async #fetch(asked: ReaderPartition[]): Promise<void> {
    this.#interrupted = false;
    this.#isWaiting = true;
    try {
      if (!this.#connection?.isOpen) this.#connection = await this.#connect();
      const response = await this.#request(this.#connection, asked);
      this.#backOff.reset();
      this.#isWaiting = false;
      this.#source.accept(asked, response);
    } catch (error) {
      this.#isWaiting = false;
      if (this.#interrupted) return;
      this.#source.signal.throwIfAborted();
      if (!(error instanceof MillraceError && error.retryable)) throw error;
      this.#source.unavailable(asked, error);
      await this.#backOff.wait();
    }
  }

  #connect(): Promise<Connection> {
    const { client, memory, signal } = this.#source;
    return client.dedicatedConnection(this.#nodeId, { signal, allocate: (sizeBytes) => memory.take(sizeBytes) });
  }

  #request(connection: Connection, asked: readonly ReaderPartition[]): Promise<FetchResponse> {
    const { isolationLevel, maxFetchBytes, maxPartitionBytes, maxWaitMs } = this.#source.fetchOptions;
    const topics = new Map<
      string,
      { topic: string; partitions: { partition: number; fetchOffset: number; partitionMaxBytes: number }[] }
    >();
    for (const { topic, partition, fetchOffset } of asked) {
      let entry = topics.get(topic);
      if (entry === undefined) topics.set(topic, (entry = { topic, partitions: [] }));
      entry.partitions.push({ partition, fetchOffset, partitionMaxBytes: maxPartitionBytes });
    }
    // Where a new partition stands is told at once, not when its first record comes.
    const isNew = asked.some(({ reportedHighWatermark }) => reportedHighWatermark === -1);
    const body = { maxWaitMs: isNew ? 0 : maxWaitMs, minBytes: 1, maxBytes: maxFetchBytes, isolationLevel, topics: [...topics.values()] };
    return connection.request(apis.fetch, body, maxWaitMs + this.#source.client.requestTimeoutMs);
  }

  /** Brokers fill a response in the order of the request: each partition comes first in its turn. */
  #rotated(partitions: ReaderPartition[]): ReaderPartition[] {
    if (partitions.length < 2) return partitions;
    const from = this.#turn++ % partitions.length;
    return [...partitions.slice(from), ...partitions.slice(0, from)];
  }
}
