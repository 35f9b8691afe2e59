import type { StreamDefinition } from '@millrace/catalog';
import { parseDataType } from '@millrace/data';

/** A stream with these columns, whose topic has its name. */
export function streamDefinition(
  name: string,
  columns: Readonly<Record<string, string>>,
  more: Partial<StreamDefinition> = {},
): StreamDefinition {
  return {
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type: parseDataType(type), default: null, comment: null })),
    primaryKey: [],
    settings: {},
    eventTimeColumn: null,
    topic: name,
    createdTopic: true,
    topicId: null,
    partitions: 1,
    dataFormat: 'JSONEachRow',
    comment: null,
    createdAtMs: 0,
    ...more,
  };
}
