import { MillraceError, nearest } from '@millrace/core';
import { formatDataType } from '@millrace/data';
import type { Describe, ShowCreate } from '@millrace/sql';
import { type Answer, textRows } from './answer.ts';
import { createMaterializedViewText, createStreamText, createViewText } from './create-text.ts';
import type { Services } from './services.ts';

/** DESCRIBE: the declared columns of a stream or view. */
export function describeColumns({ name }: Describe, { catalog }: Services): Answer {
  const found = catalog.materializedView(name.name) ?? catalog.stream(name.name) ?? catalog.view(name.name);
  if (found === undefined) throw unknownName(name.name, catalog.names());
  const rows = found.columns.map((column) => [column.name, formatDataType(column.type), column.default ?? '', column.comment ?? '']);
  return textRows(['name', 'type', 'default', 'comment'], rows);
}

/** SHOW CREATE [STREAM | VIEW]. */
export function showCreate({ object, name }: ShowCreate, { catalog }: Services): Answer {
  const materialized = object === 'stream' ? undefined : catalog.materializedView(name.name);
  if (materialized !== undefined) return textRows(['statement'], [[createMaterializedViewText(materialized)]]);
  const stream = object === 'view' || catalog.kindOf(name.name) !== 'stream' ? undefined : catalog.stream(name.name);
  if (stream !== undefined) return textRows(['statement'], [[createStreamText(stream)]]);
  const view = object === 'stream' ? undefined : catalog.view(name.name);
  if (view !== undefined) return textRows(['statement'], [[createViewText(view)]]);
  throw unknownName(name.name, catalog.names(), object ?? 'stream or view');
}

/** PLAN_STREAM_UNKNOWN with the nearest name. */
export function unknownName(name: string, names: Iterable<string>, what = 'stream or view'): MillraceError {
  const near = nearest(name, names);
  return new MillraceError('PLAN_STREAM_UNKNOWN', `unknown ${what} ${name}`, {
    hint: near === undefined ? 'SHOW STREAMS and SHOW VIEWS list all' : `did you mean ${near}?`,
    details: { name },
  });
}
