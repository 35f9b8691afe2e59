/**
 * What a terminal shows after this output, scrolled-off lines included: enough of the control sequences for a line editor and for
 * tables that are drawn again in place. Colours are dropped.
 */
export function screenOf(output: string): string {
  const screen = new Screen();
  const [first = '', ...sequences] = output.split(escapeSequence);
  for (const char of first) screen.write(char);
  for (const sequence of sequences) {
    const [control, count, kind] = sequence.match(/^\[\??(\d*)[0-9;]*([A-Za-z])/) ?? ['', '', ''];
    screen.control(kind!, count === '' ? Number.NaN : Number(count));
    for (const char of sequence.slice(control.length)) screen.write(char);
  }
  return screen.text;
}

const escapeSequence = '\u001b';

class Screen {
  readonly #lines: string[][] = [[]];
  #row = 0;
  #column = 0;

  get text(): string {
    return this.#lines
      .map((line) =>
        Array.from(line, (char) => char ?? ' ')
          .join('')
          .trimEnd(),
      )
      .join('\n');
  }

  write(char: string): void {
    if (char === '\r') this.#column = 0;
    else if (char === '\n') this.#moveTo(this.#row + 1);
    else if (char === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (char >= ' ') this.#line[this.#column++] = char;
  }

  control(kind: string, given: number): void {
    const count = Number.isNaN(given) ? 1 : given;
    switch (kind) {
      case 'A':
        this.#moveTo(Math.max(0, this.#row - count));
        break;
      case 'B':
        this.#moveTo(this.#row + count);
        break;
      case 'C':
        this.#column += count;
        break;
      case 'D':
        this.#column = Math.max(0, this.#column - count);
        break;
      case 'G':
        this.#column = count - 1;
        break;
      case 'J':
        this.#lines.length = this.#row + 1;
        this.#line.length = Math.min(this.#line.length, this.#column);
        break;
      case 'K':
        this.#line.length = Math.min(this.#line.length, this.#column);
        break;
    }
  }

  get #line(): string[] {
    return this.#lines[this.#row]!;
  }

  #moveTo(row: number): void {
    this.#row = row;
    while (this.#lines.length <= row) this.#lines.push([]);
  }
}
