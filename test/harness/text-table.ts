/** Rows of figures as a table in plain text; numbers stand right. */
export function renderTable(rows: readonly object[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cell = (row: object, column: string) => String((row as Record<string, unknown>)[column] ?? '');
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => cell(row, column).length)));
  const line = (cells: readonly string[], numeric: readonly boolean[]) =>
    cells
      .map((text, index) => (numeric[index] ? text.padStart(widths[index]!) : text.padEnd(widths[index]!)))
      .join('  ')
      .trimEnd();
  const numeric = columns.map((column) => rows.every((row) => !Number.isNaN(Number(cell(row, column)))));
  return [
    line(columns, numeric),
    line(
      widths.map((width) => '-'.repeat(width)),
      numeric,
    ),
    ...rows.map((row) =>
      line(
        columns.map((column) => cell(row, column)),
        numeric,
      ),
    ),
  ].join('\n');
}
