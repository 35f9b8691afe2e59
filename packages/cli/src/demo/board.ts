import { styleText } from 'node:util';
import { renderTable, type TableRow } from '../output/table.ts';

/** What the demo shows besides the windows. */
export interface BoardFigures {
  readonly rowsSent: number;
  readonly rowsLate: number;
  /** Event time that the replay has come to. */
  readonly eventTime: string;
}

/** Lines that the board needs besides the windows it shows. */
const frameLines = 12;
const longestBar = 20;
/** A bar shorter than this says nothing. */
const shortestBar = 4;
/** What a further column takes beside its text, and the edge of the table. */
const barMargin = 5;

/**
 * Shows closed windows: on a terminal as a table of the last ones that is drawn again in place, with a bar for one of the columns
 * as long as the terminal is wide enough; else one line a window.
 */
export class Board {
  readonly #output: NodeJS.WriteStream;
  readonly #barColumn: string;
  readonly #windows: TableRow[] = [];
  #drawnLines = 0;

  /** @param barColumn the column that gets a bar */
  constructor(output: NodeJS.WriteStream, barColumn: string) {
    this.#output = output;
    this.#barColumn = barColumn;
  }

  get windows(): readonly TableRow[] {
    return this.#windows;
  }

  /** A window has closed. */
  add(window: TableRow): void {
    this.#windows.push(window);
    if (this.#output.isTTY) return;
    const header = this.#windows.length === 1 ? `${Object.keys(window).join('\t')}\n` : '';
    this.#output.write(`${header}${Object.values(window).join('\t')}\n`);
  }

  /** Draws the table anew; nothing where the output is no terminal. */
  draw({ rowsSent, rowsLate, eventTime }: BoardFigures): void {
    if (!this.#output.isTTY) return;
    const room = Math.max(3, Math.min(14, (this.#output.rows ?? 24) - frameLines));
    const figures = `${eventTime.slice(0, 16)}   ${rowsSent} flights sent   ${this.#windows.length} ${this.#windows.length === 1 ? 'day' : 'days'} closed   ${rowsLate} late`;
    const table = this.#windows.length === 0 ? '' : renderTable(this.#withBars(room));
    const text = `${table}\n\n${styleText('bold', figures, { stream: this.#output })}\n`;
    const back = this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}A\u001b[0J`;
    this.#drawnLines = text.split('\n').length - 1;
    this.#output.write(back + text);
  }

  #withBars(room: number): readonly TableRow[] {
    const windows = this.#windows.slice(-room);
    const barLength = Math.min(longestBar, (this.#output.columns ?? 80) - tableWidth(windows) - barMargin);
    if (barLength < shortestBar) return windows;
    const column = this.#barColumn;
    const most = Math.max(1, ...this.#windows.map((window) => Number(window[column])));
    return windows.map((window) => {
      const length = Math.max(0, Math.round((Number(window[column]) / most) * barLength));
      return { ...window, ' ': '▇'.repeat(length).padEnd(barLength) };
    });
  }
}

/** Columns of the terminal that the rows take where nothing is wrapped. */
function tableWidth(rows: readonly TableRow[]): number {
  const lines = renderTable(rows, undefined, Number.POSITIVE_INFINITY).split('\n');
  return Math.max(...lines.map((line) => line.length));
}
