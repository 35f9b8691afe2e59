import type { StreamDefinition } from '@millrace/catalog';
import { asMillraceError, MillraceError } from '@millrace/core';
import type { FetchedPartition } from '@millrace/kafka-client';
import { batchHeader, decodeRecords, RecordSpans } from '@millrace/kafka-protocol';
import { sliceChunk, takeRows } from '@millrace/runtime';
import type { StreamSelection } from '@millrace/sdk';
import type { EventBatch } from '../stage/event-batch.ts';
import { Lease } from './lease.ts';
import { MergedSpans } from './merged-spans.ts';
import { PathPattern } from './path-pattern.ts';
import { type ChosenColumns, RowChoice } from './row-choice.ts';
import { type Run, runsOf, sliceSpans } from './runs.ts';
import { type DecodeContext, type StreamChunk, StreamRows } from './stream-rows.ts';
import { rowOf, type Undecodable, type Unit } from './unit.ts';

/** What an extraction reads. */
export interface ExtractionOptions {
  readonly selection: StreamSelection;
  /** Name of this deployment: what has passed it before is not sent again. */
  readonly deployment: string;
}

/** Where a partition stands among the phases. */
export interface PartitionPhases {
  readonly topic: string;
  readonly partition: number;
  /** Records before it are history. */
  readonly boundary: number;
}

/** Record batches are put together up to about so many records. */
const unitRecords = 4096;
/** Spans that wait to be filled again. */
const freeSpansMax = 8;

/**
 * Makes of fetched record batches what goes through the stages: rows and deletions of one phase each, without what the selection leaves
 * out. Nothing that it leaves out is lost to the progress: every record is in a unit, or before the next offset of one.
 */
export class Extraction {
  readonly #selection: StreamSelection;
  readonly #deployment: string;
  readonly #pattern: PathPattern;
  readonly #streams: ReadonlyMap<string, StreamSource>;
  readonly #freeSpans: RecordSpans[] = [];
  /** One compressed batch, before it joins those before it. */
  readonly #decompressed = new RecordSpans(0);
  readonly #merged = new MergedSpans();
  recordsIn = 0;
  bytesIn = 0;
  eventsOut = 0;
  /** Records passed over because of the clusters that they have passed. */
  loops = 0;

  /** @param streams by topic */
  constructor({ selection, deployment }: ExtractionOptions, streams: Iterable<StreamDefinition>, context: DecodeContext) {
    this.#selection = selection;
    this.#deployment = deployment;
    this.#pattern = new PathPattern(selection.pattern);
    this.#streams = new Map([...streams].map((stream) => [stream.topic, new StreamSource(stream, this.#pattern, context)]));
  }

  /**
   * The units of what was fetched of a partition, in order, each made when it is asked for; the last one has its next offset.
   * @param lease on the bytes: held by each unit
   * @throws {MillraceError} KAFKA_PROTOCOL_INVALID with the place, for a batch that is damaged inside
   */
  *units(fetched: FetchedPartition, phases: PartitionPhases, lease: Lease): Generator<Unit> {
    const { bytes, batches } = fetched;
    this.bytesIn += bytes.length;
    let spans = this.#takeSpans();
    for (let i = 0; i < batches.length; i += 2) {
      if (this.#collect(fetched, i, spans)) continue;
      yield* this.#unitsOf(spans, phases, lease);
      spans = this.#takeSpans();
      this.#collect(fetched, i, spans);
    }
    yield* this.#unitsOf(spans, phases, lease);
    const { topic, partition } = fetched;
    const nextOffset = this.#selection.realtime ? fetched.nextOffset : Math.min(fetched.nextOffset, phases.boundary);
    yield { topic, partition, nextOffset, batch: null, undecodable: null, spans: noSpans, lease: null };
  }

  /** Adds a batch to the spans. False if it does not go with those before. */
  #collect({ topic, partition, bytes, batches, fromOffset }: FetchedPartition, i: number, spans: RecordSpans): boolean {
    const [start, end] = [batches[i]!, batches[i + 1]!];
    if (spans.count > 0 && spans.count + batchHeader.recordCount(bytes, start) > unitRecords) return false;
    try {
      if (decodeRecords(bytes, start, end, spans, { fromOffset })) return true;
      if (batchHeader.compression(bytes, start) === 0 || spans.bytes === bytes) return false;
      decodeRecords(bytes, start, end, this.#decompressed, { fromOffset });
      this.#merged.append(spans, this.#decompressed);
      this.#decompressed.clear();
      return true;
    } catch (error) {
      this.#decompressed.clear();
      const cause = asMillraceError(error);
      const offset = batchHeader.baseOffset(bytes, start);
      throw new MillraceError(cause.code, `${topic}, partition ${partition}, batch at offset ${offset}: ${cause.message}`, {
        cause,
        details: { ...cause.details, topic, partition, offset },
      });
    }
  }

  *#unitsOf(spans: RecordSpans, phases: PartitionPhases, fetched: Lease): Generator<Unit> {
    const lease = new Lease(() => {
      this.#keepSpans(spans);
      fetched.release();
    });
    fetched.hold();
    for (const run of runsOf(spans, phases.boundary)) {
      if (!this.#isRead(run)) continue;
      this.recordsIn += run.end - run.start;
      if (this.#isLoop(run)) this.loops += run.end - run.start;
      else yield* this.#unitsOfRun(sliceSpans(spans, run.start, run.end), run, phases, lease);
    }
    lease.release();
  }

  #isRead({ isHistorical }: Run): boolean {
    return isHistorical ? this.#selection.history !== null : this.#selection.realtime;
  }

  #isLoop({ clusters }: Run): boolean {
    if (clusters.length === 0) return false;
    return !this.#selection.forwardsPipeRecords || clusters.includes(this.#deployment);
  }

  *#unitsOfRun(spans: RecordSpans, run: Run, phases: PartitionPhases, lease: Lease): Generator<Unit> {
    const source = this.#streams.get(phases.topic);
    // A stream that was dropped meanwhile.
    if (source === undefined) return;
    const common = {
      stream: source.stream,
      topic: phases.topic,
      partition: phases.partition,
      isHistorical: run.isHistorical,
      clusters: run.clusters,
      kind: run.kind,
    };
    if (run.kind === 'delete') {
      yield* this.#unitsOfRows(
        spans,
        common,
        { chunk: { rowCount: spans.count, columns: [] }, records: null, times: spans.timestamps },
        source,
        lease,
      );
      return;
    }
    const refused: Undecodable[] = [];
    const decoded = source.rows.decode(spans, phases.partition, (record, reason) => refused.push({ record, reason }));
    refused.sort((a, b) => a.record - b.record);
    let start = 0;
    for (const { record, reason } of refused) {
      yield* this.#unitsOfPart(spans, start, record, common, decoded, source, lease);
      yield undecodableUnit(sliceSpans(spans, record, record + 1), phases, reason, lease.hold());
      start = record + 1;
    }
    yield* this.#unitsOfPart(spans, start, spans.count, common, decoded, source, lease);
  }

  /** Of the records `start … end − 1`, which all have rows. */
  *#unitsOfPart(spans: RecordSpans, start: number, end: number, common: Common, decoded: StreamChunk, source: StreamSource, lease: Lease) {
    if (start === end) return;
    const { chunk, records, times } = decoded;
    const first = records === null ? start : rowOf(records, chunk.rowCount, start);
    const rowCount = end - start;
    const part = { chunk: sliceChunk(chunk, first, first + rowCount), records: null, times: times.subarray(first, first + rowCount) };
    yield* this.#unitsOfRows(sliceSpans(spans, start, end), common, part, source, lease);
  }

  /** @param rows one for each record */
  *#unitsOfRows(spans: RecordSpans, common: Common, rows: StreamChunk, source: StreamSource, lease: Lease): Generator<Unit> {
    const isBounded = common.isHistorical && isBound(this.#selection.history);
    if (!isBounded && source.isWhole) {
      const columns = common.kind === 'delete' ? noColumns : { schema: source.rows.schema, indexes: null };
      yield this.#unit(spans, common, rows, columns, null, lease);
      return;
    }
    const chosenAt = (record: number): ChosenColumns | null => {
      if (isBounded && !isWithin(rows.times[record]!, this.#selection.history!)) return null;
      const columns = source.choice.of(spans, record);
      return columns !== null && common.kind === 'delete' ? noColumns : columns;
    };
    for (let start = 0, end = 0; start < spans.count; start = end) {
      let columns: ChosenColumns | null = null;
      const taken: number[] = [];
      for (end = start; end < spans.count; end++) {
        const chosen = chosenAt(end);
        if (chosen === null) continue;
        if (columns !== null && chosen !== columns) break;
        columns = chosen;
        taken.push(end - start);
      }
      if (columns === null) continue;
      const part = { chunk: sliceChunk(rows.chunk, start, end), records: null, times: rows.times.subarray(start, end) };
      const sourceRows = taken.length === end - start ? null : Int32Array.from(taken);
      yield this.#unit(sliceSpans(spans, start, end), common, part, columns, sourceRows, lease);
    }
  }

  #unit(
    spans: RecordSpans,
    common: Common,
    { chunk, times }: StreamChunk,
    { schema, indexes }: ChosenColumns,
    sourceRows: Int32Array | null,
    lease: Lease,
  ): Unit {
    const columns = indexes === null ? chunk.columns : indexes.map((i) => chunk.columns[i]!);
    const projected = { rowCount: chunk.rowCount, columns };
    const batch: EventBatch = {
      ...common,
      schema,
      chunk: sourceRows === null ? projected : takeRows(projected, sourceRows, sourceRows.length),
      sourceRows,
      records: {
        count: spans.count,
        offsets: spans.offsets,
        times,
        keys: { bytes: spans.bytes, starts: spans.keyStarts, ends: spans.keyEnds },
      },
    };
    this.eventsOut += batch.chunk.rowCount;
    const { topic, partition } = common;
    return { topic, partition, nextOffset: nextOffsetOf(spans), batch, undecodable: null, spans, lease: lease.hold() };
  }

  #takeSpans(): RecordSpans {
    this.#merged.clear();
    return this.#freeSpans.pop() ?? new RecordSpans(unitRecords);
  }

  #keepSpans(spans: RecordSpans): void {
    spans.clear();
    if (this.#freeSpans.length < freeSpansMax) this.#freeSpans.push(spans);
  }
}

type Common = Pick<EventBatch, 'stream' | 'topic' | 'partition' | 'isHistorical' | 'clusters' | 'kind'>;

/** A stream as it is read; what decodes it is made with its first record. */
class StreamSource {
  readonly stream: string;
  /** True if the pattern takes all that there is of it. */
  readonly isWhole: boolean;
  readonly #definition: StreamDefinition;
  readonly #pattern: PathPattern;
  readonly #context: DecodeContext;
  #rows: StreamRows | undefined;
  #choice: RowChoice | undefined;

  constructor(definition: StreamDefinition, pattern: PathPattern, context: DecodeContext) {
    this.stream = definition.name;
    this.isWhole = pattern.matchesAll(definition.name);
    this.#definition = definition;
    this.#pattern = pattern;
    this.#context = context;
  }

  get rows(): StreamRows {
    this.#rows ??= new StreamRows(this.#definition, this.#context);
    return this.#rows;
  }

  get choice(): RowChoice {
    this.#choice ??= new RowChoice(this.#pattern, this.stream, this.rows.schema);
    return this.#choice;
  }
}

const noSpans = new RecordSpans(0);
/** The last millisecond of JavaScript dates. */
const maxDateMs = 8.64e15;
const noColumns: ChosenColumns = { schema: [], indexes: null };

function undecodableUnit(spans: RecordSpans, { topic, partition }: PartitionPhases, reason: string, lease: Lease): Unit {
  return { topic, partition, nextOffset: nextOffsetOf(spans), batch: null, undecodable: { record: 0, reason }, spans, lease };
}

function nextOffsetOf({ offsets, count }: RecordSpans): number {
  return offsets[count - 1]! + 1;
}

function isBound(history: StreamSelection['history']): boolean {
  return history !== null && (history.startMs > -maxDateMs || history.endMs < maxDateMs);
}

function isWithin(timeMs: number, { startMs, endMs }: { readonly startMs: number; readonly endMs: number }): boolean {
  return timeMs >= startMs && timeMs <= endMs;
}
