import type { MaterializedViewDefinition } from '@millrace/catalog';
import { type Clock, delay } from '@millrace/core';
import { fromText, parseDataType, type Value } from '@millrace/data';
import { listOffsets } from '@millrace/kafka-client';
import { ownersOf } from '../views/view-group.ts';
import { groupIdsOf, layoutOf } from '../views/view-layout.ts';
import type { ViewRecord } from '../views/view-registry.ts';
import { type Answer, fixedRows } from './answer.ts';
import type { Services } from './services.ts';

/** Brokers that do not tell by then are as good as away. */
const tellWithinMs = 5000;

const columns = {
  name: 'string',
  state: 'string',
  lag: 'nullable(uint64)',
  rate: 'float64',
  last_commit: "nullable(datetime64(3, 'UTC'))",
  error: 'string',
  dead_letters: 'uint64',
  restarts: 'uint64',
  server: 'string',
} as const;

/**
 * SHOW MATERIALIZED VIEWS. `server`: in a cluster the one that runs it, as `id@host`, or those that share it; `lag`: records of the sources that are not committed yet, NULL if no broker tells; `rate`: records a second,
 * over the last seconds; `error`: what it has ended with, or the last failure that it recovered from.
 */
export async function showMaterializedViews(services: Services, matches: (name: string) => boolean): Promise<Answer> {
  const schema = Object.entries(columns).map(([name, type]) => ({ name, type: parseDataType(type) }));
  const views = services.catalog.materializedViews().filter(({ name }) => matches(name));
  return fixedRows(schema, await Promise.all(views.map((view) => rowOf(view, services))));
}

async function rowOf(view: MaterializedViewDefinition, services: Services): Promise<Value[]> {
  const record = await services.views.record(view);
  const { name, state, statistics, error } = record;
  const { clock } = services;
  const [lag, server] = await Promise.all([
    orElse(null, lagOf(view, record, services), clock),
    orElse('', serverOf(view, services), clock),
  ]);
  const of = statistics?.view;
  return [
    fromText(name),
    state,
    lag === null ? null : BigInt(lag),
    of?.rate ?? 0,
    of?.lastCommitMs ?? null,
    fromText(error ?? ''),
    BigInt(of?.deadLetters ?? 0),
    BigInt(of?.restarts ?? 0),
    fromText(server),
  ];
}

/** What brokers tell, or something else if they do not. */
async function orElse<T>(otherwise: T, telling: Promise<T>, clock: Clock): Promise<T> {
  const told = new AbortController();
  const waited = delay(clock, tellWithinMs, told.signal).then(
    () => otherwise,
    () => otherwise,
  );
  try {
    return await Promise.race([telling, waited]);
  } catch {
    return otherwise;
  } finally {
    told.abort();
  }
}

/** Empty if there is but one server, and if none runs the view. */
async function serverOf(view: MaterializedViewDefinition, { values, admin }: Services): Promise<string> {
  if (values.cluster === '') return '';
  return (await ownersOf(view, admin)).join(', ');
}

/** Of a view that does not run here, or not all of it, its groups tell where it stands. */
async function lagOf(view: MaterializedViewDefinition, { state, statistics }: ViewRecord, { admin, kafka }: Services): Promise<number> {
  const running = state === 'standby' || layoutOf(view) !== null ? [] : (statistics?.view?.committed ?? []);
  const groups = groupIdsOf(view).map((groupId) => admin.groupOffsets(groupId));
  const committed = running.length > 0 ? running : (await Promise.all(groups)).flat();
  let lag = 0;
  for (const topic of new Set(committed.map((position) => position.topic))) {
    const of = committed.filter((position) => position.topic === topic);
    const ends = await listOffsets(
      kafka,
      topic,
      of.map(({ partition }) => partition),
      'latest',
      'read_committed',
    );
    for (const [i, { offset }] of of.entries()) lag += Math.max(0, ends[i]! - offset);
  }
  return lag;
}
