import type { ColumnReader, RowsEvent } from '@millrace/sdk';

declare global {
  interface JSON {
    /** What `JSON.stringify` writes as it stands. */
    rawJSON(text: string): unknown;
  }
}

/**
 * The JSON of rows as streams hold it: `nan` and `inf`, for which JSON has no numbers, are texts. As NULL, which they are in JSON for everybody else,
 * they would be read again as zero.
 */
export function valueReader(event: RowsEvent): (row: number) => string {
  const floats = event.columns.filter(({ type }) => /^(nullable\()?float/i.test(type)).map(({ name }) => event.column(name));
  if (floats.length === 0) return (row) => event.json(row);
  return (row) => {
    const odd = floats.filter((column) => !isOrdinary(column, row));
    return odd.length === 0 ? event.json(row) : withTexts(event.json(row), odd, row);
  };
}

function isOrdinary(column: ColumnReader, row: number): boolean {
  const value = column.lane === undefined ? column.value(row) : column.lane[row];
  return Number.isFinite(value) || column.isNull(row);
}

function withTexts(json: string, columns: readonly ColumnReader[], row: number): string {
  const cells = JSON.parse(json, keepDigits) as Record<string, unknown>;
  for (const column of columns) cells[column.name] = String(column.value(row)).replace('NaN', 'nan').replace('Infinity', 'inf');
  return JSON.stringify(cells);
}

function keepDigits(_key: string, value: unknown, context?: { readonly source: string }): unknown {
  return typeof value === 'number' && context !== undefined ? JSON.rawJSON(context.source) : value;
}
