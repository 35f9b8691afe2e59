import { MillraceError } from '@millrace/core';
import { batchEnd, decodeRecords, encodeBatch, RecordSpans, verifyCrc } from '@millrace/kafka-protocol';
import { readBatchHeader } from './batch-header.ts';
import { type LogSettings, PartitionLog, type PartitionLogPorts } from './partition-log.ts';

/** What an entry is about: its kind, then what tells it from others. */
type Key = readonly (string | number)[];

/** The newest entry of a key counts; a null value takes the key away. */
export interface KeyedEntry<K extends Key> {
  readonly key: K;
  readonly value: Buffer | null;
}

const readSizeBytes = 1024 * 1024;
const entriesPerBatch = 1000;

/**
 * The durable memory of a coordinator: a log like any partition's, whose records are entries by key.
 * Once it has grown far beyond what it says, all that counts is written anew at its end and what lies before is dropped.
 */
export class KeyedLog<K extends Key> {
  readonly #ports: PartitionLogPorts;
  readonly #log: PartitionLog;
  readonly #live: () => Iterable<KeyedEntry<K>>;
  readonly #compactionBytesMin: number;
  #compactAtBytes: number;
  #isCompacting = false;

  /**
   * @param live everything that counts at the moment, for compaction.
   * @param compactionBytesMin a smaller log is never compacted.
   */
  constructor(
    directory: string,
    ports: PartitionLogPorts,
    settings: LogSettings,
    live: () => Iterable<KeyedEntry<K>>,
    compactionBytesMin: number,
  ) {
    this.#compactionBytesMin = compactionBytesMin;
    this.#compactAtBytes = compactionBytesMin;
    this.#ports = ports;
    this.#live = live;
    this.#log = PartitionLog.open(directory, ports, settings);
  }

  /** All entries, oldest first. @throws {MillraceError} BROKER_LOG_CORRUPT, DISK_IO */
  *entries(): Generator<KeyedEntry<K>> {
    const spans = new RecordSpans();
    for (let offset = this.#log.startOffset; offset < this.#log.endOffset; ) {
      const bytes = this.#log.read(offset, readSizeBytes, true);
      let at = 0;
      for (let end = batchEnd(bytes, at, bytes.length); end !== -1; at = end, end = batchEnd(bytes, at, bytes.length)) {
        if (!verifyCrc(bytes, at)) throw this.#damaged(offset);
        spans.clear();
        decodeRecords(bytes, at, end, spans);
        for (let i = 0; i < spans.count; i++) yield { key: JSON.parse(spans.key(i)!.toString()) as K, value: spans.value(i) };
        offset = readBatchHeader(bytes, at).lastOffset + 1;
      }
      if (at === 0) throw this.#damaged(offset);
    }
  }

  #damaged(offset: number): MillraceError {
    const { directory } = this.#log;
    return new MillraceError('BROKER_LOG_CORRUPT', `the log in ${directory} is damaged at offset ${offset}`, {
      details: { path: directory, offset },
      hint: 'restore the directory from a copy; without it the broker starts, and knows nothing of what it held',
    });
  }

  /**
   * The caller takes the entries over before it appends again, so that what is live is what was appended.
   * @throws {MillraceError} DISK_FULL, DISK_IO; then nothing was appended.
   */
  append(entries: readonly KeyedEntry<K>[]): void {
    // Before the new entries: what is live does not have them yet, and written behind them would undo them.
    if (this.#log.sizeBytes >= this.#compactAtBytes && !this.#isCompacting) {
      this.#compact().catch((failure) =>
        this.#ports.logger.warn({ directory: this.#log.directory, error: String(failure) }, 'log of a coordinator not compacted'),
      );
    }
    this.#appendBatch(entries);
  }

  get needsFlush(): boolean {
    return this.#log.needsFlush;
  }

  flush(): Promise<void> {
    return this.#log.flush();
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  abandon(): void {
    this.#log.abandon();
  }

  #appendBatch(entries: readonly KeyedEntry<K>[]): void {
    const timestampMs = this.#ports.clock.now();
    const records = entries.map(({ key, value }) => ({ timestampMs, key: Buffer.from(JSON.stringify(key)), value }));
    const batch = encodeBatch(records);
    this.#log.append(batch, [readBatchHeader(batch, 0)]);
  }

  async #compact(): Promise<void> {
    this.#isCompacting = true;
    try {
      this.#log.roll();
      const start = this.#log.endOffset;
      const pending: KeyedEntry<K>[] = [];
      for (const entry of this.#live()) {
        pending.push(entry);
        if (pending.length === entriesPerBatch) this.#appendBatch(pending.splice(0));
      }
      if (pending.length > 0) this.#appendBatch(pending);
      await this.#log.flush();
      this.#log.deleteBefore(start);
      this.#compactAtBytes = Math.max(this.#compactionBytesMin, this.#log.sizeBytes * 4);
    } finally {
      this.#isCompacting = false;
    }
  }
}
