import type { Catalog, IngestResult } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import { insertRows, streamToInsert } from '../insert/insert-rows.ts';
import { planContext } from '../statements/plan-context.ts';
import type { Services } from '../statements/services.ts';
import { ingestOnce, isBegun } from './ingest-once.ts';

/** Ids of ingest requests that are being worked on: a retry that comes before the first answer waits for it. */
const underWay = new WeakMap<Catalog, Map<string, Promise<IngestResult>>>();

/**
 * Stores the rows of an ingest request (`{"columns": […], "data": [[…], …]}`); resolves when they are durable.
 * @param id of the client's choosing: a request with an id that was stored already is answered as the first was, and stores nothing
 * @param clusters those that the rows have passed through pipes; null = they come from nowhere else
 */
export async function ingest(
  stream: string,
  body: Record<string, unknown>,
  id: string | null,
  clusters: string | null,
  services: Services,
): Promise<IngestResult> {
  if (id === null) return store(stream, body, null, clusters, services);
  const key = `${stream}/${id}`;
  const known = services.catalog.recallIngest(key);
  if (known !== undefined && !isBegun(known)) return known;
  const ours = underWay.get(services.catalog) ?? new Map<string, Promise<IngestResult>>();
  underWay.set(services.catalog, ours);
  const pending = ours.get(key);
  if (pending !== undefined) return pending;
  const storing = store(stream, body, key, clusters, services).then(async (result) => {
    await services.catalog.rememberIngest(key, result);
    return result;
  });
  ours.set(key, storing);
  return storing.finally(() => ours.delete(key));
}

async function store(
  stream: string,
  { columns, data }: Record<string, unknown>,
  key: string | null,
  clusters: string | null,
  services: Services,
): Promise<IngestResult> {
  if (!Array.isArray(columns) || !columns.every((name) => typeof name === 'string')) {
    throw new MillraceError('PLAN_ARGUMENT_INVALID', 'the field "columns" must be a list of names');
  }
  if (!Array.isArray(data)) throw new MillraceError('PLAN_ARGUMENT_INVALID', 'the field "data" must be a list of rows');
  const text = rowLines(data);
  const named = columns.map((name: string) => ({ name, quoted: true, start: 0, end: 0 }));
  const source = { kind: 'text', format: 'JSONCompactEachRow', data: text, maxBlockBytes: Number.POSITIVE_INFINITY } as const;
  const once = key === null ? null : ingestOnce(key, streamToInsert(stream, services), services);
  const marks = { once, headers: clusters === null ? [] : [{ key: 'millrace.clusters', value: Buffer.from(clusters) }] };
  const { rows, batches } = await insertRows(stream, named, source, planContext(services, { settings: {}, source: '' }), services, marks);
  return { request_id: services.random.uuid(), stream, rows, batches };
}

function rowLines(rows: readonly unknown[]): Buffer {
  try {
    return Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
  } catch (cause) {
    // What parses without recursion is written with it.
    if (!(cause instanceof RangeError)) throw cause;
    throw new MillraceError('DATA_UNDECODABLE', 'the rows are nested too deep', { cause });
  }
}
