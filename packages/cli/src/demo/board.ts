import { renderTable, type TableRow } from '../output/table.ts';

/** What the demo shows besides the windows. */
export interface BoardFigures {
  readonly rowsSent: number;
  readonly rowsLate: number;
}

/**
 * Shows closed windows: on a terminal as a table of the last ones that is drawn again in place, else one line a window.
 */
export class Board {
  readonly #output: NodeJS.WriteStream;
  readonly #windows: TableRow[] = [];
  #drawnLines = 0;

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  get windows(): readonly TableRow[] {
    return this.#windows;
  }

  add(window: TableRow, figures: BoardFigures): void {
    this.#windows.push(window);
    if (this.#output.isTTY) this.#redraw(figures);
    else
      this.#output.write(`${this.#windows.length === 1 ? `${Object.keys(window).join('\t')}\n` : ''}${Object.values(window).join('\t')}\n`);
  }

  #redraw({ rowsSent, rowsLate }: BoardFigures): void {
    const shown = this.#windows.slice(-12);
    const text = `${renderTable(shown)}\n\n${this.#windows.length} windows closed · ${rowsSent} flights sent · ${rowsLate} late, dropped and counted\n`;
    const back = this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}A\u001b[0J`;
    this.#drawnLines = text.split('\n').length - 1;
    this.#output.write(back + text);
  }
}
