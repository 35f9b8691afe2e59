import type { Clock } from '@millrace/core';
import type { Extracted, ExtractorDefinition, Json } from '@millrace/sdk';
import type { EventBatch } from '../../stage/event-batch.ts';
import type { ExtractorStage } from '../../stage/stage.ts';
import { recordLanes } from '../events/record-lanes.ts';
import { RowEncoder } from '../events/row-encoder.ts';
import { describeValue } from '../events/stored-value.ts';
import { closeOpened, type Opened } from './close-opened.ts';
import { hookError } from './hook-failure.ts';

/** A source of its own that was opened. */
export interface OpenExtractor extends Opened<ExtractorDefinition> {
  readonly clock: Clock;
}

/** A source of its own whose hooks run in this thread. Its rows come from no topic: they are numbered as they come. */
export class LocalExtractor implements ExtractorStage {
  readonly hook = 'next';
  readonly #open: OpenExtractor;
  readonly #encoder = new RowEncoder([]);
  #nextOffset = 0;
  #isClosed = false;

  constructor(open: OpenExtractor) {
    this.#open = open;
  }

  async next(): Promise<{ readonly batch: EventBatch; readonly position: Json } | null> {
    const { definition, resource, signal, runHook } = this.#open;
    try {
      const extracted: unknown = await runHook('next', () => definition.next!(resource, { signal }));
      if (extracted === null) return null;
      checkExtracted(extracted);
      return { batch: this.#batch(extracted), position: extracted.position };
    } catch (error) {
      throw hookError({ plugin: definition.name, hook: 'next' }, error);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await closeOpened(this.#open);
  }

  #batch({ stream, columns, rows, keys, times }: Extracted): EventBatch {
    const encoded = this.#encoder.encode(rows, this.#encoder.declared(columns));
    const now = this.#open.clock.now();
    const records = rows.map((_, i) => ({ offset: this.#nextOffset + i, time: times?.[i] ?? now, key: keys?.[i] ?? null }));
    this.#nextOffset += rows.length;
    return {
      stream,
      topic: '',
      partition: 0,
      isHistorical: false,
      clusters: [],
      schema: encoded.schema,
      kind: 'rows',
      chunk: { rowCount: rows.length, columns: encoded.columns },
      records: recordLanes(records),
      sourceRows: null,
    };
  }
}

function checkExtracted(value: unknown): asserts value is Extracted {
  const { stream, rows, keys, times, position } = (value ?? {}) as Partial<Record<keyof Extracted, unknown>>;
  if (typeof stream !== 'string' || stream === '') throw wrong('stream', 'the name of a stream', stream);
  if (!Array.isArray(rows)) throw wrong('rows', 'an array of rows', rows);
  if (keys !== undefined && !isListOf(keys, rows.length, isKey)) throw wrong('keys', `${rows.length} keys (bytes, text or null)`, keys);
  if (times !== undefined && !isListOf(times, rows.length, Number.isFinite))
    throw wrong('times', `${rows.length} numbers of milliseconds`, times);
  if (position === undefined || typeof JSON.stringify(position) !== 'string') throw wrong('position', 'JSON', position);
}

function isListOf(value: unknown, length: number, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length === length && value.every(isItem);
}

function isKey(value: unknown): boolean {
  return value === null || typeof value === 'string' || value instanceof Uint8Array;
}

function wrong(name: string, legal: string, value: unknown): TypeError {
  return new TypeError(`${name} is ${legal}, not ${describeValue(value)}`);
}
