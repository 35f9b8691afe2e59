import type { DataType } from '@millrace/data';
import { eventTimeType } from '../expression/build.ts';

/** The columns that records have beside their values, and their types. `timestamp` and `append_time` are in ms: ticks of datetime64(3). */
export const recordColumns = [
  { from: 'timestamp', name: '_tp_timestamp', type: eventTimeType },
  { from: 'offset', name: '_tp_sn', type: { kind: 'int64' } },
  { from: 'partition', name: '_tp_shard', type: { kind: 'int32' } },
  { from: 'append_time', name: '_tp_append_time', type: eventTimeType },
  { from: 'key', name: '_tp_message_key', type: { kind: 'nullable', inner: { kind: 'string' } } },
  { from: 'headers', name: '_tp_message_headers', type: { kind: 'map', key: { kind: 'string' }, value: { kind: 'string' } } },
] as const satisfies readonly { from: string; name: string; type: DataType }[];

/** Names that every stream has beside its declared columns. */
export const virtualColumns: readonly string[] = ['_tp_time', ...recordColumns.slice(1).map(({ name }) => name)];
