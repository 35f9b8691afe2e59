import type { CatalogChange, CatalogLog, CatalogProjection } from '@millrace/catalog';
import { asMillraceError, type Clock, delay, type Logger, MillraceError, type Random } from '@millrace/core';
import { changeRecord, readChange } from './change-record.ts';
import type { SharedReader, SharedRecord, SharedTopic, SharedWriter } from './shared-topic.ts';

export interface ClusterCatalogLogOptions {
  readonly cluster: string;
  readonly topic: SharedTopic;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A statement waits for so long; a server that starts waits for so long before it goes on with what it knew. */
const patienceMs = 10_000;
const firstRetryMs = 20;
const maxRetryMs = 1000;

/**
 * The catalog that the servers of a cluster share, as a topic of changes that are in force: of each name the last one counts, so
 * that compaction takes nothing away.
 *
 * A change is judged by whoever holds the right to write, against all that was written before, and is written only if it may be; who
 * loses that right before the record is committed has written nothing, and judges again behind what the other has written. So the
 * order of the topic decides, every server that reads it comes to the same catalog, and a change that was refused is never in it.
 */
export class ClusterCatalogLog implements CatalogLog {
  readonly #options: ClusterCatalogLogOptions;
  readonly #closing = new AbortController();
  #projection!: CatalogProjection;
  #writer: SharedWriter | undefined;
  #reader: SharedReader | undefined;
  /** Everything before is applied. */
  #position = 0;
  #isJoined = false;
  /** Why it cannot be one of the cluster, though it went on as if it were. */
  #broken: MillraceError | undefined;
  #following: Promise<void> | undefined;
  /** The changes under way here, and whether they were met in the topic. */
  readonly #awaited = new Map<string, boolean>();
  #waiting: (() => void)[] = [];

  constructor(options: ClusterCatalogLogOptions) {
    this.#options = options;
  }

  /**
   * Reads the topic to its end. Where no broker answers, a server that has been in the cluster before goes on with what it knew, and
   * reads the topic when it can.
   * @throws {MillraceError} CONFIG_INVALID, CATALOG_INVALID if the catalog is not one of this cluster; KAFKA_*
   */
  async open(projection: CatalogProjection): Promise<void> {
    this.#projection = projection;
    const { cluster, logger, clock } = this.#options;
    const known = projection.origin?.cluster ?? null;
    if (known !== null && known !== cluster) throw ofAnother(known, cluster);
    const joining = this.#join();
    try {
      await within(joining, patienceMs, clock);
      this.#following = this.#follow();
    } catch (failure) {
      const error = asMillraceError(failure);
      if (known === null || error.actor !== 'unavailable') throw error;
      logger.warn(
        { cluster, error: error.message },
        'the catalog of the cluster cannot be read yet: what was known of it counts until then',
      );
      this.#following = this.#joinLater(joining);
    }
  }

  async write(judge: () => CatalogChange): Promise<void> {
    const { clock, random } = this.#options;
    const id = random.uuid();
    const deadlineMs = clock.monotonic() + patienceMs;
    this.#awaited.set(id, false);
    let wasTried = false;
    try {
      for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, maxRetryMs)) {
        const remainingMs = Math.max(0, deadlineMs - clock.monotonic());
        try {
          await within(this.#takeTurn(), remainingMs, clock);
          if (this.#awaited.get(id) === true) return;
        } catch (failure) {
          await this.#afterFailure(failure, deadlineMs, wasTried, waitMs);
          continue;
        }
        const change = judge();
        wasTried = true;
        try {
          await within(this.#writer!.write([changeRecord(change, id)]), remainingMs, clock);
          await within(
            this.#until(() => this.#awaited.get(id) !== false),
            remainingMs,
            clock,
          );
          return;
        } catch (failure) {
          await this.#afterFailure(failure, deadlineMs, wasTried, waitMs);
        }
      }
    } finally {
      this.#awaited.delete(id);
    }
  }

  async catchUp(): Promise<void> {
    try {
      await within(this.#readOn(), patienceMs, this.#options.clock);
    } catch (failure) {
      throw cannotChange(asMillraceError(failure), false);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(closed());
    this.#wake();
    await this.#reader?.close();
    await this.#following;
    await this.#writer?.close();
  }

  /** Holds the right to write, and knows all that was written before it got that. */
  async #takeTurn(): Promise<void> {
    this.#writer ??= await this.#options.topic.takeOver();
    await this.#readOn();
  }

  async #readOn(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const end = await this.#options.topic.end();
    await this.#until(() => this.#isJoined && this.#position >= end);
  }

  /** What came of a write that failed the topic tells: the next turn begins behind it. @throws if time is up */
  async #afterFailure(failure: unknown, deadlineMs: number, wasTried: boolean, waitMs: number): Promise<void> {
    const { clock, random, logger } = this.#options;
    const error = asMillraceError(failure);
    const writer = this.#writer;
    this.#writer = undefined;
    void writer?.close().catch(() => {});
    if (error.actor !== 'unavailable' || clock.monotonic() + waitMs >= deadlineMs) throw cannotChange(error, wasTried);
    logger.debug({ code: error.code, error: error.message }, 'a change of the catalog is tried again');
    await delay(clock, waitMs * (0.5 + random.float()), this.#closing.signal);
  }

  async #joinLater(joining: Promise<void>): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#closing;
    for (let attempt = joining; !signal.aborted; attempt = this.#join()) {
      try {
        await attempt;
        return await this.#follow();
      } catch (failure) {
        if (signal.aborted) return;
        const error = asMillraceError(failure);
        if (error.actor !== 'unavailable') {
          this.#broken = error;
          logger.error({ code: error.code, error: error.message }, 'the catalog is not one of the cluster any more');
          return;
        }
        await delay(clock, maxRetryMs, signal).catch(() => {});
      }
    }
  }

  /** Makes the catalog what the topic says. */
  async #join(): Promise<void> {
    const { topic, cluster } = this.#options;
    await topic.make();
    for (let isOne = false; !isOne; ) {
      const end = await topic.end();
      const { origin } = this.#projection;
      if (origin !== null && end < origin.nextOffset) throw shrunk(topic.name, end, origin.nextOffset);
      const held = await this.#readTo(end);
      isOne = origin !== null || (await this.#bringIn(held, end));
      if (!isOne) continue;
      await this.#projection.setOrigin({ cluster, nextOffset: end });
      if (held.length > 0 || origin !== null) await this.#makeEqual(held);
      this.#position = end;
    }
    this.#isJoined = true;
    this.#wake();
  }

  /** What the topic says up to its end. */
  async #readTo(end: number): Promise<CatalogChange[]> {
    const reader = this.#options.topic.read(0);
    const close = () => void reader.close();
    this.#closing.signal.addEventListener('abort', close, { once: true });
    try {
      const contents = new Map<string, CatalogChange>();
      for (let position = 0; position < end; ) {
        const { records, nextOffset } = await reader.next();
        this.#closing.signal.throwIfAborted();
        for (const record of records.filter(({ offset }) => offset < end)) contents.set(record.key.toString('latin1'), readChange(record));
        position = Math.max(position, nextOffset);
      }
      return [...contents.values()].filter(({ content }) => content !== null);
    } finally {
      this.#closing.signal.removeEventListener('abort', close);
      await reader.close();
    }
  }

  /**
   * A server that was alone brings its catalog into a cluster that has none.
   * @returns false if others have written meanwhile
   */
  async #bringIn(held: readonly CatalogChange[], end: number): Promise<boolean> {
    const { topic, random, cluster } = this.#options;
    const own = this.#projection.contents();
    if (own.length === 0 || isSame(own, held)) return true;
    if (held.length > 0) throw ownAndTheirs(cluster, own.length, held.length);
    const writer = await topic.takeOver();
    try {
      if ((await topic.end()) !== end) return false;
      await writer.write(own.map((change) => changeRecord(change, random.uuid())));
      return true;
    } finally {
      await writer.close();
    }
  }

  async #makeEqual(held: readonly CatalogChange[]): Promise<void> {
    const kept = new Set(held.map(identityOf));
    const before = new Map(this.#projection.contents().map((change) => [identityOf(change), change]));
    const gone = [...before].filter(([identity]) => !kept.has(identity)).map(([, change]) => ({ ...change, content: null }));
    // At once: compaction leaves a stream behind a view that reads it.
    await this.#projection.apply([...gone, ...held.filter((change) => !isEqual(before.get(identityOf(change)), change))]);
  }

  /** Applies what comes, until it is closed. */
  async #follow(): Promise<void> {
    const { clock, logger, topic } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        this.#reader ??= topic.read(this.#position);
        const { records, nextOffset } = await this.#reader.next();
        if (signal.aborted) return;
        for (const record of records) await this.#apply(record);
        await this.#moveTo(Math.max(this.#position, nextOffset));
      } catch (failure) {
        const reader = this.#reader;
        this.#reader = undefined;
        await reader?.close();
        if (signal.aborted) return;
        const error = asMillraceError(failure);
        logger.warn({ code: error.code, error: error.message }, 'the catalog of the cluster cannot be followed, it is tried again');
        await delay(clock, maxRetryMs, signal).catch(() => {});
      }
    }
  }

  async #apply(record: SharedRecord): Promise<void> {
    if (record.offset < this.#position) return;
    await this.#projection.apply([readChange(record)]);
    this.#position = record.offset + 1;
    if (this.#awaited.has(record.id)) this.#awaited.set(record.id, true);
  }

  async #moveTo(position: number): Promise<void> {
    this.#position = position;
    this.#wake();
    const { origin } = this.#projection;
    if (origin?.nextOffset !== position) await this.#projection.setOrigin({ cluster: this.#options.cluster, nextOffset: position });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const check of waiting) check();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#closing.signal.throwIfAborted();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** @throws {MillraceError} KAFKA_TIMED_OUT; what was begun goes on nevertheless */
async function within<T>(action: Promise<T>, limitMs: number, clock: Clock): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = clock.setTimer(limitMs, () => reject(new MillraceError('KAFKA_TIMED_OUT', 'no broker has answered in time')));
  action.catch(() => {});
  try {
    return await Promise.race([action, promise]);
  } finally {
    timer.cancel();
  }
}

/** True if a change that failed may come into force, or has: what belongs to it must not be taken away. */
export function isUndecided(failure: unknown): boolean {
  return failure instanceof MillraceError && failure.details['isUndecided'] === true;
}

/** Tells names of different spaces. */
function identityOf({ space, name }: Pick<CatalogChange, 'space' | 'name'>): string {
  return `${space}:${name}`;
}

function isEqual(a: CatalogChange | undefined, b: CatalogChange): boolean {
  return a?.content?.kind === b.content?.kind && a?.content?.definition === b.content?.definition;
}

function isSame(some: readonly CatalogChange[], others: readonly CatalogChange[]): boolean {
  const byName = new Map(others.map((change) => [identityOf(change), change]));
  return some.length === others.length && some.every((change) => isEqual(byName.get(identityOf(change)), change));
}

function closed(): MillraceError {
  return new MillraceError('QUERY_CANCELLED', 'the server is shutting down');
}

function cannotChange(cause: MillraceError, wasTried: boolean): MillraceError {
  if (cause.actor !== 'unavailable') return cause;
  const outcome = wasTried ? ', and whether this change has come into force is not known' : '; nothing has changed';
  return new MillraceError(cause.code, `the catalog of the cluster cannot be changed now: ${cause.message}${outcome}`, {
    cause,
    details: { isUndecided: wasTried },
    hint: wasTried ? 'see by SHOW whether it has, once a broker answers' : 'try again when a broker answers',
  });
}

function ofAnother(known: string, cluster: string): MillraceError {
  return new MillraceError('CONFIG_INVALID', `cluster: the data directory belongs to the cluster ${known}, not to ${cluster}`, {
    hint: `set cluster to ${known}, or name another data directory with --data-dir`,
    details: { cluster, known },
  });
}

function ownAndTheirs(cluster: string, own: number, theirs: number): MillraceError {
  return new MillraceError(
    'CONFIG_INVALID',
    `cluster: the data directory has a catalog of its own (${own} streams, views and pipes), and the cluster ${cluster} has one already (${theirs})`,
    {
      hint: 'join the cluster with a new data directory (--data-dir), and create there what is missing',
      details: { cluster, own, theirs },
    },
  );
}

function shrunk(topic: string, end: number, known: number): MillraceError {
  return new MillraceError('CATALOG_INVALID', `the topic ${topic} ends at offset ${end}, though this server has read it up to ${known}`, {
    hint: 'the topic was deleted, or this is another Kafka cluster; a new data directory takes the catalog as it is there',
    details: { topic, end, known },
  });
}
