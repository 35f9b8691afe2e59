import { NotConnected, type TopicCluster, type TopicRecord, type Topics, type TopicWriter } from '@millrace/sdk';

/** Writes into another cluster. A writer that has failed once is not used again: what it had sent is in doubt. */
export class ClusterWriter {
  readonly #topics: Topics;
  readonly #cluster: TopicCluster;
  #writer: TopicWriter | undefined;

  private constructor(topics: Topics, cluster: TopicCluster, writer: TopicWriter) {
    this.#topics = topics;
    this.#cluster = cluster;
    this.#writer = writer;
  }

  /** @throws {NotConnected} if no broker answers */
  static async open(topics: Topics, cluster: TopicCluster): Promise<ClusterWriter> {
    return new ClusterWriter(topics, cluster, await connect(topics, cluster));
  }

  async send(topic: string, records: readonly TopicRecord[]): Promise<void> {
    this.#writer ??= await connect(this.#topics, this.#cluster);
    try {
      await this.#writer.send(topic, records);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
  }
}

async function connect(topics: Topics, cluster: TopicCluster): Promise<TopicWriter> {
  try {
    return await topics.connect(cluster);
  } catch (cause) {
    if (cause instanceof NotConnected) throw cause;
    throw new NotConnected(`no broker of ${cluster.brokers?.join(', ')} answers: ${(cause as Error).message}`, { cause });
  }
}
