import Table from 'cli-table3';

/** One row of a table: values by column name. */
export type TableRow = Readonly<Record<string, unknown>>;

/** Rows as a table that fits the terminal (where there is one); numbers stand right, missing values are empty. */
export function renderTable(
  rows: readonly TableRow[],
  columns: readonly string[] = Object.keys(rows[0] ?? {}),
  width = terminalWidth(),
): string {
  if (rows.length === 0) return `(no ${columns.length === 1 ? columns[0] : 'rows'})`;
  const texts = rows.map((row) => columns.map((column) => cellText(row[column])));
  const widths = fitWidths(
    columns.map((column, index) => Math.max(column.length, ...texts.map((row) => longestLine(row[index]!)))),
    width,
  );
  const table = new Table({
    head: [...columns],
    colAligns: columns.map((column) => (rows.every((row) => isNumeric(row[column])) ? 'right' : 'left')),
    colWidths: widths.map((columnWidth) => columnWidth + 2),
    wordWrap: true,
    wrapOnWordBoundary: false,
    style: { head: [], border: [], compact: true },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: ' ',
    },
  });
  table.push(...texts);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function terminalWidth(): number {
  return process.stdout.columns ?? Number.POSITIVE_INFINITY;
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function longestLine(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}

function isNumeric(value: unknown): boolean {
  return value === null || value === undefined || typeof value === 'number' || /^-?\d+(\.\d+)?$/.test(String(value));
}

/** Takes from the widest columns until the sum fits; no column gets narrower than 8. */
function fitWidths(widths: number[], total: number): number[] {
  const fitted = [...widths];
  const gaps = widths.length * 3;
  while (fitted.reduce((sum, width) => sum + width, gaps) > total) {
    const widest = fitted.indexOf(Math.max(...fitted));
    if (fitted[widest]! <= 8) return fitted;
    fitted[widest]!--;
  }
  return fitted;
}
