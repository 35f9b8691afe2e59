import type { DeleteEvent, RowsEvent, TopicRecord, TransferContext, Value } from '@millrace/sdk';
import { valueReader } from './record-value.ts';

/** What of the attributes says how records are made. */
export interface RecordRules {
  /** Column whose value is the key; undefined = the key of the record that the row comes from. */
  readonly keyColumn: string | undefined;
  /** True: the partition's number is that of the record that the row comes from. */
  readonly keepsPartition: boolean;
  readonly headers: Headers;
}

type Headers = NonNullable<TopicRecord['headers']>;

/** Names the clusters that a record has passed, so that it is not sent in circles. */
const clustersHeader = 'millrace.clusters';

/** One record a row, in their order, with the row's event time. @throws {RangeError} if there is no such key column */
export function topicRecords(event: RowsEvent, rules: RecordRules, context: Pick<TransferContext, 'clusters'>): TopicRecord[] {
  const keyAt = keyReader(event, rules.keyColumn);
  const valueAt = valueReader(event);
  const headers = headersOf(rules, context);
  const records = new Array<TopicRecord>(event.rowCount);
  // One shape of object each: a million of them a second go through here.
  for (let row = 0; row < records.length; row++) {
    const [key, value, timestampMs] = [keyAt(row), valueAt(row), event.time(row)];
    records[row] = rules.keepsPartition
      ? { key, value, headers, timestampMs, partition: event.origin(row).partition }
      : { key, value, headers, timestampMs };
  }
  return records;
}

/** The record that deletes what has the key; undefined without a key: it would delete nothing. */
export function tombstone(event: DeleteEvent, rules: RecordRules, context: Pick<TransferContext, 'clusters'>): TopicRecord | undefined {
  if (event.key === null) return undefined;
  const partition = rules.keepsPartition && { partition: event.origin.partition };
  return { key: event.key, value: null, headers: headersOf(rules, context), timestampMs: event.time, ...partition };
}

function headersOf({ headers }: RecordRules, { clusters }: Pick<TransferContext, 'clusters'>): Headers {
  return [...headers, { key: clustersHeader, value: Buffer.from(clusters.map(encodeURIComponent).join(',')) }];
}

function keyReader(event: RowsEvent, column: string | undefined): (row: number) => Uint8Array | string | null {
  if (column === undefined) return (row) => event.key(row);
  const reader = event.column(column);
  return (row) => (reader.isNull(row) ? null : (reader.bytes(row) ?? keyText(reader.value(row))));
}

/** As the value stands in JSON, without quotes around a text. */
function keyText(value: Value): string {
  return typeof value === 'object' ? JSON.stringify(value, plainValue) : String(value);
}

function plainValue(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Map ? Object.fromEntries(value) : value;
}
