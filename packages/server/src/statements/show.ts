import { fromText, parseDataType, type Value } from '@millrace/data';
import { formatInfo, formatNames } from '@millrace/formats';
import { aggregateFunctions, scalarFunctions } from '@millrace/functions';
import { querySettings } from '@millrace/planner';
import type { Show } from '@millrace/sql';
import type { QueryRecord } from '../queries/query-registry.ts';
import { type Answer, fixedRows, textRows } from './answer.ts';
import { likeFilter } from './like-filter.ts';
import type { Services } from './services.ts';
import { showMaterializedViews } from './show-materialized-views.ts';

/** SHOW STREAMS, VIEWS, QUERIES, FUNCTIONS, SETTINGS, FORMATS, each with LIKE over its names. */
export async function show({ what, like }: Show, services: Services): Promise<Answer> {
  const matches = likeFilter(like);
  switch (what) {
    case 'streams':
      return textRows(['name'], named(services.catalog.streams(), matches));
    case 'views':
      return textRows(['name'], named(services.catalog.views(), matches));
    case 'materialized_views':
      return showMaterializedViews(services, matches);
    case 'queries':
      return showQueries(services, matches);
    case 'functions':
      return showFunctions(matches);
    case 'settings':
      return textRows(
        ['name', 'type', 'default', 'help'],
        querySettings.filter(({ name }) => matches(name)).map(({ name, type, default: fallback, help }) => [name, type, fallback, help]),
      );
    case 'formats':
      return showFormats(matches);
  }
}

function named(objects: readonly { readonly name: string }[], matches: (name: string) => boolean): string[][] {
  return objects.filter(({ name }) => matches(name)).map(({ name }) => [name]);
}

const queryColumns = {
  query_id: 'string',
  query: 'string',
  user: 'string',
  state: 'string',
  started: "datetime64(3, 'UTC')",
  rows_in: 'uint64',
  rows_out: 'uint64',
  rows_late: 'uint64',
  rows_undecodable: 'uint64',
  last_error: 'string',
} as const;

async function showQueries({ queries }: Services, matches: (name: string) => boolean): Promise<Answer> {
  const schema = Object.entries(queryColumns).map(([name, type]) => ({ name, type: parseDataType(type) }));
  const records = (await queries.records()).filter(({ queryId }) => matches(queryId));
  const rows = records.map(({ statistics, ...query }): Value[] => [
    fromText(query.queryId),
    fromText(query.sql),
    fromText(query.user),
    statistics.state,
    query.startedAtMs,
    BigInt(statistics.rowsIn),
    BigInt(statistics.rowsOut),
    BigInt(statistics.rowsLate),
    BigInt(statistics.rowsUndecodable),
    fromText(lastError(statistics)),
  ]);
  return fixedRows(schema, rows);
}

/** The newest of the records that could not be decoded, with why. */
function lastError({ samples }: QueryRecord['statistics']): string {
  const sample = samples.undecodable.at(-1);
  return sample === undefined ? '' : `${sample.topic}/${sample.partition} offset ${sample.offset}: ${sample.reason}`;
}

function showFunctions(matches: (name: string) => boolean): Answer {
  const all = [...scalarFunctions(), ...aggregateFunctions()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = all
    .filter(({ name }) => matches(name))
    .map(({ name, kind, signature, help, examples }) => [
      name,
      kind,
      signature,
      help,
      examples.map((example) => String(example[0])).join('; '),
    ]);
  return textRows(['name', 'kind', 'signature', 'help', 'examples'], rows);
}

function showFormats(matches: (name: string) => boolean): Answer {
  const schema = [
    { name: 'name', type: parseDataType('string') },
    { name: 'input', type: parseDataType('bool') },
    { name: 'output', type: parseDataType('bool') },
    { name: 'whole_result', type: parseDataType('bool') },
  ];
  const infos = formatNames.filter(matches).map(formatInfo);
  return fixedRows(
    schema,
    infos.map(({ name, input, output, needsWholeResult }) => [name, input, output, needsWholeResult]),
  );
}
