/** Sees a result pass: counts its rows, and knows whether a table is open. */
export class ResultObserver {
  readonly #format: string;
  #rest = '';
  #lines = 0;
  #upperBorder: string | null = null;

  constructor(format: string) {
    this.#format = format;
  }

  /** Takes the next bytes of the result. */
  see(bytes: Buffer): void {
    const lines = (this.#rest + bytes.toString('latin1')).split('\n');
    this.#rest = lines.pop()!;
    if (this.#format === 'PrettyCompact') for (const line of lines) this.#seeTableLine(Buffer.from(line, 'latin1').toString());
    else this.#lines += lines.length;
  }

  /** How many rows have passed; null for formats whose rows are no lines. */
  get rows(): number | null {
    if (this.#format === 'PrettyCompact') return this.#lines;
    if (!/^(JSON\w*EachRow|TabSeparated)/.test(this.#format)) return null;
    return Math.max(0, this.#lines - headerLines(this.#format));
  }

  /** The border that closes the table where it stands open, else an empty text. */
  get closingBorder(): string {
    if (this.#upperBorder === null) return '';
    const corners: Readonly<Record<string, string>> = { '┌': '└', '┬': '┴', '┐': '┘' };
    return [...this.#upperBorder].map((char) => corners[char] ?? '─').join('');
  }

  #seeTableLine(line: string): void {
    if (line.startsWith('│')) this.#lines++;
    else if (line.startsWith('┌')) this.#upperBorder = line;
    else if (line.startsWith('└')) this.#upperBorder = null;
  }
}

function headerLines(format: string): number {
  if (format.endsWith('WithNamesAndTypes')) return 2;
  return format.endsWith('WithNames') ? 1 : 0;
}
