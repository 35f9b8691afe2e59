import type { FetchedPartition, PartitionOffset, RecordReader } from '@millrace/kafka-client';
import type { Machine } from './machine.ts';

interface Position extends PartitionOffset {
  offset: number;
  toldEnd: number;
  isPaused: boolean;
}

/** Reads committed records, one partition at a time, in random cuts. */
export class MachineReader implements RecordReader {
  readonly #machine: Machine;
  #positions: Position[] = [];
  readonly #paused = new Set<string>();
  #wake: () => void = () => {};
  #isClosed = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  assign(partitions: readonly PartitionOffset[]): void {
    const before = this.#positions;
    this.#positions = partitions.map((wanted) => {
      const same = before.find(({ topic, partition, offset }) => {
        return topic === wanted.topic && partition === wanted.partition && offset === wanted.offset;
      });
      return same ?? { ...wanted, toldEnd: -1, isPaused: false };
    });
    this.#wake();
  }

  async next(): Promise<FetchedPartition[]> {
    const { cluster, clock } = this.#machine;
    for (;;) {
      if (this.#isClosed) return [];
      const positions = this.#positions;
      const taken = cluster.isAway ? undefined : this.#take();
      // What was fetched is on its way for a while, and means nothing any more if others were assigned meanwhile.
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (taken === undefined) cluster.onChange(() => clock.setTimer(0, resolve));
        else clock.setTimer(cluster.random.below(4), resolve);
      });
      await woken;
      if (taken === undefined || this.#isClosed || positions !== this.#positions) continue;
      return [this.#accept(taken)];
    }
  }

  /** Spoils the bytes, so that whoever looks at them afterwards finds nonsense. */
  release({ bytes }: FetchedPartition): void {
    bytes.fill(0xdb);
  }

  pause(topic: string, partition: number): void {
    this.#paused.add(`${partition}@${topic}`);
  }

  resume(topic: string, partition: number): void {
    if (this.#paused.delete(`${partition}@${topic}`)) this.#wake();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
  }

  #take(): FetchedPartition | undefined {
    const { cluster } = this.#machine;
    const ready = this.#positions.filter((position) => {
      if (this.#paused.has(`${position.partition}@${position.topic}`)) return false;
      const log = cluster.log(position.topic, position.partition);
      return position.offset < log.startOffset || log.stableOffset > position.offset || log.endOffset !== position.toldEnd;
    });
    if (ready.length === 0) return undefined;
    const { topic, partition, offset } = ready[cluster.random.below(ready.length)]!;
    return cluster.log(topic, partition).fetch(offset, 1 + cluster.random.below(5));
  }

  #accept(fetched: FetchedPartition): FetchedPartition {
    const position = this.#positions.find(({ topic, partition }) => topic === fetched.topic && partition === fetched.partition)!;
    position.offset = fetched.nextOffset;
    position.toldEnd = fetched.highWatermark;
    return fetched;
  }
}
