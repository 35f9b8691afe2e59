import type { MaterializedViewDefinition } from '@millrace/catalog';
import { fromText, parseDataType, type Value } from '@millrace/data';
import { listOffsets } from '@millrace/kafka-client';
import { viewNames } from '../views/view-names.ts';
import type { ViewRecord } from '../views/view-registry.ts';
import { type Answer, fixedRows } from './answer.ts';
import type { Services } from './services.ts';

const columns = {
  name: 'string',
  state: 'string',
  lag: 'nullable(uint64)',
  rate: 'float64',
  last_commit: "nullable(datetime64(3, 'UTC'))",
  error: 'string',
  dead_letters: 'uint64',
  restarts: 'uint64',
} as const;

/**
 * SHOW MATERIALIZED VIEWS. `lag`: records of the sources that are not committed yet, NULL if no broker tells; `rate`: records a second,
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
  const lag = await lagOf(view, record, services);
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
  ];
}

/** Of a view that does not run the group tells where it stands. */
async function lagOf(view: MaterializedViewDefinition, { statistics }: ViewRecord, { admin, kafka }: Services): Promise<number | null> {
  const running = statistics?.view?.committed ?? [];
  try {
    const committed = running.length > 0 ? running : await admin.groupOffsets(viewNames(view.name, view.id).groupId);
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
  } catch {
    return null;
  }
}
