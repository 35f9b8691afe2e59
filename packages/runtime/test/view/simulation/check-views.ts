import { murmur2 } from '@millrace/kafka-protocol';
import { partsOf, watermarkOf } from '../../../src/sources/watermark-header.ts';
import { Expected, type Log, type Row } from '../../window-oracle.ts';
import type { FakeCluster } from './fake-cluster.ts';
import type { ReadRecord } from './fake-log.ts';
import type { SimulatedView } from './scenario.ts';

/** A range of offsets of a partition that its log had dropped before the view read them. */
export interface LostRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** The row that a record of a source holds; null if it is not to be processed. */
function rowOf(text: string, { divides, names: [k, v, t] }: SimulatedView): Row | null {
  try {
    const row = JSON.parse(text) as Record<string, unknown>;
    if (row[v] === 0 && divides) return null;
    return { k: String(row[k]), v: Number(row[v]), t: timeOf(row[t]) };
  } catch {
    return null;
  }
}

/** By partition and batch: the watermark that its writer has told. */
type Told = readonly (readonly (number | undefined)[])[];

function toldBy(batch: readonly ReadRecord[]): number | undefined {
  const header = batch.at(-1)?.headers.find(({ key }) => key === 'millrace.watermark');
  return header === undefined ? undefined : Number(header.value);
}

function timeOf(value: unknown): number {
  return typeof value === 'number' ? value : Date.parse(`${String(value).replace(' ', 'T')}Z`);
}

/** What a view must have written and kept, computed in one go from what its source holds. */
export function checkView(cluster: FakeCluster, view: SimulatedView, lost: readonly LostRange[]): string[] {
  const problems: string[] = [];
  const batches = cluster.topic(view.source).logs.map((log) => {
    const gone = lost.filter(({ topic, partition }) => topic === log.topic && partition === log.partition);
    const isLost = ({ offset }: ReadRecord) => gone.some(({ from, to }) => offset >= from && offset < to);
    return log.committedBatches().map((batch) => batch.filter((record) => !isLost(record)));
  });
  const rowBatches = batches.map((of) =>
    of.map((batch) => (view.readsParts === undefined ? batch : batch.filter(({ value }) => value !== null))),
  );
  const log: Log = rowBatches.map((of) => of.map((batch) => batch.map(({ value }) => rowOf(String(value), view))));
  const told = batches.map((of) => of.map((batch) => toldBy(batch)));
  // Tasks tell how far they have come also where they have no row.
  const written = cluster.topic(view.target).logs.map((of) => of.committed().filter(({ value }) => value !== null));
  const expected = view.readsParts === undefined ? expectedRows(view, log, told) : expectedOfParts(view, log, batches, view.readsParts);
  compare(problems, `${view.name}: rows`, rowsIn(view, written.flat()), expected);
  checkKeys(problems, view, written);
  checkDeadLetters(problems, cluster, view, rowBatches);
  if (view.parts === null) checkState(problems, cluster, view, log, told);
  if (view.computation.kind === 'totals') checkGrowth(problems, view, written.flat());
  return problems;
}

function rowsIn({ computation }: SimulatedView, records: readonly ReadRecord[]): string[] {
  const rows = records.map(({ value }) => JSON.parse(String(value)) as Record<string, unknown>);
  switch (computation.kind) {
    case 'rows':
      return rows.map(({ k, v, t }) => `${k}/${v}/${timeOf(t)}`);
    case 'totals':
      return [...new Map(rows.map(({ k, count, sum }) => [k, `${k}/${count}/${sum}`])).values()];
    case 'windows':
      return rows.map(({ window_end, k, count, sum }) => `${timeOf(window_end)}/${k}/${count}/${sum}`);
  }
}

function expectedRows({ computation }: SimulatedView, log: Log, told: Told): string[] {
  const rows = log.flat(2).filter((row) => row !== null);
  switch (computation.kind) {
    case 'rows':
      return rows.map(({ k, v, t }) => `${k}/${v}/${t}`);
    case 'totals':
      return [...Map.groupBy(rows, ({ k }) => k)].map(([k, of]) => `${k}/${of.length}/${of.reduce((sum, { v }) => sum + v, 0)}`);
    case 'windows': {
      const expected = new Expected(log, computation.windows, told);
      return expected.result(expected.watermarkMs).map((values) => values.join('/'));
    }
  }
}

/** Rows that tasks of another view have written, in whatever order: none of them is late, and all have come as far as the last of its parts. */
function expectedOfParts(
  { computation }: SimulatedView,
  log: Log,
  batches: readonly (readonly (readonly ReadRecord[])[])[],
  partCount: number,
): string[] {
  if (computation.kind !== 'windows') throw new Error('only windows are read so');
  const watermarks = batches.map((of) => {
    const marks = new Array<number>(partCount).fill(Number.NEGATIVE_INFINITY);
    for (const { headers } of of.flat()) {
      const watermarkMs = watermarkOf(headers);
      if (watermarkMs !== undefined) for (const part of partsOf(headers)) marks[part] = Math.max(marks[part]!, watermarkMs);
    }
    return Math.min(...marks);
  });
  // Of one batch a partition none is late by another.
  const together = new Expected(
    log.map((of) => [of.flat()]),
    computation.windows,
  );
  return together.result(Math.min(...watermarks) - computation.windows.delayMs).map((values) => values.join('/'));
}

/** Compares as multisets. */
function compare(problems: string[], what: string, found: readonly string[], expected: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const item of expected) counts.set(item, (counts.get(item) ?? 0) + 1);
  for (const item of found) counts.set(item, (counts.get(item) ?? 0) - 1);
  for (const [item, count] of counts) {
    if (count > 0) problems.push(`${what}: ${item} is missing${count > 1 ? ` ${count} times` : ''}`);
    if (count < 0) problems.push(`${what}: ${item} is there ${-count} times too often`);
  }
}

function checkKeys(problems: string[], view: SimulatedView, written: readonly (readonly ReadRecord[])[]): void {
  for (const [partition, records] of written.entries()) {
    const strayed = records.find(({ key }) => (murmur2(key!, 0, key!.length) & 0x7fff_ffff) % written.length !== partition);
    if (strayed !== undefined) problems.push(`${view.name}: a record of ${strayed.key} lies in partition ${partition}`);
  }
}

function checkDeadLetters(
  problems: string[],
  cluster: FakeCluster,
  view: SimulatedView,
  batches: readonly (readonly ReadRecord[][])[],
): void {
  const bad = batches.flatMap((of, partition) => {
    const records = of.flat().filter(({ value }) => rowOf(String(value), view) === null);
    return records.map(({ offset, value }) => `${partition}/${offset}/${value}`);
  });
  const letters = cluster
    .log(`dead-${view.name}`, 0)
    .committed()
    .map(({ headers, value }) => {
      const of = new Map(headers.map((header) => [header.key, String(header.value)]));
      return `${of.get('millrace.partition')}/${of.get('millrace.offset')}/${value}`;
    });
  compare(problems, `${view.name}: dead letters`, letters, bad);
}

/** The first byte of a key says whose it is, the fourth what an operator keeps there. */
const isPosition = (key: string) => key.charCodeAt(0) === 1;
const isBucket = (key: string) => key.charCodeAt(0) === 2 && key.charCodeAt(3) === 3;

/** Of what is over nothing is kept, and positions are those of the group. */
function checkState(problems: string[], cluster: FakeCluster, view: SimulatedView, log: Log, told: Told): void {
  const entries = new Map<string, Buffer>();
  for (const { key, value } of cluster.log(view.request.changelogTopic, 0).committed()) {
    if (value === null) entries.delete(key!.toString('latin1'));
    else entries.set(key!.toString('latin1'), value);
  }
  const keys = [...entries.keys()];
  const { logs } = cluster.topic(view.source);
  const positions = keys.filter(isPosition).length;
  if (positions !== logs.length) problems.push(`${view.name}: ${positions} positions of ${logs.length} partitions`);
  if (view.computation.kind !== 'windows' || view.computation.windows.slideMs < view.computation.windows.sizeMs) return;
  const { groups, watermarkMs } = new Expected(log, view.computation.windows, told);
  const open = new Set([...groups.values()].flatMap(({ end }) => (end > watermarkMs ? [end] : []))).size;
  const kept = keys.filter(isBucket).length;
  if (kept !== open) problems.push(`${view.name}: ${kept} windows are kept, ${open} are open`);
}

/** What was counted is never taken back, nor was it counted twice for a while. */
function checkGrowth(problems: string[], view: SimulatedView, written: readonly ReadRecord[]): void {
  const seen = new Map<string, number>();
  for (const { value } of written) {
    const { k, count } = JSON.parse(String(value)) as { k: string; count: number | string };
    if (Number(count) < (seen.get(k) ?? 0)) problems.push(`${view.name}: the count of ${k} went back to ${count}`);
    seen.set(k, Number(count));
  }
}
