import type { Chunk, Column } from '@millrace/data';
import type { DecodeColumn, Formats, RecordDecoder } from '@millrace/formats';
import type { RecordSpans } from '@millrace/kafka-protocol';
import type { ScanNode } from '@millrace/planner';
import { type RecordColumn, recordColumn } from './record-columns.ts';

/** Rows decoded from records. Valid until the next decoding. */
export interface DecodedRows {
  readonly chunk: Chunk;
  /** The record of each row, by its position in the spans. */
  readonly records: Int32Array;
}

/** Told of each record that has no row, with its position in the spans. */
export type OnUndecodable = (record: number, reason: string) => void;

/** Turns records into the columns of a scan: values through the stream's format, the rest from the records themselves. */
export class RecordRows {
  readonly #decoder: RecordDecoder | null;
  /** For each column of the scan: its place among the decoded ones, or how it comes from the record. */
  readonly #columns: readonly (number | RecordColumn)[];
  #records = new Int32Array(1024);

  constructor(node: ScanNode, createRecordDecoder: Formats['createRecordDecoder'], timezone: string) {
    const fields: DecodeColumn[] = [];
    this.#columns = node.columns.map((column, i) =>
      column.from === 'value' ? fields.push(column) - 1 : recordColumn(column, node.schema[i]!.type),
    );
    const options = node.fields === undefined ? { timezone } : { timezone, fields: node.fields };
    const isRaw = node.columns.some(({ from }) => from === 'raw');
    this.#decoder = isRaw && fields.length === 0 ? null : createRecordDecoder(node.format, fields, options);
  }

  decode(spans: RecordSpans, partition: number, onUndecodable: OnUndecodable): DecodedRows {
    if (this.#records.length < spans.count) this.#records = new Int32Array(spans.count * 2);
    const records = this.#records;
    const rowCount = this.#decoder === null ? this.#takeAll(spans, onUndecodable) : this.#decodeValues(this.#decoder, spans, onUndecodable);
    const decoded = this.#decoder?.finish() ?? [];
    const columns = this.#columns.map(
      (source): Column => (typeof source === 'number' ? decoded[source]! : source(spans, partition, records, rowCount)),
    );
    return { chunk: { rowCount, columns }, records };
  }

  #decodeValues(decoder: RecordDecoder, spans: RecordSpans, onUndecodable: OnUndecodable): number {
    const { valueStarts, valueEnds, count } = spans;
    const records = this.#records;
    decoder.begin(spans.bytes);
    let rowCount = 0;
    for (let record = 0; record < count; record++) {
      const start = valueStarts[record]!;
      if (start < 0) onUndecodable(record, 'the record has no value (a tombstone)');
      else if (decoder.append(start, valueEnds[record]!)) records[rowCount++] = record;
      else onUndecodable(record, failureText(decoder));
    }
    return rowCount;
  }

  #takeAll(spans: RecordSpans, onUndecodable: OnUndecodable): number {
    let rowCount = 0;
    for (let record = 0; record < spans.count; record++) {
      if (spans.valueStarts[record]! < 0) onUndecodable(record, 'the record has no value (a tombstone)');
      else this.#records[rowCount++] = record;
    }
    return rowCount;
  }
}

function failureText({ failure: { message, column } }: RecordDecoder): string {
  return column === null ? message : `column "${column}": ${message}`;
}
