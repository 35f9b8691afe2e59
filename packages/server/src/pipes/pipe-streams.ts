import type { Catalog, StreamDefinition } from '@millrace/catalog';
import { formatDataType } from '@millrace/data';
import type { StreamDescription } from '@millrace/sdk';

/** The streams that pipes may read: all, those of materialized views too, except what lies in topics of the system. */
export function pipeStreams(catalog: Pick<Catalog, 'streams' | 'materializedViews'>): StreamDefinition[] {
  const own = catalog.materializedViews().flatMap(({ stream }) => stream ?? []);
  return [...catalog.streams(), ...own].filter(({ topic }) => !topic.startsWith('millrace.') && !topic.startsWith('__'));
}

/** What plugins see of them. */
export function streamDescriptions(streams: readonly StreamDefinition[]): StreamDescription[] {
  return streams.map(({ name, columns, eventTimeColumn }) => ({
    name,
    columns: columns.map((column) => ({ name: column.name, type: formatDataType(column.type) })),
    eventTimeColumn,
  }));
}
