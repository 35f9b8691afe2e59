import { formatDataType, type Schema } from '@millrace/data';
import type { ResultStatistics } from '../ports.ts';
import type { RowFrame } from './row-result-encoder.ts';

/** The frame of JSON and JSONCompact: one document with names and types before the rows and figures behind them. */
export function jsonDocumentFrame(schema: Schema, contentType: string): RowFrame {
  const meta = schema.map(({ name, type }) => ({ name, type: formatDataType(type) }));
  return {
    contentType,
    start: `{"meta":${JSON.stringify(meta)},"data":[`,
    betweenRows: ',',
    afterRow: '',
    end: (statistics) => `],${figures(statistics)}}\n`,
    exception: (text) => `],"exception":${JSON.stringify(text)}}\n`,
  };
}

function figures({ rows, elapsedMs, rowsRead, bytesRead }: ResultStatistics): string {
  return `"rows":${rows},"statistics":{"elapsed":${elapsedMs / 1000},"rows_read":${rowsRead},"bytes_read":${bytesRead}}`;
}
