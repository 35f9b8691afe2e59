import type { GroupCoordinator, OffsetToCommit } from '../group/group-coordinator.ts';
import type { Topics } from '../topic/topics.ts';
import { isOf, type Transaction } from './transaction.ts';

/** What transactions touch. */
export interface TransactionTargets {
  readonly topics: Topics;
  readonly groups: GroupCoordinator;
}

/**
 * Brings the outcome of a decided transaction to all that it touched: a marker to each partition, and offsets to their groups.
 * What is done is not done again, so that it can be run until it goes through. Topics deleted since are passed over.
 */
export class TransactionCompletion {
  readonly #transaction: Transaction;
  readonly #targets: TransactionTargets;
  readonly #partitions: { readonly topic: string; readonly partition: number }[];
  readonly #offsets: [group: string, offsets: readonly OffsetToCommit[]][];

  /** @param isResumed after a restart: then a partition in which nothing of it is open has its marker already, or needs none. */
  constructor(transaction: Transaction, targets: TransactionTargets, isResumed: boolean) {
    this.#transaction = transaction;
    this.#targets = targets;
    const all = [...transaction.partitions].flatMap(([topic, indexes]) => indexes.map((partition) => ({ topic, partition })));
    const isOpenIn = ({ topic, partition }: { topic: string; partition: number }) =>
      targets.topics
        .partition(topic, partition)
        ?.openTransactions()
        .some((open) => isOf(transaction, open)) ?? false;
    this.#partitions = isResumed ? all.filter(isOpenIn) : all;
    this.#offsets = transaction.state === 'PrepareCommit' ? [...transaction.offsets] : [];
  }

  /** @throws {MillraceError} DISK_FULL, DISK_IO; then it may be run again. */
  async run(): Promise<void> {
    const { producerId, producerEpoch, state } = this.#transaction;
    const outcome = state === 'PrepareCommit' ? 'commit' : 'abort';
    const { topics, groups } = this.#targets;
    const marked = [];
    for (let next = this.#partitions[0]; next !== undefined; next = this.#partitions[0]) {
      const partition = topics.partition(next.topic, next.partition);
      partition?.appendMarker(producerId, producerEpoch, outcome);
      this.#partitions.shift();
      if (partition?.needsFlush) marked.push(partition);
    }
    for (const partition of marked) if (!partition.isGone) await partition.flush();
    for (let next = this.#offsets[0]; next !== undefined; next = this.#offsets[0]) {
      const [group, offsets] = next;
      await groups.commit(
        group,
        offsets.filter(({ topic, partition }) => topics.partition(topic, partition) !== undefined),
      );
      this.#offsets.shift();
    }
  }
}
