import { columnOf, fromText, parseDataType, type Value } from '@millrace/data';
import type { EventBatch } from '@millrace/pipes';

/** Columns as tests write them: `{ v: ['int32', [1, 2]] }`. Strings are texts. */
export type TestColumns = Readonly<Record<string, readonly [type: string, values: readonly Value[]]>>;

/** A batch of rows, keyed k0, k1, …, at times 1000, 1001, … and offsets from 10 on. */
export function rowsBatch(columns: TestColumns, more: Partial<EventBatch> = {}): EventBatch {
  const entries = Object.entries(columns);
  const rowCount = entries[0]![1][1].length;
  const schema = entries.map(([name, [type]]) => ({ name, type: parseDataType(type) }));
  const stored = (value: Value) => (typeof value === 'string' ? fromText(value) : value);
  return {
    stream: 's',
    topic: 't',
    partition: 3,
    isHistorical: false,
    clusters: [],
    schema,
    kind: 'rows',
    chunk: { rowCount, columns: entries.map(([, [, values]], i) => columnOf(schema[i]!.type, values.map(stored))) },
    records: recordLanes(rowCount),
    sourceRows: null,
    ...more,
  };
}

/** A batch of deletions, with keys, times and offsets as {@link rowsBatch}. */
export function deleteBatch(count: number): EventBatch {
  return {
    ...rowsBatch({ none: ['int8', new Array(count).fill(0)] }),
    kind: 'delete',
    schema: [],
    chunk: { rowCount: count, columns: [] },
  };
}

function recordLanes(count: number): EventBatch['records'] {
  const texts = Array.from({ length: count }, (_, i) => `k${i}`);
  const starts = Int32Array.from(texts, (_, i) => texts.slice(0, i).join('').length);
  return {
    count,
    offsets: Float64Array.from(texts, (_, i) => 10 + i),
    times: Float64Array.from(texts, (_, i) => 1000 + i),
    keys: { bytes: Buffer.from(texts.join('')), starts, ends: Int32Array.from(starts, (start, i) => start + texts[i]!.length) },
  };
}
