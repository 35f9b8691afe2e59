import { asMillraceError, type BoundedQueue, type Clock, delay, type MillraceError } from '@millrace/core';
import type { RefusedRecord } from '@millrace/runtime';
import type { Json, StageKind } from '@millrace/sdk';
import { rawRecord } from '../extract/raw-record.ts';
import { offsetAt, recordOfRow, recordWithOffset, sliceBatch, type Unit } from '../extract/unit.ts';
import { failureOf } from '../host/stages/hook-failure.ts';
import { stateKey } from '../progress/pipe-state.ts';
import type { Progress, Ticket } from '../progress/progress.ts';
import type { EventBatch } from '../stage/event-batch.ts';
import type { ConnectorStage, Processed, ProcessorStage, TransactionWriter } from '../stage/stage.ts';
import { isOfRecord, pipeFailed, undecodable } from './stage-failure.ts';
import { errorStepMs, maxTries, type StageKeeper } from './stage-keeper.ts';
import type { Suspects } from './suspects.ts';
import { TransactionAborted } from './transaction-aborted.ts';

/** What a delivery works with. */
export interface DeliveryContext {
  readonly pipe: string;
  readonly onError: 'stop' | 'dead-letter';
  /** Name of the extractor, for records that cannot be decoded. */
  readonly extractor: string;
  readonly processor: StageKeeper<ProcessorStage>;
  readonly connector: StageKeeper<ConnectorStage>;
  readonly progress: Progress;
  /** Set for a connector that is transactional. */
  readonly transaction: TransactionWriter | undefined;
  /** What a transactional connector has failed at in earlier runs. */
  readonly suspects: Suspects;
  readonly timezone: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether its processor has kept something in an earlier run. */
  readonly keepsState: boolean;
  keepLetter(record: RefusedRecord, stage: StageKind, plugin: string): void;
  /** What the processor has changed of its state, with all that was made of it delivered. */
  keepState(changes: ReadonlyMap<string, Json | null>): void;
  /** Progress was made. */
  onDelivered(): void;
  readonly counts: DeliveryCounts;
}

/** Events that went into the stages and came out of them. */
export interface DeliveryCounts {
  processed: number;
  made: number;
  transferred: number;
}

/** Records `from … to − 1` of a unit. `attempt` numbers the next try; `met`: what the last one has failed with, if it is the last. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly attempt: number;
  readonly met?: Failure;
}

/** How a try has failed. */
interface Failure {
  readonly stage: 'processor' | 'connector';
  readonly error: MillraceError;
  /** The record of the unit that is to blame. */
  readonly record: number | undefined;
  readonly attempt: number;
}

/** A failed try on its way to who decides what becomes of the piece. */
class TryFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.error.message);
    this.failure = failure;
  }
}

/** A unit with rows or deletions. */
type Batched = Unit & { readonly batch: EventBatch };

/**
 * Takes units through processor and connector. The next unit is processed while the last one is delivered, unless the processor keeps
 * state: what it keeps must be of delivered units only. What fails is cut down to the record that is to blame; that one stops the
 * pipe, or becomes a dead letter, and everything before it is delivered.
 */
export class Delivery {
  readonly #context: DeliveryContext;
  readonly #units: BoundedQueue<Unit>;
  readonly #limit: number;
  readonly #inFlight = new Set<Promise<void>>();
  #keepsState: boolean;
  #isStopping = false;
  #failure: Error | undefined;
  /** Set while a commit wants nothing to be under way. */
  #barrier: Promise<void> | undefined;
  /** The processor takes one call at a time. */
  #processing: Promise<unknown> = Promise.resolve();

  constructor(context: DeliveryContext, units: BoundedQueue<Unit>, { order, concurrency }: Pick<ConnectorStage, 'order' | 'concurrency'>) {
    this.#context = context;
    this.#units = units;
    this.#keepsState = context.keepsState;
    this.#limit = order === 'ordered' ? 1 : Math.max(1, concurrency);
  }

  get keepsState(): boolean {
    return this.#keepsState;
  }

  /** True if nothing is under way. */
  get isIdle(): boolean {
    return this.#inFlight.size === 0;
  }

  /** Delivers until the queue ends or it is stopped. @throws what ends it, when all that was under way is done */
  async run(): Promise<void> {
    try {
      while (!this.#hasEnded) {
        const unit = await this.#units.take();
        if (unit === undefined || this.#hasEnded) break;
        await this.#begin(unit);
      }
    } finally {
      await this.#room(0);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** What is not begun stays where it is. */
  stop(): void {
    this.#isStopping = true;
    this.#units.close();
  }

  /** Runs something while nothing is under way, and nothing is begun; not once something has failed. */
  async pause(run: () => Promise<void>): Promise<void> {
    const paused = Promise.withResolvers<void>();
    this.#barrier = paused.promise;
    try {
      await this.#room(0);
      if (this.#failure === undefined) await run();
    } finally {
      this.#barrier = undefined;
      paused.resolve();
    }
  }

  get #hasEnded(): boolean {
    return this.#isStopping || this.#failure !== undefined;
  }

  async #begin(unit: Unit): Promise<void> {
    const ticket = this.#context.progress.begin(unit);
    if (unit.batch === null && unit.undecodable === null) {
      ticket.done();
      this.#context.onDelivered();
      return;
    }
    const made = isBatched(unit) && !this.#keepsState ? await this.#processAhead(unit) : undefined;
    await this.#turn();
    if (this.#hasEnded) return;
    const work: Promise<void> = this.#deliver(unit, ticket, made)
      .catch((failure: unknown) => {
        this.#failure ??= failure as Error;
        this.#units.close();
      })
      .finally(() => this.#inFlight.delete(work));
    this.#inFlight.add(work);
    if (this.#keepsState) await work;
  }

  /** Waits until the next may be under way. */
  async #turn(): Promise<void> {
    while (this.#barrier !== undefined || this.#inFlight.size >= this.#limit) {
      if (this.#barrier === undefined) await this.#room(this.#limit - 1);
      else await this.#barrier;
    }
  }

  async #room(most: number): Promise<void> {
    while (this.#inFlight.size > most) await Promise.race(this.#inFlight);
  }

  async #deliver(unit: Unit, ticket: Ticket, made: Processed | TryFailed | undefined): Promise<void> {
    if (!isBatched(unit)) this.#refuseUndecodable(unit);
    else if (!(await this.#settle(unit, ticket, made))) return;
    ticket.done();
    unit.lease?.release();
    this.#context.onDelivered();
  }

  /**
   * Delivers a unit piece by piece, as small as its failures ask for.
   * @returns false if it was stopped before all of it was done
   * @throws {MillraceError} PIPE_FAILED with the record where it stops
   */
  async #settle(unit: Batched, ticket: Ticket, made: Processed | TryFailed | undefined): Promise<boolean> {
    const pieces = this.#piecesOf(unit.batch);
    let given = pieces.length === 1 ? made : undefined;
    for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
      const failure = piece.met ?? (await this.#try(unit, piece, given));
      given = undefined;
      if (failure === undefined) this.#advance(unit, ticket, piece.to);
      else if (isOfRecord(failure.error)) pieces.push(...(await this.#cut(unit, ticket, piece, failure)));
      else throw this.#stopped(unit, piece.from, failure);
      if (this.#isStopping && pieces.length > 0) return false;
    }
    return true;
  }

  /** What is to be done of a batch, the first of it last. */
  #piecesOf(batch: EventBatch): Piece[] {
    const parts = this.#context.suspects.partsOf(batch);
    return parts.toReversed().map(({ from, to, error }): Piece => {
      const attempt = error === null ? 1 : maxTries;
      const met = error === null ? {} : { met: { stage: 'connector', error, record: from, attempt } as const };
      return { from, to, attempt, ...met };
    });
  }

  /** What is left to be done of a piece after a failure, the first of it last. */
  async #cut(unit: Batched, ticket: Ticket, piece: Piece, failure: Failure): Promise<Piece[]> {
    const { from, to } = piece;
    const record = failure.record ?? (to - from === 1 ? from : undefined);
    if (record === undefined) return this.#halved(unit, piece, failure);
    const rest: Piece[] = record + 1 < to ? [{ from: record + 1, to, attempt: 1 }] : [];
    const alone: Piece = { from: record, to: record + 1, attempt: failure.attempt + 1 };
    if (record > from) {
      const met = { ...alone, met: failure };
      if (failure.stage === 'processor') return [...rest, met, { from, to: record, attempt: 1 }];
      // A connector that names a row has delivered those before it.
      await this.#keepStateOf(unit, from, record);
      this.#advance(unit, ticket, record);
      return [...rest, met];
    }
    if (failure.attempt < maxTries && !this.#isHopeless(failure)) {
      await delay(this.#context.clock, failure.attempt * errorStepMs, this.#context.signal);
      return [...rest, alone];
    }
    this.#refuse(unit, record, failure);
    this.#advance(unit, ticket, record + 1);
    return rest;
  }

  /** A connector may throw at a whole batch for reasons of its own: only who may leave records out looks for the one. */
  #halved(unit: Batched, { from, to, attempt }: Piece, failure: Failure): Piece[] {
    const isOfProcessor = failure.stage === 'processor';
    if (!isOfProcessor && this.#context.onError === 'stop') throw this.#stopped(unit, from, failure);
    const middle = (from + to) >> 1;
    const next = isOfProcessor ? attempt + 1 : 1;
    return [
      { from: middle, to, attempt: next },
      { from, to: middle, attempt: next },
    ];
  }

  /** The plugin itself has said that it is the record, and the pipe may go on without it. */
  #isHopeless({ error }: Failure): boolean {
    return this.#context.onError === 'dead-letter' && failureOf(error)?.cause === 'bad-record';
  }

  /** Of records that are delivered without what the processor has kept of them. */
  async #keepStateOf(unit: Batched, from: number, to: number): Promise<void> {
    if (!this.#keepsState) return;
    const { processor } = this.#context;
    const part = sliceBatch(unit.batch, from, to);
    const { stateChanges } = await this.#exclusively(() => processor.call((stage, n) => stage.process(part, n), maxTries));
    this.#keepState(unit, stateChanges);
  }

  /** @returns how it has failed, nothing of it being kept then; undefined: all that is made of it is delivered, and its state kept */
  async #try(unit: Batched, piece: Piece, given: Processed | TryFailed | undefined): Promise<Failure | undefined> {
    try {
      if (given instanceof TryFailed) throw given;
      const made = given ?? (await this.#process(unit, piece.from, piece.to, piece.attempt));
      await this.#transferAll(unit, made.batches, piece);
      this.#keepState(unit, made.stateChanges);
      return undefined;
    } catch (failure) {
      if (failure instanceof TryFailed) return failure.failure;
      throw failure;
    }
  }

  /** Processes a unit before its turn to be delivered has come. */
  async #processAhead(unit: Batched): Promise<Processed | TryFailed> {
    try {
      const made = await this.#process(unit, 0, unit.batch.records.count, 1);
      if (made.stateChanges.size > 0) this.#keepsState = true;
      return made;
    } catch (failure) {
      if (failure instanceof TryFailed) return failure;
      throw failure;
    }
  }

  async #process(unit: Batched, from: number, to: number, attempt: number): Promise<Processed> {
    const { processor, counts } = this.#context;
    const batch = sliceBatch(unit.batch, from, to);
    try {
      const made = await this.#exclusively(() => processor.call((stage, n) => stage.process(batch, n), 1, attempt));
      counts.processed += batch.chunk.rowCount;
      for (const { chunk } of made.batches) counts.made += chunk.rowCount;
      return made;
    } catch (thrown) {
      const error = asMillraceError(thrown);
      const row = failureOf(error)?.row;
      throw new TryFailed({ stage: 'processor', error, record: row === undefined ? undefined : from + recordOfRow(batch, row), attempt });
    }
  }

  async #transferAll(unit: Batched, batches: readonly EventBatch[], piece: Piece): Promise<void> {
    for (const batch of batches) {
      if (batch.chunk.rowCount > 0) await this.#transfer(unit, batch, piece);
      this.#context.counts.transferred += batch.chunk.rowCount;
    }
  }

  async #transfer(unit: Batched, batch: EventBatch, { from, to, attempt: first }: Piece): Promise<void> {
    const { connector, transaction } = this.#context;
    let attempt = first;
    const run = (stage: ConnectorStage, n: number) => {
      attempt = n;
      return stage.transfer(batch, n, transaction);
    };
    try {
      if (transaction !== undefined) await connector.once(run, first);
      else await connector.call(run, to - from === 1 ? 1 : maxTries, first);
    } catch (thrown) {
      const error = asMillraceError(thrown);
      const failure = failureOf(error);
      // What it has written of the batch cannot be taken back alone.
      if (transaction !== undefined && failure !== undefined && failure.cause !== 'bad-record')
        throw new TransactionAborted(error, unit.batch, from, to);
      if (this.#keepsState && failure !== undefined)
        await this.#exclusively(() => this.#context.processor.call((stage) => stage.rollBack(), 1));
      const record =
        failure?.row === undefined ? undefined : recordWithOffset(unit.batch, offsetAt(batch, recordOfRow(batch, failure.row)));
      throw new TryFailed({ stage: 'connector', error, record, attempt });
    }
  }

  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#processing.then(run);
    this.#processing = mine.catch(() => {});
    return mine;
  }

  #keepState({ batch }: Batched, changes: ReadonlyMap<string, Json | null>): void {
    if (changes.size === 0) return;
    this.#keepsState = true;
    this.#context.keepState(new Map([...changes].map(([key, value]) => [stateKey(batch, key), value])));
  }

  /** Everything before the record is delivered. */
  #advance({ batch, nextOffset }: Batched, ticket: Ticket, record: number): void {
    ticket.advance(record < batch.records.count ? offsetAt(batch, record) : nextOffset);
    this.#context.onDelivered();
  }

  /** @throws {MillraceError} PIPE_FAILED unless records that fail are passed over */
  #refuseUndecodable(unit: Unit): void {
    const { onError, pipe, extractor } = this.#context;
    const { record, reason } = unit.undecodable!;
    if (onError === 'stop') throw undecodable(unit, reason, pipe, extractor);
    this.#context.keepLetter(rawRecord(unit, record, reason, this.#context.timezone), 'extractor', extractor);
  }

  /** @throws {MillraceError} PIPE_FAILED unless records that fail are passed over */
  #refuse(unit: Batched, record: number, failure: Failure): void {
    const { onError, timezone } = this.#context;
    if (onError === 'stop') throw this.#stopped(unit, record, failure);
    this.#context.keepLetter(rawRecord(unit, record, failure.error.message, timezone), failure.stage, this.#context[failure.stage].plugin);
  }

  #stopped({ topic, partition, batch }: Batched, record: number, { stage, error }: Failure): MillraceError {
    // What is no failure of a stage passes: the pipe is ended.
    if (failureOf(error) === undefined) return error;
    const { pipe, [stage]: keeper } = this.#context;
    return pipeFailed(error, { pipe, stage, plugin: keeper.plugin, topic, partition, offset: offsetAt(batch, record) });
  }
}

function isBatched(unit: Unit): unit is Batched {
  return unit.batch !== null;
}
