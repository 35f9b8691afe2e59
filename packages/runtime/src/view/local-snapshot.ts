import { asMillraceError, type Clock, type Disk, type Logger, MillraceError, unlessAborted } from '@millrace/core';
import type { KafkaSource } from '../sources/source-ports.ts';
import { ChangelogContents, readChangelog } from './changelog.ts';
import { pauseOf, readSnapshot, writeSnapshot } from './snapshot-file.ts';
import type { ViewRequest } from './view-request.ts';

/** However little the changelog has grown, a snapshot is not left alone for longer. */
const maxPauseMs = 60 * 60 * 1000;
/** Brokers forget that a key is gone a day after they have compacted it away: an older snapshot may hold keys that are gone. */
const maxAgeMs = 12 * 60 * 60 * 1000;

export interface SnapshotContext {
  readonly kafka: KafkaSource;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The state of a view in a local file, so that a start reads only the end of the changelog.
 *
 * It is what a start would read, written down: while the view runs, the last snapshot and what the changelog has got since are read
 * beside it, and become the next. The changelog alone is the truth: a snapshot that is not to be trusted is removed.
 */
export class LocalSnapshot {
  readonly #place: ViewRequest['snapshots'];
  readonly #topic: string;
  readonly #context: SnapshotContext;
  readonly #closing = new AbortController();
  #refreshing: Promise<void> | undefined;
  #grownBytes = 0;
  #snapshotBytes = 0;
  #triedMs: number;
  #warned = '';

  constructor({ snapshots, changelogTopic }: Pick<ViewRequest, 'snapshots' | 'changelogTopic'>, context: SnapshotContext) {
    this.#place = snapshots;
    this.#topic = changelogTopic;
    this.#context = context;
    this.#triedMs = context.clock.monotonic();
  }

  /**
   * All that is committed, from the snapshot as far as there is one.
   * @throws {MillraceError} as {@link readChangelog}
   */
  async read(signal: AbortSignal): Promise<ChangelogContents> {
    const contents = await this.#read(signal);
    this.#grownBytes = contents.readBytes;
    return contents;
  }

  async #read(signal: AbortSignal): Promise<ChangelogContents> {
    const { kafka } = this.#context;
    try {
      const base = await this.#load(signal);
      if (base !== null) return await readChangelog(kafka, this.#topic, signal, base);
    } catch (failure) {
      const { code, message } = asMillraceError(failure);
      if (code !== 'STATE_INVALID' && code !== 'DISK_IO') throw failure;
      this.discard(message);
    }
    return await readChangelog(kafka, this.#topic, signal);
  }

  /** True if what was read last began with a snapshot. */
  get isUsed(): boolean {
    return this.#snapshotBytes > 0;
  }

  /** Removes the snapshot. @param reason why it is not to be trusted */
  discard(reason: string): void {
    if (this.#place === null) return;
    const { path } = this.#place;
    const { disk, logger } = this.#context;
    logger.warn({ snapshot: path, reason }, 'the snapshot of the view is discarded: its state is read from the changelog alone');
    this.#snapshotBytes = 0;
    try {
      disk.remove(path);
    } catch (failure) {
      this.#warn(asMillraceError(failure));
    }
  }

  /** So much was added to the changelog, durably. Begins a new snapshot if it is time; resolves when that has come to an end, well or badly. */
  grown(bytes: number): Promise<void> {
    this.#grownBytes += bytes;
    if (this.#place === null || this.#refreshing !== undefined || this.#closing.signal.aborted) return Promise.resolve();
    const { growthBytes, pauseMs } = this.#place;
    const sinceMs = this.#context.clock.monotonic() - this.#triedMs;
    const hasGrown = this.#grownBytes >= Math.max(growthBytes, this.#snapshotBytes);
    if (sinceMs < pauseMs || !(hasGrown || sinceMs >= maxPauseMs)) return Promise.resolve();
    this.#refreshing = this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Gives up the snapshot that is being written. */
  async close(): Promise<void> {
    this.#closing.abort(new MillraceError('QUERY_CANCELLED', 'the view was stopped'));
    await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    this.#triedMs = this.#context.clock.monotonic();
    const { signal } = this.#closing;
    try {
      await this.#write(await unlessAborted(this.read(signal), signal));
      this.#warned = '';
    } catch (failure) {
      if (!signal.aborted) this.#warn(asMillraceError(failure));
    } finally {
      // Also where it has failed: the next attempt reads it all again.
      this.#grownBytes = 0;
    }
  }

  async #write(contents: ChangelogContents): Promise<void> {
    const { disk, clock } = this.#context;
    const { topicId, nextOffset, size } = contents;
    const header = { topic: this.#topic, topicId, nextOffset, writtenMs: clock.now(), entries: size };
    const pause = pauseOf(clock, this.#closing.signal);
    this.#snapshotBytes = await writeSnapshot(disk, this.#place!.path, header, contents.entries(), pause);
  }

  /** What the snapshot holds; null if there is none. @throws {MillraceError} STATE_INVALID if it must not be used; DISK_IO */
  async #load(signal: AbortSignal): Promise<ChangelogContents | null> {
    const { disk, kafka, clock } = this.#context;
    if (this.#place === null || !disk.exists(this.#place.path)) return null;
    const { topicId } = await kafka.topic(this.#topic);
    const file = disk.open(this.#place.path, 'read');
    try {
      let contents: ChangelogContents | undefined;
      for await (const { header, entries } of readSnapshot(file, pauseOf(clock, signal))) {
        if (contents === undefined) {
          if (header.topic !== this.#topic || header.topicId !== topicId) throw foreign('it is of another changelog');
          if (Math.abs(clock.now() - header.writtenMs) > maxAgeMs) throw foreign('it is too old');
          contents = new ChangelogContents(topicId, header.nextOffset);
        }
        for (const entry of entries) contents.put(entry.key, entry.value, entry.writtenMs);
      }
      this.#snapshotBytes = file.size();
      return contents!;
    } finally {
      file.close();
    }
  }

  /** The same trouble is told once. */
  #warn({ code, message }: MillraceError): void {
    if (this.#warned === code) return;
    this.#warned = code;
    this.#context.logger.warn(
      { snapshot: this.#place?.path, code, error: message },
      'no snapshot of the view can be kept; it goes on without',
    );
  }
}

function foreign(what: string): MillraceError {
  return new MillraceError('STATE_INVALID', what);
}
