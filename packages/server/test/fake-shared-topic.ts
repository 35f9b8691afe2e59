import { MillraceError } from '@millrace/core';
import type { SharedReader, SharedRecord, SharedTopic, SharedWriter } from '../src/cluster/shared-topic.ts';

/** A topic in memory, with a place behind each transaction for its marker, as Kafka's have. */
export class FakeSharedTopic implements SharedTopic {
  readonly name = 'millrace.catalog.test';
  records: SharedRecord[] = [];
  #end = 0;
  #epoch = 0;
  /** While true no broker answers. */
  isAway = false;
  /** The next write fails: before anything is written, or behind it. */
  failNext: 'before' | 'after' | null = null;
  #wakes: (() => void)[] = [];

  make(): Promise<void> {
    return this.#answer(() => {});
  }

  end(): Promise<number> {
    return this.#answer(() => this.#end);
  }

  takeOver(): Promise<SharedWriter> {
    return this.#answer(() => {
      const epoch = ++this.#epoch;
      return { write: (records) => this.#write(epoch, records), close: async () => {} };
    });
  }

  read(from: number): SharedReader {
    let position = from;
    let isClosed = false;
    return {
      next: async () => {
        while (!isClosed && (this.isAway || position >= this.#end)) await new Promise<void>((resolve) => this.#wakes.push(resolve));
        if (isClosed) return { records: [], nextOffset: -1 };
        const records = this.records.filter(({ offset }) => offset >= position);
        position = this.#end;
        return { records, nextOffset: position };
      },
      close: async () => {
        isClosed = true;
        this.wake();
      },
    };
  }

  /** Keeps of each key the last record, and those that are gone for a while. */
  compact({ tombstones = true } = {}): void {
    const last = new Map(this.records.map((record) => [record.key.toString(), record.offset]));
    this.records = this.records.filter(({ key, offset, value }) => last.get(key.toString()) === offset && (tombstones || value !== null));
  }

  /** As if somebody had deleted the topic and made it anew. */
  empty(): void {
    this.records = [];
    this.#end = 0;
  }

  wake(): void {
    const wakes = this.#wakes;
    this.#wakes = [];
    for (const wake of wakes) wake();
  }

  async #write(epoch: number, records: readonly Omit<SharedRecord, 'offset'>[]): Promise<void> {
    await this.#answer(() => {
      if (epoch !== this.#epoch) throw new MillraceError('KAFKA_FENCED', 'another producer has taken over');
      const failure = this.failNext;
      this.failNext = null;
      if (failure === 'before') throw timedOut();
      for (const record of records) this.records.push({ ...record, offset: this.#end++ });
      this.#end++;
      this.wake();
      if (failure === 'after') throw timedOut();
    });
  }

  /** After the turn of others, as answers over a network come. */
  async #answer<T>(action: () => T): Promise<T> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.isAway) throw new MillraceError('KAFKA_BROKER_UNAVAILABLE', 'no broker answers');
    return action();
  }
}

function timedOut(): MillraceError {
  return new MillraceError('KAFKA_TIMED_OUT', 'the broker did not answer in time');
}
